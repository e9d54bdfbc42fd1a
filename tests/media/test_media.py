"""Spans of a film: which frames and which sound, whatever the container and the clock."""

import gc
import os
import subprocess
import sys
from fractions import Fraction

import av
import media_factory
import numpy as np
import pytest
from media_cases import delay, frame_numbers, reason_of

from xdc_tf.media import media
from xdc_tf.media.media import MediaError, ReadOptions, read_span

pytestmark = pytest.mark.stack


def test_a_span_inside_the_film(film):
  span = read_span(film, 2.0, 4.0)
  assert frame_numbers(span) == list(range(60, 120))
  assert span.waveform.shape == (32_000,)
  assert span.waveform.dtype == np.float32
  assert (span.start_seconds, span.end_seconds) == (2.0, 4.0)
  # Priming samples of AAC would delay the sound by 23 ms.
  assert abs(delay(span.waveform)) < 1e-5
  assert np.abs(span.waveform).max() == pytest.approx(0.5, abs=0.05)


def test_no_picture_waits_for_the_garbage_collector(film):
  """It has other things to do than to count bytes: the report of the demo held all pictures of all clips, 17 GB."""
  gc.collect()
  gc.disable()
  try:
    read_span(film, 1.0, 3.0)
    left = [thing for thing in gc.get_objects() if isinstance(thing, av.VideoFrame | av.AudioFrame | av.Packet)]
  finally:
    gc.enable()
  assert not left


@pytest.mark.slow
@pytest.mark.parametrize(
  ('name', 'settings'),
  [
    ('a.mp4', {}),
    ('a.mkv', {'audio_codec': 'flac', 'layout': 'mono', 'audio_rate': 16_000}),
    ('a.ts', {'audio_rate': 48_000}),
    ('a.webm', {'video_codec': 'libvpx', 'audio_codec': 'libopus', 'audio_rate': 48_000, 'b_frames': 0}),
    ('a.avi', {'video_codec': 'mpeg4', 'audio_codec': 'pcm_s16le', 'audio_rate': 22_050, 'b_frames': 0}),
    ('a24.mp4', {'frame_rate': 24}),
    ('long_gop.mp4', {'gop': 1000, 'b_frames': 3}),
    ('vfr.mp4', {'frame_times': [0, 0.1, 0.5, 0.55, 1.2, 1.9, 2.05, 2.1, 3.3]}),
    ('odd_start.mkv', {'video_start': 7.3, 'audio_start': 7.1, 'audio_rate': 48_000}),
  ],
)
def test_consecutive_spans_tile(tmp_path, name, settings):
  path = media_factory.write_video(tmp_path / name, seconds=4, **settings)
  whole = read_span(path, 0.0, 3.4)
  for start in (1.0, 2.0, 2.5):
    part = read_span(path, start, start + 0.8)
    first_frame, first_sample = round(start * 30), round(start * 16_000)
    assert part.frames == whole.frames[first_frame : first_frame + 24]
    assert part.waveform.size == 12_800
    expected = whole.waveform[first_sample : first_sample + 12_800]
    if name in ('odd_start.mkv', 'a.webm'):  # Timestamps of whole milliseconds.
      assert abs(delay(part.waveform) - delay(expected)) < 1.1e-3
    else:
      np.testing.assert_allclose(part.waveform, expected, atol=1e-6)


def test_frames_go_by_their_timestamps(tmp_path):
  times = [0, 0.1, 0.5, 0.55, 1.2, 1.9]
  path = media_factory.write_video(tmp_path / 'vfr.mp4', frame_times=times)
  shown = [sum(time <= k / 30 + 1e-3 for time in times) - 1 for k in range(57)]
  assert frame_numbers(read_span(path, 0.0, 1.9)) == shown


@pytest.mark.parametrize('frame_rate', [24, 25, 30, 60, 12.5, Fraction(30_000, 1001)])
def test_any_frame_rate_becomes_thirty(tmp_path, frame_rate):
  path = media_factory.write_video(tmp_path / 'a.mp4', frame_rate=frame_rate, audio_rate=None)
  numbers = frame_numbers(read_span(path, 0.0, 2.0, ReadOptions(want_audio=False)))
  assert numbers == [int((Fraction(k, 30) + Fraction(9, 10_000)) * Fraction(frame_rate)) for k in range(60)]


def test_another_output_rate(film):
  assert frame_numbers(read_span(film, 1.0, 2.0, ReadOptions(frame_rate=10.0, want_audio=False))) == list(
    range(30, 60, 3)
  )


def test_streams_that_start_apart(tmp_path):
  late_video = read_span(media_factory.write_video(tmp_path / 'v.mp4', video_start=0.5), 0.0, 2.0)
  assert frame_numbers(late_video) == [0] * 15 + list(range(45))
  assert abs(delay(late_video.waveform)) < 1e-5
  late_audio = read_span(media_factory.write_video(tmp_path / 'a.mp4', audio_start=0.5), 0.0, 2.0)
  assert frame_numbers(late_audio) == list(range(60))
  assert not late_audio.waveform[:7000].any()
  assert np.abs(late_audio.waveform[8600:]).max() > 0.45
  assert abs(delay(late_audio.waveform[8000:])) < 1e-3


def test_times_count_from_the_files_start(tmp_path):
  path = media_factory.write_video(
    tmp_path / 'a.mkv', seconds=3, video_start=100.0, audio_start=100.0, audio_rate=48_000
  )
  assert frame_numbers(read_span(path, 1.0, 2.0)) == list(range(30, 60))
  assert reason_of(path, 100.0, 101.0) == 'empty_span'


def test_sound_and_picture_stay_together(tmp_path):
  # A beep from 3.0 s to 3.1 s.
  def beep(t):
    return media_factory.tone(1000)(t) * ((t >= 3.0) & (t < 3.1))

  path = media_factory.write_video(tmp_path / 'a.mp4', seconds=5, sound=beep)
  span = read_span(path, 2.0, 4.0)
  loud = np.flatnonzero(np.abs(span.waveform) > 0.1)
  assert loud[0] / 16_000 == pytest.approx(1.0, abs=0.01)
  assert loud[-1] / 16_000 == pytest.approx(1.1, abs=0.01)
  assert frame_numbers(span)[30] == 90


def test_a_span_over_the_end_is_cut(film):
  span = read_span(film, 5.0, 7.0)
  assert frame_numbers(span) == list(range(150, 180))
  assert span.waveform.size == 16_000
  assert span.end_seconds == pytest.approx(6.0)
  assert frame_numbers(read_span(film, 4.0)) == list(range(120, 180))
  assert reason_of(film, 6.5, 8.5) == 'empty_span'
  assert reason_of(film, 6.0, 8.0) == 'empty_span'
  with pytest.raises(MediaError, match=r'has 2.000 s for the span: not one picture at 0.1 a second'):
    read_span(film, 0.0, 2.0, ReadOptions(frame_rate=0.1))


@pytest.mark.slow
@pytest.mark.parametrize('oddity', ['plain', 'late', 'long sound', 'short sound', 'late picture'])
@pytest.mark.parametrize('suffix', ['mkv', 'webm', 'mp4', 'mov', 'flv', 'ts'])
def test_spans_lie_between_the_first_and_the_last_frame(suffix, oddity, tmp_path):
  """Whatever the header says: Matroska's counts a recording that begins at 1,000 s as 1,006 s long, which made 503 spans of it."""
  options = {
    'plain': {},
    'late': {'video_start': 1000.0, 'audio_start': 1000.0},
    'long sound': {'audio_seconds': 30.0},
    'short sound': {'audio_seconds': 1.0},
    'late picture': {'video_start': 3.0},
  }[oddity]
  codecs = {'video_codec': 'libvpx', 'audio_codec': 'libopus', 'audio_rate': 48_000} if suffix == 'webm' else {}
  path = media_factory.write_video(tmp_path / f'odd.{suffix}', seconds=6.0, **codecs, **options)
  last = 9.0 if oddity == 'late picture' else 6.0
  assert media.probe(path).duration_seconds == pytest.approx(last, abs=0.1)
  for start in np.arange(0, last, 3):
    assert len(media.read_span(path, float(start), float(min(last, start + 3) - 0.1)).frames) >= 80


def test_probe(tmp_path, film):
  assert media.probe(film) == media.MediaInfo(pytest.approx(6.0, abs=0.05), True, True, 96, 64, 30.0)
  blind = media.probe(media_factory.write_video(tmp_path / 'blind.mp4', video=False))
  assert (blind.has_video, blind.has_audio, blind.width, blind.frame_rate) == (False, True, 0, 0.0)
  bare = media_factory.write_video(tmp_path / 'bare.h264', seconds=2, audio_rate=None, b_frames=0)
  assert not media.probe(bare).has_audio
  with pytest.raises(MediaError, match='missing_file'):
    media.probe(str(tmp_path / 'absent.mp4'))
  with pytest.raises(MediaError, match='unreadable'):
    media.probe(media_factory.write_empty(tmp_path / 'empty.mp4'))


def test_remote_paths_go_through_gfile(film):
  remote = read_span(f'file://{film}', 2.0, 3.0)
  local = read_span(film, 2.0, 3.0)
  assert remote.frames == local.frames
  np.testing.assert_array_equal(remote.waveform, local.waveform)
  assert reason_of(f'file://{film}.absent') == 'missing_file'


def test_no_tensorflow_at_import():
  code = 'import sys; import xdc_tf.media.decoder_process; sys.exit("tensorflow" in sys.modules)'
  subprocess.run([sys.executable, '-c', code], check=True, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))


@pytest.mark.parametrize('threads', [2, 3])
def test_threads_change_nothing(film, threads):
  one, more = read_span(film, 1.0, 3.0), read_span(film, 1.0, 3.0, threads=threads)
  assert more.frames == one.frames
  np.testing.assert_array_equal(more.waveform, one.waveform)
