"""The cells of the table: read, put together, printed and drawn."""

import os

import numpy as np

from benchmarks import machine
from benchmarks.miniature.methods import METHODS
from xdc_tf import files, plots
from xdc_tf.cli import configuration
from xdc_tf.records.schema import open_records

MODALITIES = ('video', 'audio')
# Column of the table, key of a cell.
COLUMNS = {
  'linear probe': 'probe',
  'probe, {few} a class': 'probe_few',
  'finetuned, {few} a class': 'finetune_few',
  'finetuned, all': 'finetune_all',
  'NMI': 'nmi',
  'purity': 'purity',
}


STAGES = ('features', 'k-means', 'pretraining', 'finetuning', 'probes')


def cell_name(method: str, seed: int) -> str:
  """The folder of a cell in the working folder."""
  return os.path.join(f'seed-{seed}', method)


def read_cells(work_dir: str, methods: list[str], seeds: list[int]) -> list[dict]:
  """Reads the results that there are of these methods and seeds, in the order of the table."""
  paths = [os.path.join(work_dir, cell_name(m, s), 'result.json') for m in METHODS if m in methods for s in seeds]
  return [files.read_json(path) for path in paths if os.path.exists(path)]


def collect(corpus: str, records_folder: str, settings: dict, cells: list[dict]) -> dict:
  """Puts together what is written as results.json."""
  records = open_records(records_folder)
  configuration.load([METHODS['xdc'].gin_file], settings['gin_params'])
  return {
    'corpus': {
      'name': os.path.basename(os.path.abspath(corpus)),
      'clips': {split: records.num_clips(split) for split in records.splits},
      'labels': list(records.label_names),
      'failed': records.failed,
    },
    'settings': settings | {'num_iterations': configuration.pretraining().num_iterations},
    'cells': cells,
    **machine.describe(),
  }


def write(path: str, contents: dict) -> None:
  """Writes results.json, and beside it the table (.md) and the plot (.svg), unless there are probes only."""
  files.write_json(path, contents)
  if contents['settings'].get('probes_only'):
    return
  base = os.path.splitext(path)[0]
  with files.atomic_write(base + '.md', 'w') as file:
    file.write(table(contents) + '\n')
  if any(len(cell['iterations']) > 1 for cell in contents['cells']):
    plot(contents, base + '.svg')


def table(contents: dict) -> str:
  """Formats Markdown tables: one a modality, and the cost of the stages; means over the seeds, the slowest seed's costs."""
  cells, few = contents['cells'], contents['settings']['few_labels']
  parts = []
  for modality in MODALITIES:
    rows = [row for method in METHODS if (row := _row(method, modality, cells))]
    if rows:
      titles = [f'{modality} encoder', *(title.format(few=few) for title in COLUMNS), 'seeds']
      parts.append(markdown([titles, *rows]))
  parts.append(
    markdown([['seconds (peak GB)', *STAGES, 'in all'], *(row for m in METHODS if (row := _costs(m, cells)))])
  )
  seeds = sorted({cell['seed'] for cell in cells})
  clips = ', '.join(f'{number} {split}' for split, number in contents['corpus']['clips'].items())
  parts.append(
    f'Seeds {", ".join(map(str, seeds))}; {clips} clips, {len(contents["corpus"]["labels"])} classes, '
    f'{contents["settings"]["num_clusters"]} clusters, {contents["settings"]["num_iterations"]} iterations. Accuracies, NMI and '
    f'purity are of the test clips. {contents["machine"]}; {contents["software"]}; {contents["date"]}.'
  )
  return '\n\n'.join(parts)


def probes(contents: dict) -> str:
  """Formats a Markdown table of the linear probes alone, a column a seed."""
  cells, seeds = contents['cells'], sorted({cell['seed'] for cell in contents['cells']})
  rows = [['linear probe', *(f'seed {seed}' for seed in seeds), 'mean']]
  for modality in MODALITIES:
    for method in METHODS:
      of_method = [cell for cell in cells if cell['method'] == method and modality in cell['encoders']]
      measured = {cell['seed']: cell['encoders'][modality]['probe'] for cell in of_method}
      if measured:
        values = [f'{measured[seed]:.3f}' if seed in measured else '' for seed in seeds]
        rows.append([f'{METHODS[method].title}, {modality}', *values, mean(list(measured.values()))])
  return markdown(rows)


def _row(method: str, modality: str, cells: list[dict]) -> list[str] | None:
  measured = [cell for cell in cells if cell['method'] == method and modality in cell['encoders']]
  if not measured:
    return None
  values = [mean([cell['encoders'][modality][key] for cell in measured]) for key in COLUMNS.values()]
  return [METHODS[method].title, *values, str(len(measured))]


def _costs(method: str, cells: list[dict]) -> list[str] | None:
  measured = [cell for cell in cells if cell['method'] == method]
  if not measured:
    return None
  row = [method]
  for stage in STAGES:
    costs = [cell['stages'][stage] for cell in measured if stage in cell['stages']]
    seconds, peak = (max((cost[key] for cost in costs), default=0.0) for key in ('seconds', 'peak_mb'))
    row.append(f'{seconds:.0f} ({peak / 1024:.1f})' if costs else '')
  return [*row, f'{max(cell["seconds"] for cell in measured):.0f}']


def mean(values: list[float]) -> str:
  """Formats the mean of the seeds and, where there are several, their standard deviation."""
  spread = f' ± {np.std(values, ddof=1):.3f}' if len(values) > 1 else ''
  return f'{np.mean(values):.3f}{spread}'


def markdown(rows: list[list[str]]) -> str:
  """Formats a table whose first row is its header; all columns but the first are numbers."""
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  lines = ['| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + ' |' for row in rows]
  rule = '|' + '|'.join('-' * (width + 1) + (':' if number else '-') for number, width in enumerate(widths)) + '|'
  return '\n'.join([lines[0], rule, *lines[1:]])


def nmi_by_iteration(cell: dict, modality: str) -> list[float]:
  """The NMI of the training clusters of a modality with the labels, for each iteration; CDC's joint ones count for both."""
  evaluated = METHODS[cell['method']].evaluated.get(modality)
  name = next((n for n in (evaluated, 'joint') if n in cell['iterations'][0]['clusterings']), None)
  return [row['clusterings'][name]['nmi_with_labels'] for row in cell['iterations']] if evaluated and name else []


def plot(contents: dict, path: str) -> None:
  """Draws NMI by iteration, one panel a modality, one line a method; the band is from the lowest to the highest seed."""
  pyplot = plots.pyplot()
  figure, panels = pyplot.subplots(1, len(MODALITIES), figsize=(9, 3.4), sharey=True, layout='constrained')
  colours = {title: f'C{n}' for n, title in enumerate(dict.fromkeys(m.title for m in METHODS.values()))}
  for panel, modality in zip(panels, MODALITIES, strict=True):
    for method, row in METHODS.items():
      of_cells = [nmi_by_iteration(cell, modality) for cell in contents['cells'] if cell['method'] == method]
      curves = np.array([curve for curve in of_cells if len(curve) > 1])
      if curves.size:
        iterations, colour = np.arange(curves.shape[1]), colours[row.title]
        panel.plot(iterations, curves.mean(axis=0), marker='.', color=colour, label=row.title)
        panel.fill_between(iterations, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0)
    panel.set(title=f'{modality} clusters', xlabel='times trained', ylim=(0, 1))
    panel.grid(alpha=0.3)
  panels[0].set_ylabel('NMI with the labels')
  panels[0].legend(loc='upper left', fontsize='small')
  plots.save(figure, path)
