"""The methods against the table of Figure 1."""

import pytest
from tiny_encoders import TinyAudio, TinyVideo

from xdc_tf.clustering.kmeans import KMeansOptions
from xdc_tf.deep_clustering import methods
from xdc_tf.deep_clustering.methods import ClusteringSpec
from xdc_tf.deep_clustering.outer_loop import Pretraining
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule


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


def test_a_single_cluster_teaches_nothing():
  with pytest.raises(ValueError, match="'video' has num_clusters = 1: nothing is learned from fewer than 2"):
    methods.check(methods.xdc(1, 4), ['video', 'audio'])


def test_features_that_are_joined_are_always_divided_by_their_length():
  """The setting was taken, written down and had no effect."""
  settings = {
    'encoders': {'video': TinyVideo, 'audio': TinyAudio}, 'video_input': VideoInput(), 'audio_input': AudioInput(),
    'schedule': Schedule(epoch_size=8), 'training': TrainingOptions(), 'kmeans': KMeansOptions(l2_normalize=False),
  }  # fmt: skip
  assert not Pretraining(clusterings=methods.xdc(4, 4), **settings).kmeans.l2_normalize
  with pytest.raises(ValueError, match="l2_normalize = False has no effect on the clustering 'joint'"):
    Pretraining(clusterings=methods.cdc(4), **settings)


def test_two_clusterings_of_one_name_are_an_error():
  with pytest.raises(ValueError, match='a name of its own'):
    methods.check(methods.xdc(4, 4) + methods.sdc(4, 4), ['video', 'audio'])
