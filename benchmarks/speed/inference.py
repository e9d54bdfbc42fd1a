"""Features of a batch against PyTorch: R(2+1)D-18 in float32 and bfloat16 (where the processor has units for it)."""

from benchmarks.speed import comparison, encoders
from benchmarks.speed.comparison import Comparison
from benchmarks.speed.encoders import VIDEO, Ours
from xdc_tf.training.distribution import has_bfloat16_units

BATCH = 4


def comparisons() -> list[Comparison]:
  """Makes the networks and says what is compared."""
  ours, peers = encoders.both_sides(VIDEO, BATCH)
  theirs = comparison.faster([peer.infer for peer in peers])
  what = f'features, {VIDEO.name}, batch {BATCH}, '
  result = [Comparison(what + 'float32', 'PyTorch, float32', ours.infer, theirs, 0.90)]
  if has_bfloat16_units():
    ours = Ours(VIDEO, BATCH, 'bfloat16')
    result.append(Comparison(what + 'bfloat16', 'PyTorch, float32', ours.infer, theirs, 0.55))
  return result


def main() -> None:
  """Measures and reports."""
  arguments = comparison.parser('inference', __doc__).parse_args()
  encoders.use_threads(arguments.threads)
  rows = [comparison.measure(each, arguments.repeats, warmups=2) for each in comparisons()]
  comparison.report(rows, arguments.output, arguments.threads, ('torch',))


if __name__ == '__main__':
  main()
