import re

import librosa
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from xdc_tf.records import audio_ops

pytestmark = pytest.mark.stack


def _noise(*shape):
  return np.random.default_rng(0).uniform(-0.9, 0.9, shape).astype(np.float32)


def _words(text):
  return ' '.join(text.split())


def _librosa_log_mel(waveform, num_frames, window_length=400):
  before = (window_length - 320) // 2
  padded = np.pad(waveform, (before, num_frames * 320 + before + 1 - waveform.size))
  frames = np.stack([padded[m * 320 : m * 320 + window_length] for m in range(num_frames)])
  power = np.abs(np.fft.rfft(frames * scipy.signal.get_window('hann', window_length, fftbins=True), 512)) ** 2
  filters = librosa.filters.mel(sr=16000, n_fft=512, n_mels=40, fmin=20, fmax=8000, htk=True, norm=None)
  return np.log(power @ filters.T + 1e-6)


def test_two_seconds_give_a_hundred_frames_equal_to_librosa():
  waveform = _noise(32000)
  actual = audio_ops.log_mel(waveform)
  assert actual.dtype == tf.float32
  assert actual.shape == (100, 40)
  np.testing.assert_allclose(actual, _librosa_log_mel(waveform, 100), atol=2e-3)


@pytest.mark.parametrize('window_length', [399, 321])
def test_windows_of_odd_lengths_are_periodic_too(window_length):
  """25 ms at 22.05 kHz are 551 samples, for which TensorFlow's periodic window is a symmetric one."""
  waveform = _noise(16000)
  actual = audio_ops.log_mel(waveform, audio_ops.LogMelSpec(window_length=window_length))
  np.testing.assert_allclose(actual, _librosa_log_mel(waveform, 50, window_length), atol=2e-4)


def test_equals_librosas_own_spectrogram_padded_as_the_docstring_says():
  waveform, spec = _noise(16000), audio_ops.LogMelSpec()
  longer, shorter = re.search(
    r'\((\w+) - (\w+)\) / 2 zeros on both\s+sides', _words(audio_ops.log_mel.__doc__)
  ).groups()
  padded = np.pad(waveform, (getattr(spec, longer) - getattr(spec, shorter)) // 2)
  expected = librosa.feature.melspectrogram(
    y=padded,
    sr=16000,
    n_fft=512,
    win_length=400,
    hop_length=320,
    center=False,
    power=2,
    n_mels=40,
    fmin=20,
    fmax=8000,
    htk=True,
    norm=None,
  )
  np.testing.assert_allclose(audio_ops.log_mel(waveform), np.log(expected.T + 1e-6), atol=1e-5)


@pytest.mark.parametrize(('num_samples', 'num_frames'), [(0, 0), (1, 1), (319, 1), (320, 1), (321, 2), (32001, 101)])
def test_every_begun_hop_is_a_frame(num_samples, num_frames):
  waveform = _noise(num_samples)
  actual = audio_ops.log_mel(waveform)
  assert actual.shape == (num_frames, 40)
  if num_frames:
    np.testing.assert_allclose(actual, _librosa_log_mel(waveform, num_frames), atol=2e-3)


def test_batches_and_unknown_lengths_give_the_same():
  waveforms = _noise(2, 3, 4000)
  function = tf.function(audio_ops.log_mel, input_signature=[tf.TensorSpec([None, None, None], tf.float32)])
  actual = function(waveforms)
  assert actual.shape == (2, 3, 13, 40)
  for i, j in np.ndindex(2, 3):
    np.testing.assert_allclose(actual[i, j], audio_ops.log_mel(waveforms[i, j]), atol=1e-5)


def test_a_tone_is_loudest_in_its_filter():
  centres = librosa.mel_frequencies(n_mels=42, fmin=20, fmax=8000, htk=True)[1:-1]
  seconds = np.arange(8000) / 16000
  for pitch in (500.0, 3000.0):
    loudest = np.argmax(audio_ops.log_mel(np.sin(2 * np.pi * pitch * seconds).astype(np.float32))[12])
    assert loudest == np.argmin(abs(centres - pitch))


def test_silence():
  assert audio_ops.silence() == pytest.approx(-13.8155, abs=1e-4)
  np.testing.assert_allclose(audio_ops.log_mel(np.zeros(3200, np.float32)), audio_ops.silence(), rtol=1e-6)


def test_windows_are_padded_with_silence():
  log_mel = tf.reshape(tf.range(20, dtype=tf.float32), [10, 2])
  np.testing.assert_array_equal(audio_ops.windows(log_mel, 3, 4), log_mel[3:7])
  beyond = audio_ops.windows(log_mel, 8, 4).numpy()
  np.testing.assert_array_equal(beyond[:2], log_mel[8:])
  np.testing.assert_allclose(beyond[2:], audio_ops.silence())
  before = audio_ops.windows(log_mel, -1, 3).numpy()
  np.testing.assert_allclose(before[0], audio_ops.silence())
  np.testing.assert_array_equal(before[1:], log_mel[:2])
  np.testing.assert_allclose(audio_ops.windows(log_mel[:0], 0, 3), audio_ops.silence())


def test_audio_image_is_filters_by_frames():
  log_mel = _noise(5, 100, 40)
  image = audio_ops.audio_image(tf.constant(log_mel)).numpy()
  assert image.shape == (5, 40, 100, 1)
  assert image[3, 7, 21, 0] == log_mel[3, 21, 7]


def test_normalize():
  log_mel = _noise(5, 40)
  np.testing.assert_allclose(audio_ops.normalize(tf.constant(log_mel), -4.0, 3.0), (log_mel + 4.0) / 3.0, rtol=1e-6)


def test_contradictory_settings_are_refused():
  with pytest.raises(ValueError, match='hop_length <= window_length'):
    audio_ops.LogMelSpec(hop_length=500)
  with pytest.raises(ValueError, match='sample_rate / 2'):
    audio_ops.LogMelSpec(sample_rate=8000)
