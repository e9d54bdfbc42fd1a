import fractions
import math

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.records import clip_sampling


def starts(num_frames, clip_length, draws, seed=0):
  draw = tf.function(lambda i: clip_sampling.random_start(num_frames, clip_length, tf.stack([seed, i])))
  return np.array([int(draw(i)) for i in tf.range(draws)])


@pytest.mark.parametrize(
  ('num_frames', 'clip_length', 'num_clips', 'expected'),
  [
    (60, 8, 10, [0, 5, 11, 17, 23, 28, 34, 40, 46, 52]),  # floor(i * 52 / 9)
    (60, 8, 1, [26]),
    (60, 8, 2, [0, 52]),
    (61, 8, 1, [26]),
    (8, 8, 3, [0, 0, 0]),
    (5, 8, 4, [0, 0, 0, 0]),
  ],
)
def test_uniform_starts(num_frames, clip_length, num_clips, expected):
  assert clip_sampling.uniform_starts(tf.constant(num_frames), clip_length, num_clips).numpy().tolist() == expected


def test_random_start_reaches_every_place_about_equally_often():
  counts = np.bincount(starts(12, 8, draws=1000), minlength=5)
  assert len(counts) == 5  # 0 .. 4 and no other
  # 200 expected, standard deviation 12.6: five deviations either way.
  assert counts.min() > 136 and counts.max() < 264


def test_random_start_depends_on_the_seed_alone():
  first = starts(60, 8, draws=20)
  np.testing.assert_array_equal(first, starts(60, 8, draws=20))
  assert (first != starts(60, 8, draws=20, seed=1)).sum() > 10


def test_a_span_no_longer_than_the_clip_starts_at_its_beginning():
  assert set(starts(8, 8, draws=5)) == set(starts(3, 8, draws=5)) == {0}


def test_frame_numbers_of_a_short_span_loop():
  assert clip_sampling.frame_numbers(tf.constant(0), 8, 3).numpy().tolist() == [0, 1, 2, 0, 1, 2, 0, 1]


def test_frame_numbers_of_several_clips():
  assert clip_sampling.frame_numbers(tf.constant([0, 4]), 3, 7).numpy().tolist() == [[0, 1, 2], [4, 5, 6]]


@pytest.mark.parametrize(
  ('clip_start', 'num_stored', 'num_audio_frames', 'expected'),
  [
    (26, 100, 100, 0),  # A span of 2 s has only one window of 2 s.
    (146, 500, 100, 200),  # Centre of frames 146 .. 153 is 5 s = audio frame 250.
    (0, 500, 100, 0),
    (292, 500, 100, 400),
    (26, 70, 100, 0),
    (26, 100, 20, 40),  # Centre 1 s = audio frame 50.
  ],
)
def test_audio_window_lies_around_the_clip(clip_start, num_stored, num_audio_frames, expected):
  start = clip_sampling.audio_window_start(
    tf.constant(clip_start), 8, 30.0, tf.constant(num_stored), num_audio_frames, 50.0
  )
  assert int(start) == expected


@pytest.mark.parametrize(('clip_length', 'num_stored'), [(8, 500), (60, 1500)])
def test_audio_windows_start_where_fractions_say(clip_length, num_stored):
  """30 s at 30 frames a second; every tenth product is a whole number, which floats may miss by a hair."""
  starts = np.arange(num_stored * 30 // 50 - clip_length + 1)
  found = clip_sampling.audio_window_start(
    tf.constant(starts, tf.int32), clip_length, 30.0, tf.constant(num_stored), 100, 50.0
  )
  exact = [math.floor((fractions.Fraction(int(s)) + fractions.Fraction(clip_length, 2)) * 50 / 30 - 50) for s in starts]
  np.testing.assert_array_equal(found, np.clip(exact, 0, num_stored - 100))
