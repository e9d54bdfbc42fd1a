"""A film that is read span by span gives what each span gives alone, and is decoded once."""

import time

import media_factory
import numpy as np
import pytest
from media_cases import frame_numbers

from xdc_tf.media import media, span_reading, video_track
from xdc_tf.media.media import ReadOptions, read_span

pytestmark = pytest.mark.stack


@pytest.mark.slow
def test_the_end_of_a_long_film_costs_as_little_as_its_start(tmp_path):
  path = media_factory.write_video(tmp_path / 'a.mp4', seconds=60, frame_rate=12, gop=24)

  def cost(*span):
    begin = time.process_time()
    read_span(path, *span, options=ReadOptions(short_side=32))
    return time.process_time() - begin

  cost(0.0, 1.0)
  first, last = (min(cost(start, start + 1.0) for _ in range(3)) for start in (0.5, 58.5))
  whole = cost(0.0)
  assert last < 3 * first + 0.1
  assert last < whole / 4


def test_frames_before_the_span_that_nobody_sees_are_left_out(tmp_path, monkeypatch):
  times = [0, 0.4, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 1.6, 1.7]
  path = media_factory.write_video(tmp_path / 'a.mp4', frame_times=times, gop=1000, b_frames=3, audio_rate=None)
  decoded, add = [], video_track.VideoTrack.add

  def counted_add(track, frame, time, duration):
    decoded.append(round(float(time), 3))
    add(track, frame, time, duration)

  monkeypatch.setattr(video_track.VideoTrack, 'add', counted_add)
  span = read_span(path, 1.2, 1.7, ReadOptions(want_audio=False))
  assert frame_numbers(span) == [8] * 9 + [9] * 3 + [10] * 3  # The frame of 1.0 s is still shown when the span begins.
  before = [time for time in decoded if time < 1.0]
  assert decoded[-3:] == [1.5, 1.6, 1.7]
  assert 1.0 in decoded
  assert 1 <= len(before) < 6  # Of eight; of four frames in a row the three B-frames at most can go.


def _packets_decoded(monkeypatch):
  counted, decode = [], span_reading.StreamReading._decode
  monkeypatch.setattr(
    span_reading.StreamReading, '_decode', lambda self, *rest: (counted.append(self._kind), decode(self, *rest))[1]
  )
  return counted


@pytest.mark.slow
@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.ts', 'a.flv'])
@pytest.mark.parametrize(
  'options', [{'gop': 9999}, {'gop': 30}, {'frame_times': np.cumsum([0.02, 0.05, 0.13] * 50) - 0.02}]
)
def test_a_reader_gives_what_single_spans_give(tmp_path, name, options):
  path = media_factory.write_video(tmp_path / name, 10, **options)
  reader = media.MediaReader()
  # Neighbours, a gap, back again, overlapping.
  for start, end in [(0.0, 2.0), (2.0, 4.0), (4.0, 4.5), (6.0, 8.0), (1.0, 2.0), (1.5, 3.0), (3.0, 5.0), (8.0, 9.5)]:
    found, expected = reader.read_span(path, start, end), read_span(path, start, end)
    assert found.frames == expected.frames
    np.testing.assert_array_equal(found.waveform, expected.waveform)
  reader.close()


@pytest.mark.slow
@pytest.mark.parametrize('independent', [False, True])
def test_a_film_with_one_keyframe_is_decoded_once(tmp_path, monkeypatch, independent):
  """Every span sought anew would decode from the only keyframe on: a number of frames that grows with the square."""
  path = media_factory.write_video(tmp_path / 'a.mp4', 20, gop=9999, audio_rate=None)
  counted, reader = _packets_decoded(monkeypatch), media.MediaReader()
  for start in range(0, 20, 2):
    span = reader.read_span(path, start, start + 2, ReadOptions(want_audio=False), independent)
    assert frame_numbers(span) == list(range(30 * start, 30 * start + 60))
  reader.close()
  assert 600 <= len(counted) <= 620


def test_a_film_with_many_keyframes_is_sought_where_that_is_shorter(tmp_path, monkeypatch):
  path = media_factory.write_video(tmp_path / 'a.mp4', 20, gop=15, audio_rate=None)
  counted, reader = _packets_decoded(monkeypatch), media.MediaReader()
  for start in (0, 9, 18):
    assert frame_numbers(reader.read_span(path, start, start + 1, ReadOptions(want_audio=False)))[0] == 30 * start
  assert len(counted) < 200
  reader.close()


@pytest.mark.slow
def test_there_is_word_from_the_way_to_a_far_span(tmp_path):
  path, calls = media_factory.write_video(tmp_path / 'a.mp4', 40, gop=9999, audio_rate=None), []
  reader = media.MediaReader(on_the_way=lambda: calls.append(None))
  assert frame_numbers(reader.read_span(path, 38.0, 39.0, ReadOptions(want_audio=False)))[0] == 1140
  assert len(calls) >= 1140 // span_reading.PACKETS_ON_THE_WAY - 1
  reader.close()
