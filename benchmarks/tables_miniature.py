"""The paper's Tables 2, 3, 4 and 13 and its choices of schedule in miniature, on AV digits (synthetic).

  python -m benchmarks.tables_miniature --output tables_run/results.json [--table 2 ...] [--seeds 0,1,2] [--jobs 2]

Every row is XDC, or a supervised encoder, on a corpus of its own kind with one setting of its own; all else is that of Table 1 in
miniature. Only the linear probes are measured. Killed or not, the same command goes on; what was measured is not measured again.
"""

import argparse
import dataclasses
import glob
import os
import subprocess
import sys

from benchmarks import command_line, machine, table1_miniature
from benchmarks.miniature import labels, results
from xdc_tf import files

# Of what a cell has: the last one where the encoder is supervised.
ACCURACIES = ('probe', 'probe_few', 'finetune_all')
# Of Table 1 in miniature: what a row has that says nothing else.
TRAINING_CLIPS, ITERATIONS = 3000, 6


@dataclasses.dataclass(frozen=True)
class Row:
  """One row of one table.

  Attributes:
    table: the paper's table.
    title: what differs.
    corpus: options of `xdc make-avdigits` beside the level 'hard'.
    method: a row of miniature/methods.py.
    num_clusters: k of every clustering.
    gin_params: bindings.
  """

  table: str
  title: str
  corpus: tuple[str, ...] = ()
  method: str = 'xdc'
  num_clusters: int = 20
  gin_params: tuple[str, ...] = ()

  @property
  def name(self) -> str:
    """Of its folder, which rows of the same setting share: they are measured once."""
    words = [self.method, f'k={self.num_clusters}', *self.corpus, *self.gin_params]
    return ''.join(letter if letter.isalnum() else '-' for letter in ' '.join(words))


def _sized(clips: int, mismatched: float = 0.0, method: str = 'xdc') -> Row:
  kind = f'{mismatched:.0%} with the sound of another digit' if mismatched else 'curated'
  options = [('--train', str(clips))] if clips != TRAINING_CLIPS else []
  options += [('--mismatched_sound', str(mismatched))] if mismatched else []
  title = f'{clips} clips, {"supervised" if method == "scratch" else kind}'
  return Row('3 and 4', title, tuple(word for option in options for word in option), method)


def _iterations(number: int) -> tuple[str, ...]:
  return () if number == ITERATIONS else (f'Pretraining.num_iterations = {number}',)


ROWS = (
  *(Row('2', f'k = {k}', num_clusters=k) for k in (5, 10, 20, 40, 80, 160, 320)),
  *(_sized(clips, mismatched) for clips in (1000, 2000, 3000) for mismatched in (0.0, 0.2, 0.4)),
  *(_sized(clips, method='scratch') for clips in (1000, 2000, 3000)),
  Row('13', 'R(2+1)D'),
  Row('13', 'ResNet3D', method='xdc_resnet3d'),
  *(Row('iterations', f'{n} iterations', gin_params=_iterations(n)) for n in (1, 2, 3, 6, 10)),
  Row('schedule', 'early stopping', gin_params=('Schedule.early_stop_epochs = 1', 'Schedule.keep_best = True')),
  Row('schedule', 'trained again on 8 frames', gin_params=('Pretraining.retraining = @Retraining()', 'Retraining.num_frames = 8')),
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
  """Returns the parser of the command line."""
  result = command_line.parser('benchmarks.tables_miniature', __doc__)
  add = result.add_argument
  add(
    '--output',
    required=True,
    help='results as JSON; the table (.md) and the plot of labels (.svg) go beside it, corpora and runs into its folder',
  )
  add('--table', action='append', choices=sorted({row.table for row in ROWS}), help='only this one; may be repeated')
  add('--seeds', default='0', help='of corpora and trainings; default %(default)s')
  add('--jobs', type=int, default=1, help='cells at a time; default %(default)s')
  return result


def main() -> None:
  """Runs what is missing, then prints the table."""
  options = parser().parse_args()
  rows = [row for row in ROWS if not options.table or row.table in options.table]
  work_dir, failed = os.path.splitext(options.output)[0], 0
  for seed in map(int, options.seeds.split(',')):
    for row in rows:
      failed += measure(row, seed, work_dir, options.jobs)
      cells = [cell for each in ROWS for cell in read(each, work_dir)]
      files.write_json(options.output, {'rows': cells, **machine.describe()})
  contents = files.read_json(options.output)
  text = report(contents)
  labels.plot(contents['rows'], f'{work_dir}.svg')
  with files.atomic_write(f'{work_dir}.md', 'w') as file:
    file.write(text + '\n')
  print('\n' + text)
  sys.exit(f'tables_miniature: {failed} cells failed; their logs are named above.' if failed else 0)


def measure(row: Row, seed: int, work_dir: str, jobs: int) -> int:
  """Makes the corpus of a row where there is none yet, and measures its cell; returns how many failed."""
  name = '-'.join(['hard', f'seed-{seed}', *(word.strip('-') for word in row.corpus)])
  corpus = os.path.join(work_dir, 'corpora', name)
  command = [sys.executable, '-m', 'xdc_tf.cli.main', 'make-avdigits', '--output_dir', corpus, '--seed', str(seed)]
  subprocess.run([*command, *row.corpus], check=True)
  words = ['--corpus', corpus, '--records_dir', f'{corpus}-records', '--seeds', str(seed), '--methods', row.method]
  # A file of its own for each seed: table1_miniature writes the seeds that it is asked for, and no others.
  folder = os.path.join(work_dir, row.name)
  words += ['--output', os.path.join(folder, f'seed-{seed}.json'), '--work_dir', os.path.join(folder, 'results')]
  words += ['--jobs', str(jobs), '--probes_only']
  words += ['--num_clusters', str(row.num_clusters), *(word for p in row.gin_params for word in ('--gin_param', p))]
  return table1_miniature.compare(table1_miniature.parser().parse_args(words))


def read(row: Row, work_dir: str) -> list[dict]:
  """Returns what has been measured of a row, a seed each."""
  paths = glob.glob(os.path.join(glob.escape(os.path.join(work_dir, row.name)), 'seed-*.json'))
  cells = sorted((cell for path in paths for cell in files.read_json(path)['cells']), key=lambda cell: cell['seed'])
  known = {'table': row.table, 'title': row.title}
  return [known | {key: cell[key] for key in ('seed', 'seconds')} | _accuracies(cell['encoders']) for cell in cells]


def _accuracies(encoders: dict[str, dict]) -> dict[str, dict[str, float]]:
  """Returns {accuracy: {modality: its value}} of those that were measured."""
  return {
    key: {modality: values[key] for modality, values in encoders.items()}
    for key in ACCURACIES
    if all(key in values for values in encoders.values())
  }


def report(contents: dict) -> str:
  """Formats both Markdown tables: of the paper's tables, and of what labels are worth."""
  return '\n\n'.join(filter(None, (table(contents), labels.table(contents['rows']))))


def table(contents: dict) -> str:
  """Formats a Markdown table: the mean of the linear probes over the seeds, and their standard deviation."""
  rows = [['table', 'XDC with', *(f'{modality}, linear probe' for modality in results.MODALITIES), 'seeds']]
  for row in ROWS:
    cells = [cell for cell in contents['rows'] if (cell['table'], cell['title']) == (row.table, row.title)]
    if cells:
      probes = [results.mean([cell['probe'][modality] for cell in cells]) for modality in results.MODALITIES]
      rows.append([row.table, row.title, *probes, ', '.join(str(cell['seed']) for cell in cells)])
  return f'{results.markdown(rows)}\n\n{contents["machine"]}; {contents["software"]}; {contents["date"]}.'


if __name__ == '__main__':
  main()
