import io
import os
import pathlib
import subprocess
import sys
import time
from fractions import Fraction

import av
import media_factory
import numpy as np
import pytest
from PIL import Image

from xdc_tf.media import jpeg_encoder, media, span_reading, video_track
from xdc_tf.media.jpeg_encoder import JpegEncoder
from xdc_tf.media.media import MediaError, ReadOptions, read_span
from xdc_tf.media.video_track import output_size

pytestmark = pytest.mark.stack


def _image(jpeg):
  return np.asarray(Image.open(io.BytesIO(jpeg)).convert('RGB'))


def _numbers(span):
  return [media_factory.frame_number(_image(jpeg)) for jpeg in span.frames]


def _reason(*arguments, **keywords):
  with pytest.raises(MediaError) as error:
    read_span(*arguments, **keywords)
  assert error.value.reason in media.REASONS
  return error.value.reason


def _delay(waveform, pitch=440.0, rate=16_000):
  """Seconds by which a 440 Hz sine lags behind sin(2 pi 440 t), away from the ends."""
  middle = slice(waveform.size // 4 // 400 * 400, waveform.size * 3 // 4 // 400 * 400)  # Whole periods.
  seconds = np.arange(waveform.size)[middle] / rate
  return -np.angle(1j * np.sum(waveform[middle] * np.exp(-2j * np.pi * pitch * seconds))) / (2 * np.pi * pitch)


@pytest.fixture(scope='module')
def film(tmp_path_factory):
  return media_factory.write_video(tmp_path_factory.mktemp('film') / 'film.mp4', seconds=6)


def test_a_span_inside_the_film(film):
  span = read_span(film, 2.0, 4.0)
  assert _numbers(span) == list(range(60, 120))
  assert span.waveform.shape == (32_000,)
  assert span.waveform.dtype == np.float32
  assert (span.start_seconds, span.end_seconds) == (2.0, 4.0)
  # Priming samples of AAC would delay the sound by 23 ms.
  assert abs(_delay(span.waveform)) < 1e-5
  assert np.abs(span.waveform).max() == pytest.approx(0.5, abs=0.05)


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
      assert abs(_delay(part.waveform) - _delay(expected)) < 1.1e-3
    else:
      np.testing.assert_allclose(part.waveform, expected, atol=1e-6)


def test_frames_go_by_their_timestamps(tmp_path):
  times = [0, 0.1, 0.5, 0.55, 1.2, 1.9]
  path = media_factory.write_video(tmp_path / 'vfr.mp4', frame_times=times)
  shown = [sum(time <= k / 30 + 1e-3 for time in times) - 1 for k in range(57)]
  assert _numbers(read_span(path, 0.0, 1.9)) == shown


@pytest.mark.parametrize('frame_rate', [24, 25, 30, 60, 12.5, Fraction(30_000, 1001)])
def test_any_frame_rate_becomes_thirty(tmp_path, frame_rate):
  path = media_factory.write_video(tmp_path / 'a.mp4', frame_rate=frame_rate, audio_rate=None)
  numbers = _numbers(read_span(path, 0.0, 2.0, ReadOptions(want_audio=False)))
  assert numbers == [int((Fraction(k, 30) + Fraction(9, 10_000)) * Fraction(frame_rate)) for k in range(60)]


def test_another_output_rate(film):
  assert _numbers(read_span(film, 1.0, 2.0, ReadOptions(frame_rate=10.0, want_audio=False))) == list(range(30, 60, 3))


def test_streams_that_start_apart(tmp_path):
  late_video = read_span(media_factory.write_video(tmp_path / 'v.mp4', video_start=0.5), 0.0, 2.0)
  assert _numbers(late_video) == [0] * 15 + list(range(45))
  assert abs(_delay(late_video.waveform)) < 1e-5
  late_audio = read_span(media_factory.write_video(tmp_path / 'a.mp4', audio_start=0.5), 0.0, 2.0)
  assert _numbers(late_audio) == list(range(60))
  assert not late_audio.waveform[:7000].any()
  assert np.abs(late_audio.waveform[8600:]).max() > 0.45
  assert abs(_delay(late_audio.waveform[8000:])) < 1e-3


def test_times_count_from_the_files_start(tmp_path):
  path = media_factory.write_video(
    tmp_path / 'a.mkv', seconds=3, video_start=100.0, audio_start=100.0, audio_rate=48_000
  )
  assert _numbers(read_span(path, 1.0, 2.0)) == list(range(30, 60))
  assert _reason(path, 100.0, 101.0) == 'empty_span'


def test_sound_and_picture_stay_together(tmp_path):
  # A beep from 3.0 s to 3.1 s.
  def beep(t):
    return media_factory.tone(1000)(t) * ((t >= 3.0) & (t < 3.1))

  path = media_factory.write_video(tmp_path / 'a.mp4', seconds=5, sound=beep)
  span = read_span(path, 2.0, 4.0)
  loud = np.flatnonzero(np.abs(span.waveform) > 0.1)
  assert loud[0] / 16_000 == pytest.approx(1.0, abs=0.01)
  assert loud[-1] / 16_000 == pytest.approx(1.1, abs=0.01)
  assert _numbers(span)[30] == 90


def test_a_span_over_the_end_is_cut(film):
  span = read_span(film, 5.0, 7.0)
  assert _numbers(span) == list(range(150, 180))
  assert span.waveform.size == 16_000
  assert span.end_seconds == pytest.approx(6.0)
  assert _numbers(read_span(film, 4.0)) == list(range(120, 180))
  assert _reason(film, 6.5, 8.5) == 'empty_span'
  assert _reason(film, 6.0, 8.0) == 'empty_span'


def test_sound_that_stops_early_becomes_silence(tmp_path):
  path = media_factory.write_video(tmp_path / 'a.mp4', seconds=3, audio_seconds=1.0)
  span = read_span(path, 0.0, 3.0)
  assert (len(span.frames), span.waveform.size) == (90, 48_000)
  assert np.abs(span.waveform[:15_000]).max() > 0.45
  assert not span.waveform[18_000:].any()


def test_sound_that_goes_on_is_cut_with_the_picture(tmp_path):
  span = read_span(media_factory.write_video(tmp_path / 'a.mp4', seconds=1, audio_seconds=3.0), 0.0, 2.0)
  assert (len(span.frames), span.waveform.size) == (30, 16_000)


@pytest.mark.parametrize(
  ('codec', 'layout', 'rate'),
  [
    ('aac', '5.1', 48_000),
    ('pcm_u8', 'stereo', 11_025),
    ('pcm_s16le', 'mono', 8_000),
    ('pcm_s24le', 'stereo', 96_000),
    ('pcm_f32le', '7.1', 44_100),
    ('pcm_f64le', 'mono', 16_000),
    ('libmp3lame', 'mono', 32_000),
  ],
)
def test_any_sound_becomes_16_khz_mono(tmp_path, codec, layout, rate):
  path = media_factory.write_video(tmp_path / 'a.mkv', audio_codec=codec, layout=layout, audio_rate=rate, seconds=2.5)
  for start in (0.0, 1.0):
    waveform = read_span(path, start, start + 1.0, ReadOptions(want_video=False)).waveform
    assert waveform.size == 16_000
    assert abs(_delay(waveform)) < 6e-4  # Matroska rounds to 1 ms.
    # No matter how many channels: their mean, and not 6 dB more or less.
    assert np.abs(waveform[2000:-2000]).max() == pytest.approx(0.5, abs=0.03)


def test_a_gap_in_the_sound_is_silence():
  from xdc_tf.media.audio_track import AudioTrack

  track = AudioTrack(Fraction(0), Fraction(1), 16_000)
  for start in (0, 30_000):
    frame = av.AudioFrame.from_ndarray(np.full((1, 15_000), 0.25, np.float32), format='fltp', layout='mono')
    frame.sample_rate = 48_000
    track.add(frame, Fraction(start, 48_000))
  waveform = track.finish(Fraction(1))
  np.testing.assert_allclose(waveform[100:4900], 0.25, atol=1e-3)
  np.testing.assert_allclose(waveform[5100:9900], 0.0, atol=1e-3)
  np.testing.assert_allclose(waveform[10_100:14_900], 0.25, atol=1e-3)
  assert not waveform[15_100:].any()


def test_the_rate_may_change_on_the_way():
  from xdc_tf.media.audio_track import AudioTrack

  track, tone = AudioTrack(Fraction(0), Fraction(2), 16_000), media_factory.tone(440)
  for start, rate in ((0, 44_100), (1, 22_050)):
    frame = av.AudioFrame.from_ndarray(
      tone(start + np.arange(rate) / rate)[None].astype('f4'), format='fltp', layout='mono'
    )
    frame.sample_rate = rate
    track.add(frame, Fraction(start))
  expected = tone(np.arange(32_000) / 16_000)
  error = np.abs(track.finish(Fraction(2)) - expected)
  assert np.delete(error, np.r_[:50, 15_950:16_050, 31_950:32_000]).max() < 1e-3


@pytest.mark.parametrize(
  ('size', 'pixel_aspect', 'expected'),
  [
    ((1280, 720), None, (456, 256)),
    ((720, 1280), None, (256, 456)),
    ((96, 64), None, (384, 256)),
    ((720, 576), Fraction(16, 15), (342, 256)),
    ((720, 576), Fraction(64, 45), (456, 256)),
    ((320, 240), Fraction(1, 2), (256, 384)),
    ((101, 57), None, (454, 256)),
    ((100, 100), None, (256, 256)),
    ((320, 240), Fraction(1000, 1), (342, 256)),
  ],
)
def test_output_size(size, pixel_aspect, expected):
  assert output_size(*size, pixel_aspect, 256) == expected


def test_jpegs_have_the_shape_that_is_shown(tmp_path):
  options = ReadOptions(short_side=48, want_audio=False)
  path = media_factory.write_video(tmp_path / 'a.mp4', seconds=0.2, pixel_aspect=Fraction(4, 3), audio_rate=None)
  assert _image(read_span(path, options=options).frames[0]).shape == (48, 96, 3)
  odd = media_factory.write_video(tmp_path / 'odd.mkv', 0.2, size=(131, 67), audio_rate=None, video_codec='ffv1')
  span = read_span(odd, options=options)
  assert _image(span.frames[0]).shape == (48, 94, 3)
  assert _numbers(span) == list(range(6))


@pytest.mark.parametrize('degrees', [0, 90, 180, 270])
def test_rotation_is_obeyed(tmp_path, degrees):
  path = media_factory.write_video(tmp_path / 'a.mp4', seconds=0.2, audio_rate=None)
  media_factory.set_rotation(path, degrees)
  frames = read_span(path, options=ReadOptions(short_side=64, want_audio=False)).frames
  upright = np.rot90(_image(frames[3]), degrees // 90)  # Players turn clockwise; this turns back.
  assert upright.shape == (64, 96, 3)
  assert media_factory.frame_number(upright) == 3
  pattern = media_factory.pattern(3, (96, 64)).astype(int)
  assert np.abs(upright - pattern).mean() < 6


@pytest.mark.parametrize('colour', ['ITU601', 'ITU709'])
def test_colours(tmp_path, colour):
  colours = [
    (230, 20, 20),
    (20, 200, 30),
    (30, 40, 220),
    (220, 200, 30),
    (20, 180, 190),
    (128, 128, 128),
    (255, 255, 255),
  ]
  image = np.zeros((64, 112, 3), np.uint8)
  for i, rgb in enumerate(colours):
    image[:, i * 16 : (i + 1) * 16] = rgb
  path = media_factory.write_video(
    tmp_path / 'a.mp4', seconds=0.1, size=(112, 64), images=[image] * 3, audio_rate=None, colour=colour
  )
  decoded = _image(read_span(path, options=ReadOptions(short_side=64, jpeg_quality=2, want_audio=False)).frames[1])
  with av.open(path) as container:
    truth = next(container.decode(video=0)).to_ndarray(format='rgb24')
  for i, rgb in enumerate(colours):
    # Inside a patch; over its border the chroma of 4:2:0 spills. The wrong matrix would be off by 20 and more.
    assert np.abs(decoded[8:-8, i * 16 + 5 : i * 16 + 11].mean((0, 1)) - rgb).max() < 4
    assert (
      np.abs(decoded[8:-8, i * 16 + 5 : i * 16 + 11].astype(int) - truth[8:-8, i * 16 + 5 : i * 16 + 11]).max() <= 6
    )


def test_jpegs_are_what_tensorflow_reads(film):
  import tensorflow as tf

  jpeg = read_span(film, 1.0, 1.1).frames[0]
  picture = Image.open(io.BytesIO(jpeg))
  assert (picture.mode, picture.format, picture.size) == ('RGB', 'JPEG', (384, 256))
  assert [component[1:3] for component in picture.layer] == [(2, 2), (1, 1), (1, 1)]  # 4:2:0.
  decoded = tf.io.decode_jpeg(jpeg, channels=3).numpy()
  assert np.abs(decoded.astype(int) - np.asarray(picture)).max() <= 8
  crop = tf.io.decode_and_crop_jpeg(jpeg, [10, 20, 224, 224], channels=3).numpy()
  np.testing.assert_array_equal(crop, decoded[10:234, 20:244])


def test_a_frame_has_the_same_bytes_wherever_it_is_encoded(tmp_path):
  image = media_factory.pattern(5, (96, 64))
  path = media_factory.write_video(tmp_path / 'a.mkv', 0.3, images=[image] * 9, audio_rate=None, video_codec='ffv1')
  assert len(set(read_span(path, options=ReadOptions(want_audio=False)).frames)) == 1


def test_missing_tracks(tmp_path):
  silent = media_factory.write_video(tmp_path / 'silent.mp4', audio_rate=None)
  blind = media_factory.write_video(tmp_path / 'blind.mp4', video=False)
  assert _reason(silent, 0.0, 1.0) == 'no_audio_track'
  assert _reason(blind, 0.0, 1.0) == 'no_video_track'
  video = read_span(silent, 0.0, 1.0, ReadOptions(want_audio=False))
  assert (len(video.frames), video.waveform.shape) == (30, (0,))
  audio = read_span(blind, 0.0, 1.0, ReadOptions(want_video=False))
  assert (audio.frames, audio.waveform.shape) == ([], (16_000,))


def test_unusable_files(tmp_path):
  text = tmp_path / 'text.mp4'
  text.write_text('no video\n' * 1000)
  letters = tmp_path / 'letters.txt'
  letters.write_text('no video\n' * 1000)
  playlist = tmp_path / 'list.m3u8'
  playlist.write_text('#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://localhost:1/a.ts\n#EXT-X-ENDLIST\n')
  assert _reason(str(tmp_path / 'absent.mp4')) == 'missing_file'
  for path in (media_factory.write_empty(tmp_path / 'empty.mp4'), text, letters, playlist, tmp_path):
    assert _reason(path, 0.0, 1.0) == 'unreadable'


def test_truncated_files(tmp_path):
  options = {'movflags': 'faststart'}
  path = media_factory.write_video(tmp_path / 'a.mp4', seconds=6, gop=6, container_options=options)
  media_factory.truncate(path, 0.6)
  assert _numbers(read_span(path, 0.0, 2.0)) == list(range(60))
  assert _reason(path, 4.0, 6.0) == 'truncated'
  assert _reason(path) == 'truncated'
  matroska = media_factory.truncate(media_factory.write_video(tmp_path / 'a.mkv', seconds=6), 0.5)
  assert _reason(matroska) == 'truncated'
  headless = media_factory.truncate(media_factory.write_video(tmp_path / 'b.mp4', seconds=2), 0.5)
  assert _reason(headless) == 'unreadable'


def test_broken_packets(tmp_path):
  path = media_factory.write_video(tmp_path / 'a.mkv', seconds=6)
  media_factory.damage(path, 0.4, 0.9)
  assert _numbers(read_span(path, 0.0, 1.0)) == list(range(30))
  assert _reason(path) == 'truncated'


def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path, film):
  path = media_factory.write_absurd_size(tmp_path / 'a.mp4')
  begin = time.monotonic()
  with pytest.raises(MediaError, match='16000x12000 pixels; at most 35389440 are read'):
    read_span(path)
  assert _reason(film, 0.0, 1e9) == 'too_large'
  assert _reason(film, options=ReadOptions(max_span_seconds=2.0)) == 'too_large'
  assert _reason(film, 0.0, 1.0, ReadOptions(max_pixels=1000)) == 'too_large'
  assert _reason(film, 0.0, 1.0, ReadOptions(short_side=20_000)) == 'too_large'
  assert time.monotonic() - begin < 1.0


@pytest.mark.parametrize('span', [(-1.0, 1.0), (2.0, 2.0), (3.0, 2.0), (float('nan'), 2.0), (0.0, float('nan'))])
def test_no_span_of_time(film, span):
  assert _reason(film, *span) == 'empty_span'


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
  assert _reason(f'file://{film}.absent') == 'missing_file'


def test_no_tensorflow_at_import():
  code = 'import sys; import xdc_tf.media.decoder_process; sys.exit("tensorflow" in sys.modules)'
  subprocess.run([sys.executable, '-c', code], check=True, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))


def test_impossible_options_are_refused():
  with pytest.raises(ValueError, match='frame_rate must lie in'):
    ReadOptions(frame_rate=0.0)
  with pytest.raises(ValueError, match='Nothing to read'):
    ReadOptions(want_video=False, want_audio=False)


@pytest.mark.parametrize('threads', [2, 3])
def test_threads_change_nothing(film, threads):
  one, more = read_span(film, 1.0, 3.0), read_span(film, 1.0, 3.0, threads=threads)
  assert more.frames == one.frames
  np.testing.assert_array_equal(more.waveform, one.waveform)


def test_frames_before_the_span_that_nobody_sees_are_left_out(tmp_path, monkeypatch):
  times = [0, 0.4, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 1.6, 1.7]
  path = media_factory.write_video(tmp_path / 'a.mp4', frame_times=times, gop=1000, b_frames=3, audio_rate=None)
  decoded, add = [], video_track.VideoTrack.add

  def counted_add(track, frame, time, duration):
    decoded.append(round(float(time), 3))
    add(track, frame, time, duration)

  monkeypatch.setattr(video_track.VideoTrack, 'add', counted_add)
  span = read_span(path, 1.2, 1.7, ReadOptions(want_audio=False))
  assert _numbers(span) == [8] * 9 + [9] * 3 + [10] * 3  # The frame of 1.0 s is still shown when the span begins.
  before = [time for time in decoded if time < 1.0]
  assert decoded[-3:] == [1.5, 1.6, 1.7]
  assert 1.0 in decoded
  assert 1 <= len(before) < 6  # Of eight; of four frames in a row the three B-frames at most can go.


def _exact_planes(frame, size):
  """Full-range BT.601 Y, U, V in float64 of a BT.709 limited-range 4:2:0 frame, by box averages and the definitions."""
  planes = []
  for plane, scale, offset, small in zip(
    frame.planes, (219, 224, 224), (16, 128, 128), (size, *[(size[0] // 2, size[1] // 2)] * 2), strict=True
  ):
    pixels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
    average = Image.fromarray(pixels.astype(np.float32)).resize(small, Image.Resampling.BOX)
    planes.append((np.asarray(average, np.float64) - offset) * 255 / scale)
  y, u, v = planes
  red, blue = 1.5748 * v, 1.8556 * u  # Above the luma of BT.709.
  green = -(0.2126 * red + 0.0722 * blue) / 0.7152
  luma = 0.299 * red + 0.587 * green + 0.114 * blue
  return y + luma.repeat(2, 0).repeat(2, 1), (blue - luma) / 1.772 + 128, (red - luma) / 1.402 + 128


def test_scaled_planes_are_those_of_the_definitions(tmp_path):
  rng = np.random.default_rng(0)
  coarse = Image.fromarray(rng.integers(40, 216, (9, 16, 3), dtype=np.uint8))
  image = np.asarray(coarse.resize((512, 288), Image.Resampling.BICUBIC))
  path = media_factory.write_video(
    tmp_path / 'a.mp4', seconds=0.1, size=(512, 288), images=[image] * 3, audio_rate=None, colour='ITU709'
  )
  with av.open(path) as container:
    frame = next(container.decode(video=0))
  jpeg = JpegEncoder((256, 144), 2).encode(frame)
  stored = Image.open(io.BytesIO(jpeg))
  stored.draft('YCbCr', None)
  found = np.asarray(stored, np.float64)
  exact = _exact_planes(frame, (256, 144))
  # PIL repeats chroma smoothly, so it is compared where it is stored: a value for 2x2 pixels.
  chroma = found[..., 1:].reshape(72, 2, 128, 2, 2).mean((1, 3))
  for channel, pixels in zip(exact, (found[..., 0], chroma[..., 0], chroma[..., 1]), strict=True):
    assert np.abs(pixels - channel).mean() < 1.2  # 8 bits twice, and the JPEG.
    assert abs((pixels - channel).mean()) < 0.3  # Over RGB, luma would be 0.6 too dark.


# Which stream, and which way up.

_CORNERS = {'R': (220, 30, 30), 'G': (30, 190, 40), 'B': (30, 50, 220), 'W': (235, 235, 235)}


@pytest.mark.parametrize(
  'matrix,corners',
  [
    ((1, 0, 0, 1), 'RGBW'),
    ((-1, 0, 0, 1), 'GRWB'),
    ((1, 0, 0, -1), 'BWRG'),
    ((-1, 0, 0, -1), 'WBGR'),
    ((0, 1, -1, 0), 'BRWG'),
    ((0, -1, 1, 0), 'GWRB'),
    ((0, 1, 1, 0), 'RBGW'),
    ((0, -1, -1, 0), 'WGBR'),
  ],
)
def test_the_eight_orientations_are_those_that_ffmpeg_shows(tmp_path, matrix, corners):
  """Top left, top right, bottom left, bottom right as `ffmpeg -i x.mp4 x.png` (7.0.2) shows them for such matrices, which
  `-display_rotation`, `-display_hflip` and `-display_vflip` write."""
  image = np.zeros([64, 96, 3], np.uint8)
  for corner, (rows, columns) in zip('RGBW', np.ndindex(2, 2), strict=True):
    image[32 * rows : 32 * rows + 32, 48 * columns : 48 * columns + 48] = _CORNERS[corner]
  path = media_factory.write_video(tmp_path / 'a.mp4', 0.5, audio_rate=None, images=[image] * 15)
  media_factory.set_display_matrix(path, matrix)
  shown = _image(read_span(path, options=ReadOptions(short_side=64, want_audio=False)).frames[0])
  assert shown.shape[:2] == ((96, 64) if matrix[0] == 0 else (64, 96))
  height, width = shown.shape[:2]
  for corner, (row, column) in zip(corners, np.ndindex(2, 2), strict=True):
    pixel = shown[height * (2 * row + 1) // 4, width * (2 * column + 1) // 4].astype(int)
    assert np.abs(pixel - _CORNERS[corner]).max() < 40, (corner, row, column, pixel)


def test_frames_with_exif_are_read(tmp_path):
  """PyAV 17 and 18 raise ValueError where such a frame is asked for its side data."""
  path = tmp_path / 'a.jpg'
  exif = Image.Exif()
  exif[0x0110] = 'camera'
  Image.new('RGB', (64, 48), (10, 200, 30)).save(path, exif=exif)
  with av.open(str(path)) as file:
    frame = next(file.decode(video=0))
  np.testing.assert_array_equal(jpeg_encoder.display_matrix(frame), np.eye(2))


@pytest.fixture(scope='module')
def two_tracks(tmp_path_factory):
  """A film whose first sound is silent and whose second, the default one, is a tone; and one with commentary first."""
  folder = tmp_path_factory.mktemp('tracks')
  tone = media_factory.write_video(folder / 'tone.mkv', 2)
  silent = media_factory.write_video(folder / 'silent.mkv', 2, sound=lambda t: 0 * t)

  def second_is_default(streams):
    streams[1].disposition, streams[2].disposition = av.stream.Disposition(0), av.stream.Disposition.default
    streams[1].metadata['language'], streams[2].metadata['language'] = 'deu', 'fra'

  def first_is_commentary(streams):
    streams[1].disposition, streams[2].disposition = av.stream.Disposition.comment, av.stream.Disposition(0)

  sources = [('video', tone), ('audio', silent), ('audio', tone)]
  return {
    'default': media_factory.remux(sources, folder / 'default.mkv', second_is_default),
    'comment': media_factory.remux(sources, folder / 'comment.mkv', first_is_commentary),
  }


@pytest.mark.parametrize('name', ['default', 'comment'])
def test_the_sound_that_a_player_takes_is_read(two_tracks, name):
  span = read_span(two_tracks[name], 0.0, 2.0)
  assert np.abs(span.waveform).max() > 0.4 and span.num_audio_tracks == 2


def test_a_sound_track_can_be_chosen(two_tracks):
  def loudest(track):
    return np.abs(read_span(two_tracks['default'], 0.0, 2.0, ReadOptions(audio_track=track)).waveform).max()

  assert loudest('1') == loudest('deu') == 0.0
  assert loudest('2') == loudest('fra') > 0.4
  with pytest.raises(MediaError, match=r"track 'eng' is wanted; there are 1 \(deu\), 2 \(fra\)"):
    loudest('eng')


def test_sound_of_eight_channels(tmp_path):
  """PyAV 17 and 18 look for a ninth plane, 19 raises."""
  path = media_factory.write_video(tmp_path / 'a.mkv', 2, 30, audio_rate=48_000, audio_codec='libopus', layout='7.1')
  assert np.abs(read_span(path, 0.0, 2.0).waveform).max() == pytest.approx(0.5, abs=0.06)


def test_avi_with_reordered_frames_loses_none(tmp_path):
  """AVI has times of decoding only, which B-frames take in another order."""
  path = media_factory.write_video(tmp_path / 'a.avi', 2, audio_rate=None, b_frames=2)
  numbers = _numbers(read_span(path, options=ReadOptions(want_audio=False)))
  assert numbers[:-4] == list(range(len(numbers)))[:-4] and len(numbers) >= 58


# Where a film ends, and where two are joined.


def test_the_last_picture_of_a_whole_matroska_file_stays_to_its_end(tmp_path):
  path = media_factory.write_video(tmp_path / 'a.mkv', 2, audio_seconds=4)
  data = (tmp_path / 'a.mkv').read_bytes()
  assert _reason(path, 2.0, 4.0) == 'empty_span'  # The picture's own tag says that it ends at 2 s.
  (tmp_path / 'a.mkv').write_bytes(data.replace(b'DURATION', b'DURATIOX'))  # Now only the container's 4 s are left.
  span = read_span(path, 1.0, 4.0)
  assert _numbers(span) == [*range(30, 60), *[59] * 60] and span.waveform.size == 48_000
  media_factory.truncate(path, 0.6)
  assert _reason(path, 2.0, 4.0) == 'truncated'


def test_slides_under_longer_sound_are_no_broken_file(tmp_path):
  path = media_factory.write_video(tmp_path / 'a.mkv', 2, frame_times=[0.0, 3.0], audio_seconds=10)
  assert _numbers(read_span(path, 0.0, 2.0)) == [0] * 60
  span = read_span(path, 2.0, 4.0)  # The tag of the picture says 3.03 s.
  assert _numbers(span) == [0] * 30 + [1]
  assert _reason(path, 4.0, 6.0) == 'empty_span'


@pytest.fixture(scope='module')
def joined(tmp_path_factory):
  folder = tmp_path_factory.mktemp('joined')
  parts = [media_factory.write_video(folder / f'{i}.ts', seconds) for i, seconds in enumerate((6, 4))]
  (folder / 'joined.ts').write_bytes(b''.join(pathlib.Path(part).read_bytes() for part in parts))
  return str(folder / 'joined.ts')


def test_recordings_joined_end_to_end_are_set_aside(joined):
  """`cat a.ts b.ts`: the second recording was lost without a word, and a record of 2 s held 12."""
  assert _reason(joined) == 'clock_jump'
  with pytest.raises(
    MediaError, match=r'jumps back from [56]\.\d+ s to 0\.\d+ s: recordings were joined|jumps back'
  ) as error:
    media.probe(joined)
  assert error.value.reason == 'clock_jump'


# Spans that follow one another.


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
    assert _numbers(span) == list(range(30 * start, 30 * start + 60))
  reader.close()
  assert 600 <= len(counted) <= 620


def test_a_film_with_many_keyframes_is_sought_where_that_is_shorter(tmp_path, monkeypatch):
  path = media_factory.write_video(tmp_path / 'a.mp4', 20, gop=15, audio_rate=None)
  counted, reader = _packets_decoded(monkeypatch), media.MediaReader()
  for start in (0, 9, 18):
    assert _numbers(reader.read_span(path, start, start + 1, ReadOptions(want_audio=False)))[0] == 30 * start
  assert len(counted) < 200
  reader.close()


def test_there_is_word_from_the_way_to_a_far_span(tmp_path):
  path, calls = media_factory.write_video(tmp_path / 'a.mp4', 40, gop=9999, audio_rate=None), []
  reader = media.MediaReader(on_the_way=lambda: calls.append(None))
  assert _numbers(reader.read_span(path, 38.0, 39.0, ReadOptions(want_audio=False)))[0] == 1140
  assert len(calls) >= 1140 // span_reading.PACKETS_ON_THE_WAY - 1
  reader.close()
