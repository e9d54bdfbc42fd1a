"""The methods against the table of Figure 1."""

import pytest

from xdc_tf.deep_clustering import methods
from xdc_tf.deep_clustering.methods import ClusteringSpec


def test_sdc_every_encoder_teaches_itself():
  assert methods.sdc(64, 128) == [
    ClusteringSpec('video', ('video',), ('video',), 64),
    ClusteringSpec('audio', ('audio',), ('audio',), 128),
  ]


def test_mdc_every_clustering_teaches_both():
  assert methods.mdc(64, 128) == [
    ClusteringSpec('video', ('video',), ('video', 'audio'), 64),
    ClusteringSpec('audio', ('audio',), ('video', 'audio'), 128),
  ]


def test_cdc_has_one_joint_clustering():
  assert methods.cdc(32) == [ClusteringSpec('joint', ('video', 'audio'), ('video', 'audio'), 32)]


def test_xdc_each_modality_is_taught_by_the_other_only():
  assert methods.xdc(64, 128) == [
    ClusteringSpec('video', ('video',), ('audio',), 64),
    ClusteringSpec('audio', ('audio',), ('video',), 128),
  ]


def test_same_modality_xdc_crosses_two_encoders():
  assert methods.same_modality_xdc(('audio_a', 'audio_b'), 16) == [
    ClusteringSpec('audio_a', ('audio_a',), ('audio_b',), 16),
    ClusteringSpec('audio_b', ('audio_b',), ('audio_a',), 16),
  ]


@pytest.mark.parametrize(
  ('encoders', 'message'),
  [(['video'], "names the encoders \\['audio'\\]"), (['video', 'audio', 'text'], "teaches the encoders \\['text'\\]")],
)
def test_methods_and_encoders_that_do_not_fit_are_errors(encoders, message):
  with pytest.raises(ValueError, match=message):
    methods.check(methods.xdc(4, 4), encoders)


def test_two_clusterings_of_one_name_are_an_error():
  with pytest.raises(ValueError, match='a name of its own'):
    methods.check(methods.xdc(4, 4) + methods.sdc(4, 4), ['video', 'audio'])
