"""An exported model with its preprocessing against its encoder called directly on input that is prepared already."""

import functools
import tempfile

import numpy as np
import tensorflow as tf

from benchmarks.speed import comparison
from benchmarks.speed.comparison import Comparison
from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.records import audio_ops, video_ops
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.serving.export import export_audio, export_video

BATCHES = (1, 16)
LIMIT = 1.10
SHORT_SIDE = 112
SAMPLES = 32_000


def video(folder: str) -> list[Comparison]:
  """Exports an R(2+1)D-18 that takes frames; they have the crop's size, so nothing is scaled."""
  encoder, inputs = R2Plus1D18(), VideoInput(num_frames=8, crop_size=SHORT_SIDE)
  served = tf.saved_model.load(export_video(encoder, inputs, SHORT_SIDE, folder)).signatures['embed_frames']
  frames = np.random.default_rng(0).integers(0, 256, (max(BATCHES), *inputs.shape)).astype(np.uint8)
  ready = video_ops.normalize(tf.constant(frames), inputs.mean, inputs.std)
  what = 'SavedModel, R(2+1)D-18, 8x112x112, uint8 frames'
  return _comparisons(what, encoder, lambda n: served(frames=tf.constant(frames[:n])), ready)


def audio(folder: str) -> list[Comparison]:
  """Exports an audio ResNet-18 that takes sound: the log-mel is in its time."""
  encoder, inputs = AudioResNet18(), AudioInput()
  served = tf.saved_model.load(export_audio(encoder, inputs, LogMelSpec(), folder)).signatures['embed']
  waveforms = np.random.default_rng(0).uniform(-0.5, 0.5, (max(BATCHES), SAMPLES)).astype(np.float32)
  log_mel = audio_ops.normalize(audio_ops.log_mel(waveforms), inputs.mean, inputs.std)
  what = 'SavedModel, audio ResNet-18, 2 s of sound'
  return _comparisons(
    what, encoder, lambda n: served(waveform=tf.constant(waveforms[:n])), audio_ops.audio_image(log_mel)
  )


def _comparisons(what, encoder, serve, ready) -> list[Comparison]:
  direct = tf.function(lambda x: encoder(x, training=False))

  def served(n: int) -> np.ndarray:
    return serve(n)['embedding'].numpy()

  def called(n: int) -> np.ndarray:
    return direct(ready[:n]).numpy()

  return [
    Comparison(
      f'{what}, batch {n}',
      'the encoder called directly',
      functools.partial(served, n),
      functools.partial(called, n),
      LIMIT,
    )
    for n in BATCHES
  ]


def main() -> None:
  """Measures and reports."""
  arguments = comparison.parser('saved_model', __doc__).parse_args()
  tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
  tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
  with tempfile.TemporaryDirectory() as folder:
    works = [*video(f'{folder}/video'), *audio(f'{folder}/audio')]
    rows = [comparison.measure(each, arguments.repeats, warmups=2) for each in works]
  comparison.report(rows, arguments.output, arguments.threads)


if __name__ == '__main__':
  main()
