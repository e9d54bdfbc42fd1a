"""The log-mel of 10,000 windows of two seconds at 16 kHz against librosa.

Ours takes them in batches of 25 or 50, librosa in batches or one by one, whichever is faster; librosa's transform knows no
threads. Each is given its own kind of array, and lets go of what it made before it makes the next, as a job does that writes it.
"""

import functools
from collections.abc import Callable

import librosa
import numpy as np
import tensorflow as tf

from benchmarks.speed import comparison
from benchmarks.speed.comparison import Comparison
from xdc_tf.records import audio_ops
from xdc_tf.records.audio_ops import LogMelSpec

WINDOWS = 10_000
BATCH = 100
OURS_AT_ONCE = (25, 50)
SAMPLES = 32_000
SPEC = LogMelSpec()
# librosa pads the window of 400 samples to the 512 of the transform, and frames only whole ones.
PADDING = (SPEC.window_length - SPEC.hop_length) // 2 + (SPEC.fft_length - SPEC.window_length) // 2


def theirs(waveforms: np.ndarray) -> np.ndarray:
  """Returns librosa's log-mel, float32 [n, M, 40], of waveforms [n, S]."""
  power = librosa.feature.melspectrogram(
    y=np.pad(waveforms, ((0, 0), (PADDING, PADDING))),
    sr=SPEC.sample_rate,
    n_fft=SPEC.fft_length,
    win_length=SPEC.window_length,
    hop_length=SPEC.hop_length,
    center=False,
    power=2,
    n_mels=SPEC.num_filters,
    fmin=SPEC.lower_hz,
    fmax=SPEC.upper_hz,
    htk=True,
    norm=None,
  )
  return np.log(power.swapaxes(1, 2) + SPEC.log_offset)


def _often(make: Callable[[], object]) -> None:
  for _ in range(WINDOWS // BATCH):
    make()


def main() -> None:
  """Checks that both give the same, then measures and reports."""
  parser = comparison.parser('log_mel', __doc__)
  parser.set_defaults(repeats=3)
  arguments = parser.parse_args()
  tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
  waveforms = np.random.default_rng(0).uniform(-0.9, 0.9, (BATCH, SAMPLES)).astype(np.float32)
  log_mel = tf.function(audio_ops.log_mel)

  np.testing.assert_allclose(log_mel(waveforms), theirs(waveforms), atol=2e-3)

  parts = {size: [tf.constant(part) for part in np.split(waveforms, BATCH // size)] for size in OURS_AT_ONCE}

  def in_parts(size):
    for part in parts[size]:
      log_mel(part).numpy()

  def one_by_one():
    for waveform in waveforms:
      theirs(waveform[np.newaxis])

  ours = comparison.faster([functools.partial(in_parts, size) for size in OURS_AT_ONCE])
  peer = comparison.faster([lambda: theirs(waveforms), one_by_one])
  work = Comparison(
    f'log-mel of {WINDOWS:,} windows of 2 s', 'librosa', lambda: _often(ours), lambda: _often(peer), 0.35
  )
  row = comparison.measure(work, arguments.repeats, warmups=0)
  comparison.report([row], arguments.output, arguments.threads, ('librosa',))


if __name__ == '__main__':
  main()
