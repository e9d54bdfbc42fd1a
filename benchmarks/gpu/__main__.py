"""Clips a second of training, features, k-means and the reader on whatever GPUs TensorFlow sees (or CPUs, if none).

  python -m benchmarks.gpu --output results.json

Under the strategy and the settings that `xdc pretrain` takes, at the paper's sizes: clips of 8x224x224, batches of 32 a GPU; in the
same run PyTorch's best, where it can be imported. --part runs one part, --small makes everything small, to see that it works.
"""

import argparse
import dataclasses
import os
import subprocess

import tensorflow as tf

from benchmarks import machine
from benchmarks.gpu import parts
from benchmarks.gpu.ours import SMALL, Sizes
from benchmarks.miniature.results import markdown
from xdc_tf import files, xla_cache
from xdc_tf.training import distribution


def main() -> None:
  """Measures, writes after every part, prints."""
  parser = argparse.ArgumentParser(
    prog='python -m benchmarks.gpu', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
  )
  parser.add_argument('--output', required=True, help='results as JSON; rows of other parts in it stay')
  parser.add_argument('--part', choices=parts.PARTS, action='append', help='this part only; may be repeated')
  parser.add_argument('--small', action='store_true', help='everything small, to see that it works')
  arguments = parser.parse_args()
  sizes = SMALL if arguments.small else Sizes()
  strategy = distribution.make_strategy()
  gpus = tf.config.list_physical_devices('GPU')
  devices = [tf.config.experimental.get_device_details(gpu).get('device_name', 'GPU') for gpu in gpus] or ['CPU']
  rows = files.read_json(arguments.output)['rows'] if os.path.exists(arguments.output) else {}
  for part in arguments.part or parts.PARTS:
    rows[part] = []
    for row in measured(part, sizes, strategy):
      rows[part].append(row)
      print(part, row, flush=True)
    contents = {'devices': devices, 'driver': _driver(), 'sizes': dataclasses.asdict(sizes), 'rows': rows}
    files.write_json(arguments.output, contents | machine.describe(_packages()))
  print(f'\n{", ".join(devices)}\n\n{table(rows)}')


def measured(part: str, sizes: Sizes, strategy: tf.distribute.Strategy):
  """Yields the rows of a part; what fails says why, so that the others are measured."""
  try:
    yield from parts.PARTS[part](sizes, strategy)
  except (tf.errors.OpError, ValueError, RuntimeError, ImportError, subprocess.SubprocessError) as error:
    yield {'what': part, 'error': str(error).splitlines()[0][:200]}


def table(rows: dict[str, list[dict]]) -> str:
  """Formats a Markdown table of all parts."""
  lines = [['what', 'ours', 'peer', "peer's", 'ratio', 'GiB']]
  for row in (row for part in rows.values() for row in part):
    ours = row.get('error') or (f'{row["seconds"]:.1f} s' if 'seconds' in row else _rate(row.get('clips_per_second')))
    ratio = f'{row["ratio"]:.2f}' if 'ratio' in row else ''
    memory = str(row.get('memory_gib') or '')
    lines.append([row['what'], ours, row.get('peer', ''), _rate(row.get('peer_clips_per_second')), ratio, memory])
  return markdown(lines)


def _rate(clips_per_second: float | None) -> str:
  return '' if clips_per_second is None else f'{clips_per_second:,.0f} clips/s'


def _packages() -> tuple[str, ...]:
  try:
    import torch  # noqa: F401
  except ImportError:
    return ()
  return ('torch',)


def _driver() -> str:
  """The first line of what the NVIDIA driver says of itself; '' without one."""
  if not os.path.exists(xla_cache.DRIVER):
    return ''
  with open(xla_cache.DRIVER) as file:
    return file.readline().strip()


if __name__ == '__main__':
  main()
