"""The reliability campaign: our programs are killed, fed with damage, denied their disk, and asked by many at once.

python -m benchmarks.reliability [--short] [--part PART ...]

docs/reliability.md says what is promised and shows the table. Everything random depends on --seed; moments of kills are drawn, but
where a program is at a moment is not ours to say. Only our own programs are exercised, on files that this package makes.
"""

import argparse
import dataclasses
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator

import numpy as np

from benchmarks import machine
from benchmarks.reliability import broken_disks, damage, kills, report, serving
from benchmarks.reliability.material import Material
from benchmarks.reliability.processes import Commands
from xdc_tf import files

PARTS = ('kills', 'damage', 'disk', 'serving')
RESULTS = os.path.join(os.path.dirname(os.path.dirname(__file__)), 'results', 'reliability.json')


def parser() -> argparse.ArgumentParser:
  """Returns the parser of the campaign."""
  result = argparse.ArgumentParser(
    prog='python -m benchmarks.reliability', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
  )
  add = result.add_argument
  add('--part', action='append', choices=PARTS, help='only this part; may be repeated (default: all)')
  add('--short', action='store_true', help='a form of at most two minutes on two cores')
  add('--seed', type=int, default=0, help='of everything random; default %(default)s')
  add('--kills', type=int, help='SIGKILLs in all (default: 200; short: 6)')
  add('--cases', type=float, default=1.0, help='share of the damaged inputs of the full form; default %(default)s')
  add('--serving_seconds', type=float, help='how long clients ask (default: 300; short: 5)')
  add('--output', default=RESULTS, help='default: %(default)s')
  return result


def measure(options: argparse.Namespace, folder: str) -> Iterator[report.Row]:
  """Runs the parts that are asked for; yields their rows. A part that breaks off is a failed row."""
  os.makedirs(f'{folder}/logs')
  made = Material(folder, Commands(f'{folder}/logs'))
  short = options.short
  num_kills = (6 if short else 200) if options.kills is None else options.kills
  seconds = (5 if short else 300) if options.serving_seconds is None else options.serving_seconds
  runs = {
    'kills': lambda rng: kills.run(made, rng, short, num_kills),
    'damage': lambda rng: damage.run(made, rng, short, options.cases),
    'disk': lambda rng: broken_disks.run(made, rng, short),
    'serving': lambda rng: serving.run(made, rng, short, seconds),
  }
  for number, part in enumerate(PARTS):
    if part in (options.part or PARTS):
      try:
        # A part alone draws what it draws among the others.
        yield from runs[part](np.random.default_rng((options.seed, number)))
      except Exception as error:
        traceback.print_exc()
        yield report.Row(part, 'the campaign itself', failures=[f'broke off: {error!r}'])
      finally:
        made.commands.end_orphans()


def main() -> None:
  """Runs the campaign, prints the table and keeps the JSON up to date; the exit status is 1 where something failed.

  Parts that are not run stay in the JSON as they are.
  """
  options, now = parser().parse_args(), time.monotonic()
  # So that a time limit leaves neither processes nor mounts nor folders behind.
  signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended by SIGTERM'))
  parts = files.read_json(options.output)['parts'] if os.path.exists(options.output) else {}
  asked = {name: getattr(options, name) for name in ('seed', 'short', 'kills', 'cases', 'serving_seconds')}
  began: dict[str, float] = {}
  with tempfile.TemporaryDirectory(prefix='xdc_reliability_') as folder:
    for row in measure(options, folder):
      row.failures = [failure.replace(folder, 'FOLDER') for failure in row.failures]
      if row.part not in began:
        began[row.part], parts[row.part] = now, {'rows': [], **asked, **machine.describe()}
      now, part = time.monotonic(), parts[row.part]
      part['rows'].append(dataclasses.asdict(row))
      part['minutes'] = (now - began[row.part]) / 60
      files.write_json(options.output, {'parts': parts})
      print(report.table(part['rows'][-1:]).splitlines()[-1], flush=True)
      for failure in row.failures:
        print(f'  failed: {failure}', flush=True)
  run_now = {'parts': {name: parts[name] for name in began}}
  print(f'\n{report.table(report.rows_of(run_now))}\n\n{report.about(run_now)}')
  sys.exit(1 if any(row['failures'] for row in report.rows_of(run_now)) else 0)


if __name__ == '__main__':
  main()
