"""How much memory the data side takes at 10^3, 10^5 and 10^7 manifest rows, and how many bytes a row that is.

python -m benchmarks.memory

Each cell is the highest resident memory of a process of its own. What would take hours is left out, and the table says what:
all rows and records are small and alike, no video is decoded, and of the 10^7 records only 10^5 are read. The bytes a row come
from the smallest and the largest size; up to 10^5 rows they drown in what varies between two runs (some megabytes).
"""

import argparse
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np

from beam_pipelines import clip_shard, make_clips
from benchmarks import machine
from xdc_tf import files
from xdc_tf.manifest import manifest
from xdc_tf.media.media import MediaSpan
from xdc_tf.records import human_labels, reader, schema
from xdc_tf.records.inputs import AudioInput
from xdc_tf.report import cluster_report
from xdc_tf.report.cluster_ranking import ClusteringView
from xdc_tf.report.report_content import ClipName

RESULTS = os.path.join(os.path.dirname(__file__), 'results', 'memory.json')
SIZES = (10**3, 10**5, 10**7)
READ_AT_MOST = 10**5
ROWS_PER_FILE = 1000
CLIPS_PER_SHARD = 64
BATCH = 32
CLUSTERS = 64
LABELS = tuple(f'class {number}' for number in range(100))


def _rows(num_rows: int) -> Iterator:
  for i in range(num_rows):
    yield 'train', manifest.Row(0, f'video_{i // 5}', f'/videos/{i % 10}.mp4', 2.0 * i, 2.0 * i + 2, (LABELS[i % 100],))


def write_manifest(folder: str, num_rows: int) -> None:
  """Writes a manifest of rows that come one by one."""
  manifest.write_manifest(f'{folder}/manifest', 'clips', _rows(num_rows), ROWS_PER_FILE, LABELS)


def read_manifest(folder: str, num_rows: int) -> None:
  """Reads every row and keeps its human label, as reports and finetuning do; and the fingerprint, as Beam jobs do."""
  manifest.read_manifest(f'{folder}/manifest').fingerprint()
  records = mock.Mock(schema.Records, manifest_directory=f'{folder}/manifest', label_names=LABELS)
  records.num_rows.return_value = num_rows
  assert (human_labels.first_labels(records, 'train') >= 0).all()


@functools.cache
def _log_mel() -> np.ndarray:
  return np.random.default_rng(0).normal(-6, 4, (6, 40)).astype(np.float32)


def _record(row, *_) -> tuple[bytes, MediaSpan]:
  record = schema.encode(schema.Span(row.index, row.video_id, row.start_seconds, [], _log_mel()))
  return record, MediaSpan([], np.zeros(0, np.float32), row.start_seconds, row.end_seconds)


def _run_job(folder: str, output: str) -> None:
  arguments = ['--manifest', f'{folder}/manifest', '--output_dir', f'{folder}/{output}', '--modalities', 'audio']
  make_clips.run([*arguments, '--clips_per_shard', str(CLIPS_PER_SHARD)])


def make_records(folder: str, num_rows: int) -> None:
  """Runs make_clips in one process; only the decoder is left out: all rows become the same sound."""
  with mock.patch.object(clip_shard, 'make_record', _record):
    _run_job(folder, 'clips')


def plan_records(folder: str, num_rows: int) -> None:
  """Runs make_clips in one process, but its workers make empty files of the shards."""

  def process(self, element):
    first = element[1] * CLIPS_PER_SHARD
    with open(self._job.shard_path(*element), 'wb'):
      pass
    yield clip_shard.ShardResult(*element, min(CLIPS_PER_SHARD, num_rows - first), 100, {})

  with mock.patch.object(clip_shard.MakeShard, 'process', process):
    _run_job(folder, 'planned')


def train(folder: str, num_rows: int) -> None:
  """Reads an epoch of training with pseudo-labels, shuffled, from the middle of a pass on."""
  records = schema.open_records(f'{folder}/clips')
  inputs = AudioInput(num_frames=4, clip_length=2)
  labels = {'audio': np.load(f'{folder}/labels.npy')}
  first_step = num_rows // BATCH // 2
  data = reader.training_dataset(records, 'train', inputs, labels, BATCH, seed=0, first_step=first_step)
  for _ in data.take(min(num_rows, READ_AT_MOST) // BATCH):
    pass


def report(folder: str, num_rows: int) -> None:
  """Writes the cluster report of two clusterings with human labels; no clip has a picture."""
  labels, rng = np.load(f'{folder}/labels.npy'), np.random.default_rng(1)
  human = (labels + rng.integers(0, 3, num_rows, np.int32)) % len(LABELS)
  views = [
    ClusteringView(name, rng.permutation(labels), rng.random(num_rows, np.float32), human)
    for name in ('video', 'audio')
  ]
  given = cluster_report.ReportInput(
    'clusters', views, LABELS, _clip_names, lambda clip: None, features=[_features(num_rows)] * 2
  )
  cluster_report.build_report(f'{folder}/report', given)


def _clip_names(clips: np.ndarray) -> list[ClipName]:
  return [ClipName(f'{i}.mp4', 0.0) for i in clips.tolist()]


def _features(num_rows: int) -> Callable:
  """The walk that the map takes: random features, a block in memory at a time."""

  def blocks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(2)
    for first in range(0, num_rows, 8192):
      index = np.arange(first, min(first + 8192, num_rows))
      yield index, rng.random((len(index), 64), np.float32)

  return blocks


# In the order in which they need each other: name -> (what runs, how many rows it is run with at most).
TASKS = {
  'write the manifest': (write_manifest, SIZES[-1]),
  'read the manifest: labels, fingerprint': (read_manifest, SIZES[-1]),
  'make_clips without decoding': (make_records, SIZES[1]),
  'make_clips: plan, gather, metadata': (plan_records, SIZES[-1]),
  'training epoch (of 10^7: 10^5 clips)': (train, SIZES[-1]),
  'cluster report': (report, SIZES[-1]),
}


def link_records(small: str, folder: str, num_rows: int) -> None:
  """Makes a data set of many shards that all are the few of a smaller one."""
  records = schema.open_records(f'{small}/clips')
  paths, num_shards = records.shard_paths('train'), -(-num_rows // CLIPS_PER_SHARD)
  os.makedirs(f'{folder}/clips')
  for shard in range(num_shards):
    name = schema.shard_name(records.name, 'train', shard, num_shards)
    os.symlink(paths[shard % (len(paths) - 1)], f'{folder}/clips/{name}')
  contents = files.read_json(f'{small}/clips/{schema.CLIPS_FILE}')
  contents |= {'num_rows': {'train': num_rows}, 'shard_lengths': {'train': [CLIPS_PER_SHARD] * num_shards}}
  files.write_json(f'{folder}/clips/{schema.CLIPS_FILE}', contents)
  shutil.copy(f'{small}/clips/{schema.DATASET_INFO_FILE}', f'{folder}/clips')
  files.write_json(f'{folder}/clips/{schema.DONE_FILE}', {})


def _peak_bytes() -> int:
  """The highest resident memory of this process so far."""
  with open('/proc/self/status') as status:
    return 1024 * int(re.findall(r'VmHWM:\s+(\d+) kB', status.read())[0])


def _measure(task: str, folder: str, num_rows: int) -> dict[str, float]:
  command = [sys.executable, '-m', 'benchmarks.memory', '--child', task, folder, str(num_rows)]
  started = time.perf_counter()
  result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
  return json.loads(result.stdout.splitlines()[-1]) | {'seconds': time.perf_counter() - started}


def measure_all(sizes: list[int], work_dir: str) -> list[dict]:
  """Runs every task at every size; returns a row for each task."""
  rows: list[dict[str, Any]] = [{'task': task, 'peak_bytes': {}, 'seconds': {}} for task in TASKS]
  for position, num_rows in enumerate(sizes):
    folder = f'{work_dir}/{num_rows}'
    os.makedirs(folder)
    np.save(f'{folder}/labels.npy', np.random.default_rng(0).integers(0, CLUSTERS, num_rows, np.int32))
    for row, (task, (_, most)) in zip(rows, TASKS.items(), strict=True):
      if num_rows > most:
        link_records(f'{work_dir}/{sizes[position - 1]}', folder, num_rows)
        continue
      measured = _measure(task, folder, num_rows)
      row['peak_bytes'][num_rows], row['seconds'][num_rows] = measured['peak_bytes'], measured['seconds']
      print(
        f'{num_rows:>9,} rows, {task}: {measured["peak_bytes"] / 1e6:.0f} MB in {measured["seconds"]:.0f} s', flush=True
      )
  for row in rows:
    peaks = row['peak_bytes']
    low, high = min(peaks), max(peaks)
    row['bytes_per_row'] = (peaks[high] - peaks[low]) / (high - low) if high > low else float('nan')
  return rows


def table(rows: list[dict]) -> str:
  """Formats a Markdown table of megabytes."""
  sizes = list(rows[0]['peak_bytes'])
  lines = [['peak of resident memory, MB', *(f'{size:,} rows' for size in sizes), 'bytes a row']]
  for row in rows:
    peaks = [f'{row["peak_bytes"][size] / 1e6:.0f}' if size in row['peak_bytes'] else '' for size in sizes]
    lines.append([row['task'], *peaks, f'{row["bytes_per_row"]:.1f}'])
  widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
  head, *body = ('| ' + ' | '.join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + ' |' for line in lines)
  return '\n'.join([head, '|' + '|'.join('-' * (width + 2) for width in widths) + '|', *body])


def main() -> None:
  """Measures, writes, prints; with --child it is one of the measured processes."""
  parser = argparse.ArgumentParser(
    prog='python -m benchmarks.memory', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
  )
  parser.add_argument('--sizes', default=','.join(map(str, SIZES)), help='manifest rows; default: %(default)s')
  parser.add_argument('--output', default=RESULTS, help='default: %(default)s')
  parser.add_argument('--child', nargs=3, metavar=('TASK', 'FOLDER', 'ROWS'), help=argparse.SUPPRESS)
  arguments = parser.parse_args()
  if arguments.child:
    task, folder, num_rows = arguments.child
    TASKS[task][0](folder, int(num_rows))
    print(json.dumps({'peak_bytes': _peak_bytes()}))
    return
  with tempfile.TemporaryDirectory() as work_dir:
    rows = measure_all([int(size) for size in arguments.sizes.split(',')], work_dir)
  files.write_json(arguments.output, {'rows': rows, **machine.describe(('apache-beam',))})
  print(table(rows))


if __name__ == '__main__':
  main()
