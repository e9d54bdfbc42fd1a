import dataclasses
import io

import av
import numpy as np
import pytest
import tensorflow as tf
from clip_factory import brightening_clip, jpeg, tone

from xdc_tf.report import thumbnails
from xdc_tf.report.thumbnails import ClipMedia

SILENCE = np.zeros(0, np.float32)


@pytest.fixture
def two_seconds() -> ClipMedia:
  return brightening_clip()


def decoded_frames(data: bytes) -> np.ndarray:
  with av.open(io.BytesIO(data)) as container:
    return np.stack([frame.to_ndarray(format='rgb24') for frame in container.decode(video=0)])


def decoded_sound(data: bytes) -> np.ndarray:
  """Returns float32 [S] at the 48 kHz that every Opus decoder gives."""
  with av.open(io.BytesIO(data)) as container:
    return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def test_two_seconds_become_thirty_frames_with_sound(two_seconds):
  thumbnail = thumbnails.make_thumbnail(two_seconds)
  frames, sound = decoded_frames(thumbnail.video), decoded_sound(thumbnail.video)
  assert frames.shape == (30, 112, 200, 3)
  # At 15 of 30 frames a second every second frame is shown, and frame k is grey of value 4 k.
  np.testing.assert_allclose(frames.mean(axis=(1, 2, 3)), 8 * np.arange(30), atol=3)
  assert len(sound) == 2 * 48000
  spectrum = np.abs(np.fft.rfft(sound[24000:72000]))
  assert np.argmax(spectrum) == 440
  assert np.sqrt(np.mean(sound**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)
  assert thumbnail.spectrogram[:4] == b'RIFF'


def test_colours_survive():
  image = np.zeros((256, 456, 3))
  image[:, :228], image[:, 228:] = (200, 60, 30), (40, 90, 180)
  thumbnail = thumbnails.make_thumbnail(ClipMedia([jpeg(image)] * 30, SILENCE))
  poster = av.open(io.BytesIO(thumbnail.poster), format='webp_pipe')
  pictures = [decoded_frames(thumbnail.video)[7], next(poster.decode(video=0)).to_ndarray(format='rgb24')]
  for picture in pictures:
    assert picture.shape == (112, 200, 3)
    np.testing.assert_allclose(picture[20:90, 20:80].mean(axis=(0, 1)), (200, 60, 30), atol=6)
    np.testing.assert_allclose(picture[20:90, 120:180].mean(axis=(0, 1)), (40, 90, 180), atol=6)
  assert not thumbnail.spectrogram
  with av.open(io.BytesIO(thumbnail.video)) as container:
    assert not container.streams.audio


def test_two_busy_seconds_stay_small():
  rng = np.random.default_rng(0)
  coarse = rng.integers(0, 256, (9, 16, 3)).astype(np.float32)
  scenery = tf.image.resize(coarse, (256, 456), method='bicubic').numpy().clip(0, 255)
  # Scenery that moves sideways, with noise on it and in the sound.
  frames = [jpeg((np.roll(scenery, 3 * k, axis=1) + rng.normal(0, 4, scenery.shape)).clip(0, 255)) for k in range(60)]
  sound = (tone(2.0) + rng.normal(0, 0.1, 32000)).astype(np.float32)
  thumbnail = thumbnails.make_thumbnail(ClipMedia(frames, sound))
  assert 5_000 < len(thumbnail.video) < 22_000
  assert 300 < len(thumbnail.poster) < 5_000


def test_same_clip_same_bytes(two_seconds):
  assert thumbnails.make_thumbnail(two_seconds) == thumbnails.make_thumbnail(two_seconds)


def test_frames_are_those_of_their_time():
  # 60 frames in 10 seconds; the 76th of 150 frames, at 75 / 15 seconds, shows frame 30.
  frames = decoded_frames(thumbnails.make_thumbnail(brightening_clip(60, frame_rate=6.0)).video)
  assert len(frames) == 150
  np.testing.assert_allclose(frames[[0, 75, 149]].mean(axis=(1, 2, 3)), [0, 4 * 30, 4 * 59], atol=3)


def test_sound_lasts_as_long_as_the_pictures(two_seconds):
  short = thumbnails.make_thumbnail(dataclasses.replace(two_seconds, waveform=tone(1.0)))
  sound = decoded_sound(short.video)
  assert len(sound) == 96000
  assert np.abs(sound[24000:40000]).max() > 0.25
  assert np.abs(sound[60000:]).max() < 0.01


def test_tall_and_wide_pictures_keep_their_shape():
  for (height, width), expected in {(320, 180): (112, 62), (90, 400): (50, 224), (6, 6): (112, 112)}.items():
    clip = ClipMedia([jpeg(np.full((height, width, 3), 128))] * 4, SILENCE)
    assert decoded_frames(thumbnails.make_thumbnail(clip).video).shape[1:3] == expected


def test_what_is_missing_is_left_out(two_seconds):
  assert thumbnails.make_thumbnail(ClipMedia([], SILENCE)) == thumbnails.Thumbnail(b'', b'', b'')
  still = thumbnails.make_thumbnail(ClipMedia(two_seconds.frames[:1], SILENCE))
  assert (still.video, still.spectrogram) == (b'', b'')
  assert still.poster[:4] == b'RIFF'
  heard = thumbnails.make_thumbnail(ClipMedia([], tone(2.0)))
  assert heard.spectrogram[:4] == b'RIFF'
  assert heard.poster[:4] == b'RIFF'
  assert len(decoded_sound(heard.video)) == 96000


@pytest.mark.parametrize('damage', [b'', b'not a picture', b'\xff\xd8\xff\xe0'])
def test_damaged_pictures_are_named(damage):
  with pytest.raises(thumbnails.UnreadablePictureError, match='A frame of'):
    thumbnails.make_thumbnail(ClipMedia([damage] * 4, SILENCE))
