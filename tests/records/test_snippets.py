"""Dense snippets against frames and sounds cut by hand."""

import functools

import numpy as np
import pytest
import records_factory
import tensorflow as tf

from xdc_tf.records import schema, snippets
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.records.snippets import Snippets


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  # Rows 3 to 5 of the second shard; every video starts at 0, 2 or 4 s, as video_id and start_seconds say.
  return records_factory.write_records(
    tmp_path_factory.mktemp('records'), {'train': 6}, 3, frames_per_span=23, seconds=23 / 30
  )


def example(records, shard, number):
  serialized = list(tf.data.TFRecordDataset(records.shard_paths('train')[shard]))[number]
  return schema.parse(serialized)


@pytest.mark.parametrize(
  'num_frames,starts', [(3, [0]), (8, [0]), (12, [0]), (13, [0, 5]), (23, [0, 5, 10, 15]), (24, [0, 5, 10, 15])]
)
def test_starts(num_frames, starts):
  assert Snippets(8, 5).starts(tf.constant(num_frames)).numpy().tolist() == starts


def read(records, inputs, spec, wanted=(3, 4, 5), stored=True):
  mask = np.isin(np.arange(6), wanted)
  return list(spec.dataset(records, 'train', 1, spec.inputs(inputs), 3, mask, stored))


def test_frames_of_every_snippet(records):
  spec = Snippets(8, 5)
  pieces = read(records, VideoInput(crop_size=16), spec, wanted=(3, 5))
  # Four snippets of a video in pieces of three.
  assert [(int(piece['index']), len(piece['input'])) for piece in pieces] == [(3, 3), (3, 1), (5, 3), (5, 1)]
  frames = example(records, 1, 2)['frames'].numpy()
  found = np.concatenate([piece['input'].numpy() for piece in pieces[2:]])
  assert found.tolist() == [frames[start : start + 8].tolist() for start in (0, 5, 10, 15)]
  seconds = np.concatenate([piece['seconds'].numpy() for piece in pieces[2:]])
  np.testing.assert_allclose(seconds, 4 + (np.array([0, 5, 10, 15]) + 4) / 30, rtol=1e-12)


def test_views_are_those_of_evaluation(records):
  inputs = VideoInput(num_frames=8, crop_size=16)
  # At a stride of 15 the snippets are the first and the last of two uniform clips.
  (piece,) = read(records, inputs, Snippets(8, 15), wanted=(4,), stored=False)
  expected = inputs.views(example(records, 1, 1), records, 2)
  np.testing.assert_array_equal(piece['input'], expected)
  sounds = AudioInput(num_frames=10, clip_length=8)
  (piece,) = read(records, sounds, Snippets(8, 15), wanted=(4,), stored=False)
  np.testing.assert_array_equal(piece['input'], sounds.views(example(records, 1, 1), records, 2))


def test_a_short_video_is_one_snippet_that_loops(records):
  (piece,) = read(records, VideoInput(crop_size=16), Snippets(30, 5), wanted=(3,))
  frames = example(records, 1, 0)['frames'].numpy().tolist()
  assert piece['input'].numpy().tolist() == [frames + frames[:7]]
  np.testing.assert_allclose(piece['seconds'], [23 / 60])


def test_files(records, tmp_path):
  folder = str(tmp_path / 'out')
  missing = functools.partial(snippets.missing, records=records, split='train', shard=1)
  assert missing(snippets.present_files(folder)).tolist() == [False] * 3 + [True] * 3
  snippets.save(folder, 'train', 4, np.array([0.5, 1.0]), np.eye(2))
  assert snippets.path(folder, 'train', 4).endswith('out/train-0000004.npz')
  seconds, features = snippets.load(folder, 'train', 4)
  assert (seconds.tolist(), features.tolist(), features.dtype) == ([0.5, 1.0], [[1, 0], [0, 1]], np.float32)
  assert missing(snippets.present_files(folder)).tolist() == [False] * 3 + [True, False, True]
  with pytest.raises(ValueError, match='train-0000005.npz: features that are not finite'):
    snippets.save(folder, 'train', 5, np.array([0.5]), np.array([[np.inf]]))


def test_what_a_command_asks_for():
  assert Snippets.from_options(None, None) is None
  assert Snippets.from_options(None, 2) == Snippets(16, 2)
  assert Snippets.from_options(8, None) == Snippets(8, 5)
  with pytest.raises(ValueError, match='at least 1 frame'):
    Snippets.from_options(0, None)
