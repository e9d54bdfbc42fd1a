"""Waveform -> log-mel: the only mel code of the project. The Beam job, the serving signatures and the tests call it.

Two seconds become Q x P = 40 x 100 (Section 4, "Pretraining and evaluation details"). 100 frames over 2 s force a hop of
20 ms; the sample rate, the window, the mel scale and the offset are unpublished, and LogMelSpec's defaults are ours.
"""

import dataclasses
import math
import numbers

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class LogMelSpec:
  """How a waveform becomes a log-mel.

  Attributes:
    sample_rate: hertz.
    window_length: samples of the periodic Hann window, 25 ms.
    hop_length: samples from frame to frame, 20 ms.
    fft_length: samples; a shorter window is padded with zeros.
    num_filters: mel filters, Q of the paper.
    lower_hz: where the first filter begins.
    upper_hz: where the last filter ends.
    log_offset: added to the power before the natural logarithm.
  """

  sample_rate: int = 16_000
  window_length: int = 400
  hop_length: int = 320
  fft_length: int = 512
  num_filters: int = 40
  lower_hz: float = 20.0
  upper_hz: float = 8_000.0
  log_offset: float = 1e-6

  def __post_init__(self):
    """Raises ValueError for numbers that are of no use, and for lengths and frequencies that contradict each other."""
    for name in ('sample_rate', 'window_length', 'hop_length', 'fft_length', 'num_filters'):
      value = getattr(self, name)
      if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f'LogMelSpec.{name} is {value!r}; expected a whole number of at least 1.')
    if not 0 < self.log_offset < math.inf:  # Else silence would be -inf.
      raise ValueError(f'LogMelSpec.log_offset is {self.log_offset!r}; expected more than 0.')
    if not 0 < self.hop_length <= self.window_length <= self.fft_length:
      raise ValueError(
        'LogMelSpec needs 0 < hop_length <= window_length <= fft_length. '
        f'Received: {self.hop_length}, {self.window_length}, {self.fft_length}.'
      )
    if not 0 <= self.lower_hz < self.upper_hz <= self.sample_rate / 2:
      raise ValueError(
        'LogMelSpec needs 0 <= lower_hz < upper_hz <= sample_rate / 2. '
        f'Received: {self.lower_hz}, {self.upper_hz}, {self.sample_rate}.'
      )


def log_mel(waveform: tf.Tensor, spec: LogMelSpec = LogMelSpec()) -> tf.Tensor:
  """Computes ln(mel power + log_offset); frame m is centred on sample (m + 1/2) * hop_length.

  Equals the logarithm of librosa.feature.melspectrogram(center=False, htk=True, norm=None, power=2) plus log_offset on the wave
  padded with (fft_length - hop_length) / 2 zeros on both sides, the end rounded up to a whole hop before: librosa puts a shorter
  window in the middle of the transform.

  Args:
    waveform: float32 [..., S] in [-1, 1] at spec.sample_rate; S may be unknown when the graph is built.
    spec: see LogMelSpec.

  Returns:
    float32 [..., M, num_filters], M = ceil(S / hop_length): 32,000 samples give 100 frames.
  """
  waveform = tf.convert_to_tensor(waveform, tf.float32)
  num_samples = tf.shape(waveform)[-1]
  num_frames = -(-num_samples // spec.hop_length)
  before = (spec.window_length - spec.hop_length) // 2
  # No sound gives no frame, but the transform wants one: it is cut off at the end.
  padded = (tf.maximum(num_frames, 1) - 1) * spec.hop_length + spec.fft_length
  paddings = [[0, 0]] * (waveform.shape.rank - 1) + [[before, padded - before - num_samples]]
  # Frames as long as the transform, which would take as long again to lengthen them; the window is zero where they are longer.
  frames = tf.signal.frame(tf.pad(waveform, paddings), spec.fft_length, spec.hop_length)
  # A periodic one: of odd lengths TensorFlow's own is not (findings/hann_window_of_odd_length.sh).
  window = tf.signal.hann_window(spec.window_length + 1, periodic=False)[:-1]
  frames *= tf.pad(window, [[0, spec.fft_length - spec.window_length]])
  # The filters add up the squares of real and imaginary parts, which lie side by side: the power itself is never written.
  squares = tf.square(tf.bitcast(tf.signal.rfft(frames), tf.float32))
  filters = np.repeat(mel_filters(spec)[:, np.newaxis], 2, axis=1)
  return tf.math.log(tf.tensordot(squares, filters, 2) + spec.log_offset)[..., :num_frames, :]


def mel_filters(spec: LogMelSpec = LogMelSpec()) -> np.ndarray:
  """Returns float32 [fft_length / 2 + 1, num_filters]: triangles of height 1 over hertz, their corners even on HTK's mel scale.

  tf.signal.linear_to_mel_weight_matrix draws its triangles over mel instead, which differs from librosa by 2 % of power.
  """
  low, high = (2595.0 * np.log10(1.0 + hertz / 700.0) for hertz in (spec.lower_hz, spec.upper_hz))
  corners = 700.0 * (10.0 ** (np.linspace(low, high, spec.num_filters + 2) / 2595.0) - 1.0)
  left, centre, right = corners[:-2], corners[1:-1], corners[2:]
  hertz = np.linspace(0.0, spec.sample_rate / 2, spec.fft_length // 2 + 1)[:, np.newaxis]
  rising, falling = (hertz - left) / (centre - left), (right - hertz) / (right - centre)
  return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def silence(spec: LogMelSpec = LogMelSpec()) -> float:
  """Returns the log-mel of digital silence: ln(log_offset)."""
  return math.log(spec.log_offset)


def windows(log_mel: tf.Tensor, start: tf.Tensor, num_frames: int, spec: LogMelSpec = LogMelSpec()) -> tf.Tensor:
  """Cuts windows out of a log-mel.

  Args:
    log_mel: float32 [M, Q].
    start: int32 [...], the first frame of each; frames beyond M (or before 0) are silence.
    num_frames: P of the paper.
    spec: the one that made `log_mel`.

  Returns:
    float32 [..., num_frames, Q].
  """
  start = tf.convert_to_tensor(start, tf.int32)
  index = start[..., tf.newaxis] + tf.range(num_frames)
  exists = (index >= 0) & (index < tf.shape(log_mel)[0])
  # A row of silence at the end serves every frame that does not exist.
  rows = tf.pad(log_mel, [[0, 1], [0, 0]], constant_values=silence(spec))
  window = tf.gather(rows, tf.where(exists, index, tf.shape(log_mel)[0]))
  return tf.ensure_shape(window, [*start.shape, num_frames, log_mel.shape[-1]])


def normalize(log_mel: tf.Tensor, mean: float, std: float) -> tf.Tensor:
  """Returns (log_mel - mean) / std, float32 of the same shape.

  Args:
    log_mel: float32 of any shape.
    mean: the mean of log-mel values over the data.
    std: standard deviation of them.
  """
  # By the reciprocal: TensorFlow replaces a division by a constant in an exported graph, and the last bit would differ there.
  return (log_mel - mean) * np.float32(1 / std)


def audio_image(log_mel: tf.Tensor) -> tf.Tensor:
  """Turns a log-mel, float32 [..., M, Q], into the paper's Q x P image with one channel, float32 [..., Q, M, 1]."""
  return tf.linalg.matrix_transpose(log_mel)[..., tf.newaxis]
