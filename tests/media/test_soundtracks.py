"""Sound of any rate, layout and track becomes 16 kHz mono, in time with the picture."""

from fractions import Fraction

import av
import media_factory
import numpy as np
import pytest
from media_cases import delay

from xdc_tf.media.media import MediaError, ReadOptions, read_span

pytestmark = pytest.mark.stack


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
    assert abs(delay(waveform)) < 6e-4  # Matroska rounds to 1 ms.
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


@pytest.mark.parametrize('kind', ['rounded down to 40 ms', '25 ms to both sides', 'a block of 21 ms late for .6 s'])
def test_stamps_that_wobble_do_not_tear_the_sound(kind):
  # As FLV and WebRTC recorders write them; FFmpeg plays such sound whole.
  from xdc_tf.media.audio_track import AudioTrack

  track, tone, rng = AudioTrack(Fraction(0), Fraction(8), 16_000), media_factory.tone(440), np.random.default_rng(0)
  for number in range(400):
    first = number * 960
    frame = av.AudioFrame.from_ndarray(
      tone(np.arange(first, first + 960) / 48_000)[None].astype('f4'), format='fltp', layout='mono'
    )
    frame.sample_rate = 48_000
    if kind.startswith('rounded'):
      stamp = first // 1920 * 1920
    elif kind.startswith('a block'):
      stamp = first + 1024 * (number // 30 % 2)
    else:
      stamp = max(0, first + int(rng.integers(-1200, 1200)))
    track.add(frame, Fraction(stamp, 48_000))
  waveform = track.finish(Fraction(8))
  assert not track.gaps
  # It begins where its first stamp says.
  begins = track.first_time if kind.startswith('25 ms') else Fraction(0)
  assert abs(begins) <= 0.025
  expected = tone(np.arange(128_000) / 16_000 - float(begins))
  assert np.abs(waveform[500:-500] - expected[500:-500]).max() < 1e-3


def test_a_short_gap_is_made_up_for_in_half_a_second():
  from xdc_tf.media.audio_track import AudioTrack

  track = AudioTrack(Fraction(0), Fraction(4), 16_000)
  for number in range(190):
    values = np.full((1, 960), 0.25 if number < 50 else 0.5, np.float32)
    frame = av.AudioFrame.from_ndarray(values, format='fltp', layout='mono')
    frame.sample_rate = 48_000
    # 60 ms are missing after one second.
    track.add(frame, Fraction(number * 960 + (0 if number < 50 else 2880), 48_000))
  assert [(float(start), float(end)) for start, end in track.gaps] == [(1.5, 1.56)]
  waveform = track.finish(Fraction(3))
  silent = np.flatnonzero(np.abs(waveform) < 1e-3)
  assert silent.min() / 16_000 == pytest.approx(1.5, abs=0.005) and silent.max() / 16_000 == pytest.approx(
    1.56, abs=0.005
  )


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
  with pytest.raises(MediaError, match=r"track 'eng' is wanted; it has track 1 \(deu\), 2 \(fra\)"):
    loudest('eng')


def test_sound_of_eight_channels(tmp_path):
  """PyAV 17 and 18 look for a ninth plane, 19 raises."""
  path = media_factory.write_video(tmp_path / 'a.mkv', 2, 30, audio_rate=48_000, audio_codec='libopus', layout='7.1')
  assert np.abs(read_span(path, 0.0, 2.0).waveform).max() == pytest.approx(0.5, abs=0.06)
