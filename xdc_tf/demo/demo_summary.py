"""What the demo measured, without any label: honest numbers for random weights and for every iteration."""

import itertools

import numpy as np

from xdc_tf import files
from xdc_tf.clustering.assignments import PseudoLabels
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.clustering.metrics import normalized_mutual_information
from xdc_tf.evaluation import retrieval
from xdc_tf.manifest import manifest
from xdc_tf.runs.layout import Iteration
from xdc_tf.runs.run_info import FinishedRun

PART_SECONDS = 20.0


def summarize(run: FinishedRun, span_seconds: float) -> dict:
  """Measures every iteration of a run.

  Returns:
    {'chance': ..., 'iterations': [{'iteration', 'same_part_video', ..., 'nmi_audio-video', 'nmi_audio-video_by_chance'}], ...}.
  """
  source = manifest.read_manifest(run.records.manifest_directory)
  iterations = []
  for number in range(run.config.num_iterations + 1):
    iteration = run.iteration(number)
    row: dict[str, float] = {'iteration': number}
    for encoder in run.config.encoders:
      rate, chance = _same_part(iteration.features(encoder), source, span_seconds)
      if not np.isnan(rate):  # Videos of a few seconds have no other span to find.
        row[f'same_part_{encoder}'] = rate
    comparison = files.read_json(iteration.metrics_file)
    for names in itertools.combinations(sorted(c.name for c in run.config.clusterings), 2):
      pair = '-'.join(names)
      row[f'nmi_{pair}'] = comparison['train_nmi_between'][pair]
      row[f'nmi_{pair}_by_chance'] = _nmi_by_chance(iteration, names, run)
    iterations.append(row)
  return {
    'part_seconds': PART_SECONDS,
    'queries': 'held-out spans, which no encoder is trained on but which choose the epoch that is kept; '
    'every span but the neighbouring ones can be found',
    'num_held_out_spans': run.records.num_clips('validation'),
    'chance': None if np.isnan(chance) else chance,
    'iterations': iterations,
  }


def _nmi_by_chance(iteration: Iteration, names: tuple[str, str], run: FinishedRun) -> float:
  """The mean NMI after the clips of one clustering are shuffled: with few clips and many clusters it is far from 0."""
  rows = run.records.num_rows('train')
  first, second = (PseudoLabels.load(iteration.pseudo_labels(name, 'train'), rows).labels for name in names)
  random = np.random.default_rng(0)
  return float(np.mean([normalized_mutual_information(first, random.permutation(second)) for _ in range(20)]))


def _same_part(folder: str, source: manifest.Manifest, span_seconds: float) -> tuple[float, float]:
  features, videos, starts, is_query = [], [], [], []
  for split in ('train', 'validation'):
    rows = {row.index: row for row in source.rows(split)}
    store = FeatureStore(folder, split)
    for index, block in store.blocks(4096):
      features.append(np.asarray(block, np.float32))
      videos += [rows[i].path for i in index]
      starts += [rows[i].start_seconds for i in index]
      is_query += [split == 'validation'] * len(index)
  return retrieval.same_part_rate(
    np.concatenate(features), np.array(videos), np.array(starts), np.array(is_query), PART_SECONDS, 1.5 * span_seconds
  )


def table(summary: dict) -> str:
  """Formats a summary for the terminal."""
  columns = list(summary['iterations'][0])
  titles = [name.replace('_', ' ') for name in columns]
  lines = ['  '.join(f'{title:>{max(9, len(title))}}' for title in titles)]
  for row in summary['iterations']:
    cells = [
      'random' if c == 'iteration' and not row[c] else str(row[c]) if c == 'iteration' else f'{row[c]:.3f}'
      for c in columns
    ]
    lines.append('  '.join(f'{cell:>{max(9, len(title))}}' for cell, title in zip(cells, titles, strict=True)))
  lines.append('')
  if summary['chance'] is None:
    lines.append('The videos are too short to ask whether neighbours by embedding lie in the same part.')
  else:
    lines.append(
      f'same part: how often the nearest neighbour of a held-out span lies in the same {PART_SECONDS:g}-second part of its '
      f'video, neighbouring spans left out; by chance {summary["chance"]:.3f}. {summary["num_held_out_spans"]} spans are held '
      'out: no encoder is trained on them, but they choose which epoch is kept.'
    )
  lines.append(
    'nmi: agreement of the video and the audio clusters of the training spans, up to 1; by chance: after shuffling.'
  )
  return '\n'.join(lines)
