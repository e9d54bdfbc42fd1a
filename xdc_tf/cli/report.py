"""xdc report: the clusters of a finished run as one HTML page."""

import argparse
import dataclasses
import os

import numpy as np

SUMMARY = 'Write the cluster report of a run: one HTML page with moving thumbnails and sound, to open in a browser.'
EXAMPLE = 'xdc report --run_dir runs/xdc --output report.html'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--run_dir', required=True, help='folder of a finished run')
  parser.add_argument('--output', help='the page (default: RUN_DIR/report.html)')
  parser.add_argument('--credit', default='', help='who made the videos, and their licence; stands on the page')


def run(arguments: argparse.Namespace) -> None:
  """Writes the page and prints where it is."""
  report_run(
    arguments.run_dir, arguments.output or os.path.join(arguments.run_dir, 'report.html'), arguments.credit, None
  )


def report_run(run_dir: str, path: str, credit: str, iterations: list[dict] | None) -> None:
  """Writes the report of a run's last clusterings.

  Args:
    run_dir: of a finished run.
    path: of the page.
    credit: who made the videos.
    iterations: numbers of each iteration, for the table on the page; None takes the agreement of the clusterings.
  """
  import tensorflow as tf

  from xdc_tf.analysis import cluster_report
  from xdc_tf.cli import run_info
  from xdc_tf.clustering.assignments import PseudoLabels
  from xdc_tf.deep_clustering import stages

  run = run_info.open_run(run_dir)
  human = stages.human_labels(run.records, 'train')
  views = []
  for clustering in run.config.clusterings:
    folder = os.path.join(run.last_iteration, 'clusters', clustering.name, 'train')
    found = PseudoLabels.load(folder, run.records.num_rows('train'))
    views.append(cluster_report.ClusteringView(clustering.name, found.labels, np.sqrt(found.distances), human))
  cluster_report.build_report(
    path,
    f'Clusters of {run.records.name}',
    views,
    run.records.label_names or None,
    _ClipMedia(run),
    iterations or _iterations(run),
    credit,
    facts={
      'clips': run.records.num_clips('train'),
      'iterations': run.config.num_iterations,
      'clusterings': ', '.join(
        f'{c.name} (k = {c.num_clusters}) teaches {" and ".join(c.teaches)}' for c in run.config.clusterings
      ),
    },
  )
  print(f'{path}: {tf.io.gfile.stat(path).length / 1e6:.1f} MB')


def _iterations(run) -> list[dict]:
  from xdc_tf import files
  from xdc_tf.deep_clustering.outer_loop import iteration_name

  rows = []
  for number in range(run.config.num_iterations + 1):
    metrics = files.read_json(os.path.join(run.path, iteration_name(number), 'metrics', 'metrics.json'))
    rows.append({'iteration': number} | {f'nmi {pair}': value for pair, value in metrics['train_nmi_between'].items()})
  return rows


class _ClipMedia:
  """Reads the picture and sound of a training clip from its source file; where that or the manifest is gone, the tile says so."""

  def __init__(self, run):
    from xdc_tf.data import manifest, media

    self._media = media
    self._gone = ''
    try:
      self._manifest = manifest.read_manifest(run.records.manifest_directory)
    except FileNotFoundError as error:
      self._gone = str(error)

  def __call__(self, index: int):
    from xdc_tf.analysis.thumbnails import ClipMedia

    if self._gone:
      return ClipMedia(f'clip {index}', [], np.zeros(0, np.float32), note=self._gone)
    row = self._manifest.row('train', index)
    minutes, seconds = divmod(row.start_seconds, 60)
    caption = f'{minutes:.0f}:{seconds:02.0f} {os.path.basename(row.path)}'
    end = min(row.end_seconds or row.start_seconds + 2.0, row.start_seconds + 2.0)
    try:
      span = self._read(row.path, row.start_seconds, end)
    except self._media.MediaError as error:
      return ClipMedia(caption, [], np.zeros(0, np.float32), note=str(error))
    return ClipMedia(caption, span.frames, span.waveform)

  def _read(self, path: str, start: float, end: float):
    """Reads both streams, or the one that there is."""
    options = self._media.ReadOptions(short_side=128)
    without = {'no_video_track': {'want_video': False}, 'no_audio_track': {'want_audio': False}}
    try:
      return self._media.read_span(path, start, end, options)
    except self._media.MediaError as error:
      if error.reason not in without:
        raise
      return self._media.read_span(path, start, end, dataclasses.replace(options, **without[error.reason]))
