"""All benchmarks, one after the other, each in a process of its own; then one table of all results that there are.

python -m benchmarks.speed [NAME ...]
"""

import argparse
import subprocess
import sys

from benchmarks.speed import comparison

# In the order of the table. A benchmark is the module of this name; it writes RESULTS/NAME.json.
BENCHMARKS = (
  'clip_making', 'reader', 'training_step', 'inference', 'saved_model', 'log_mel', 'kmeans', 'kmeans_scale', 'feature_store',
  'outer_loop'
)  # fmt: skip


def main() -> None:
  """Runs the benchmarks named (default: all), then prints the table."""
  parser = argparse.ArgumentParser(
    prog='python -m benchmarks.speed', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
  )
  parser.add_argument('names', nargs='*', metavar='NAME', help=f'of {", ".join(BENCHMARKS)}; default: all')
  names = parser.parse_args().names or BENCHMARKS
  unknown = [name for name in names if name not in BENCHMARKS]
  if unknown:
    parser.error(f'{unknown[0]} is no benchmark; expected some of {", ".join(BENCHMARKS)}')
  failed = [n for n in names if subprocess.run([sys.executable, '-m', f'benchmarks.speed.{n}'], check=False).returncode]
  print('\n' + comparison.table(comparison.read_rows(BENCHMARKS)))
  sys.exit(f'failed: {", ".join(failed)}' if failed else 0)


if __name__ == '__main__':
  main()
