"""A step of EncoderTrainer against the same step in PyTorch: R(2+1)D-18 in float32 and bfloat16, audio ResNet-18.

Where the processor has no units for bfloat16 its rows are left out.
"""

from benchmarks.speed import comparison, encoders
from benchmarks.speed.comparison import Comparison
from benchmarks.speed.encoders import AUDIO, VIDEO, Ours, Theirs
from xdc_tf.training.distribution import has_bfloat16_units

VIDEO_BATCH = 4
AUDIO_BATCH = 32


def comparisons() -> list[Comparison]:
  """Makes the networks and says what is compared."""
  ours, peers = encoders.both_sides(VIDEO, VIDEO_BATCH)
  theirs = comparison.faster([peer.train for peer in peers])
  what = f'training step, {VIDEO.name}, batch {VIDEO_BATCH}, '
  result = [Comparison(what + 'float32', 'PyTorch, float32', ours.train, theirs, 0.85)]
  if has_bfloat16_units():
    ours_bfloat16 = Ours(VIDEO, VIDEO_BATCH, 'bfloat16')
    theirs_bfloat16 = comparison.faster(
      [Theirs(VIDEO, VIDEO_BATCH, autocast=True, channels_last=last).train for last in (False, True)]
    )
    result += [
      Comparison(what + 'bfloat16', 'PyTorch, float32', ours_bfloat16.train, theirs, 0.52),
      Comparison(what + 'bfloat16', 'PyTorch, bfloat16', ours_bfloat16.train, theirs_bfloat16, 0.95),
    ]
  ours, peers = encoders.both_sides(AUDIO, AUDIO_BATCH)
  theirs = comparison.faster([peer.train for peer in peers])
  what = f'training step, {AUDIO.name}, batch {AUDIO_BATCH}, '
  result.append(Comparison(what + 'float32', 'PyTorch, float32', ours.train, theirs, 0.85))
  if has_bfloat16_units():
    ours_bfloat16 = Ours(AUDIO, AUDIO_BATCH, 'bfloat16')
    result.append(Comparison(what + 'bfloat16', 'PyTorch, float32', ours_bfloat16.train, theirs, 0.85))
  return result


def main() -> None:
  """Measures and reports."""
  arguments = comparison.parser('training_step', __doc__).parse_args()
  encoders.use_threads(arguments.threads)
  rows = [comparison.measure(each, arguments.repeats, warmups=2) for each in comparisons()]
  comparison.report(rows, arguments.output, arguments.threads, ('torch',))


if __name__ == '__main__':
  main()
