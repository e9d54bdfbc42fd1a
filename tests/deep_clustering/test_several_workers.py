"""Two worker processes on this machine run the whole outer loop under MultiWorkerMirroredStrategy."""

import contextlib
import glob
import json
import os
import socket
import subprocess
import sys

import numpy as np
import records_factory

TINY = [
  'num_audio_clusters = 3',
  'Pretraining.num_iterations = 1',
  'AudioResNet18.base_width = 4',
  'Schedule.epoch_size = 8',
  'Schedule.batch_size = 4',
  'Schedule.total_epochs = 1',
  'Schedule.base_learning_rate = 0.001',
]


def free_addresses(count: int) -> list[str]:
  """Addresses on this machine that nobody listens at; all are held while choosing, so that none comes twice."""
  with contextlib.ExitStack() as stack:
    probes = [stack.enter_context(socket.socket()) for _ in range(count)]
    for probe in probes:
      probe.bind(('127.0.0.1', 0))
    return [f'127.0.0.1:{probe.getsockname()[1]}' for probe in probes]


def test_two_workers_share_the_work_and_the_chief_writes(tmp_path):
  records = records_factory.write_records(tmp_path / 'records', frames_per_span=0)
  run = str(tmp_path / 'run')
  command = [sys.executable, '-m', 'xdc_tf.cli.main', 'pretrain', '--records', records.directory, '--run_dir', run]
  command += ['--gin_file', 'methods/same_modality_audio.gin', *(w for b in TINY for w in ('--gin_param', b))]
  workers = free_addresses(2)
  processes = []
  for index in range(2):
    cluster = {'cluster': {'worker': workers}, 'task': {'type': 'worker', 'index': index}}
    with open(tmp_path / f'{index}.log', 'w') as log:
      environment = os.environ | {'TF_CONFIG': json.dumps(cluster)}
      processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
  try:
    for index, process in enumerate(processes):
      assert process.wait(timeout=240) == 0, (tmp_path / f'{index}.log').read_text()[-3000:]
  finally:
    for process in processes:
      process.kill()

  assert os.path.exists(f'{run}/iteration-01/metrics/DONE')
  labels = np.load(f'{run}/iteration-01/clusters/audio_a/train/pseudo_labels.npy')
  assert labels.shape == (12,) and labels.min() >= 0  # Both workers' shards are there.
  assert not glob.glob(run + '/**/.worker-*', recursive=True)
