"""One job a folder, with real processes: alive, killed, stopped, and on machines whose clocks are wrong."""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf import files, lease
from xdc_tf.clustering import feature_store
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.training import checkpoints

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Takes a folder, says so, and then writes a number whenever it is asked to.
PROGRAM = """
import sys
from xdc_tf import files, lease
lease.RENEW_SECONDS, lease.EXPIRE_SECONDS = 0.1, 0.6
with lease.held(sys.argv[1]):
  print('held', flush=True)
  for line in sys.stdin:
    try:
      files.write_json(sys.argv[1] + '/value.json', int(line))
      print('written', flush=True)
    except lease.LeaseError as error:
      print(error, flush=True)
"""


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
  monkeypatch.setattr(lease, 'RENEW_SECONDS', 0.1)
  monkeypatch.setattr(lease, 'EXPIRE_SECONDS', 0.6)


@contextlib.contextmanager
def owner(folder):
  """Another process that has the lease."""
  environment = os.environ | {'PYTHONPATH': str(ROOT), 'TF_CPP_MIN_LOG_LEVEL': '3'}
  process = subprocess.Popen(
    [sys.executable, '-c', PROGRAM, str(folder)],
    env=environment,
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
  )
  try:
    assert process.stdout.readline() == 'held\n'
    yield process
  finally:
    process.kill()
    process.wait()


def ask_to_write(process, value):
  process.stdin.write(f'{value}\n')
  process.stdin.flush()
  return process.stdout.readline()


@pytest.mark.slow
def test_the_second_job_stops_and_says_who_has_the_folder(tmp_path):
  with owner(tmp_path) as first:
    started = time.monotonic()
    with pytest.raises(lease.LeaseError, match=rf'{tmp_path} is being filled by process {first.pid} on .*, since 20'):
      lease.Lease(str(tmp_path))
    time.sleep(0.8)  # It is renewed.
    with pytest.raises(lease.LeaseError):
      lease.Lease(str(tmp_path))
    assert time.monotonic() - started < 3
    assert ask_to_write(first, 1) == 'written\n'


def test_a_folder_that_cannot_be_written_says_so(monkeypatch, tmp_path):
  """The name of a temporary file was all that was said."""
  with monkeypatch.context() as patch:
    patch.setattr(os, 'access', lambda path, mode: not (mode & os.W_OK and path == str(tmp_path)))
    for folder, more in ((tmp_path, 'What is finished'), (tmp_path / 'report', 'For anything new')):
      with pytest.raises(PermissionError, match=f'{folder} cannot be written: {tmp_path} does not let you. {more}'):
        lease.Lease(str(folder))
  assert not list(tmp_path.iterdir())
  (tmp_path / 'file').touch()
  with pytest.raises(NotADirectoryError, match=f'{tmp_path}/file/run cannot be written: {tmp_path}/file is no folder'):
    lease.Lease(str(tmp_path / 'file' / 'run'))


@pytest.mark.slow
def test_a_job_that_was_killed_blocks_nobody(tmp_path):
  with owner(tmp_path) as first:
    first.kill()
    first.wait()
    assert (tmp_path / lease.FILE).exists()
    with lease.held(str(tmp_path)):
      files.write_json(str(tmp_path / 'value.json'), 2)
  assert [path.name for path in tmp_path.iterdir()] == ['value.json']


@pytest.mark.slow
def test_a_stopped_job_that_wakes_up_writes_nothing(tmp_path):
  with owner(tmp_path) as first:
    os.kill(first.pid, signal.SIGSTOP)
    with pytest.raises(lease.LeaseError):
      lease.Lease(str(tmp_path))
    time.sleep(1.0)
    with lease.held(str(tmp_path)):
      files.write_json(str(tmp_path / 'value.json'), 2)
      os.kill(first.pid, signal.SIGCONT)
      assert f'was taken over by process {os.getpid()}' in ask_to_write(first, 1)
    assert 'so this job stops and writes nothing more' in ask_to_write(first, 1)
    first.stdin.close()
    assert first.wait() == 0
  assert files.read_json(str(tmp_path / 'value.json')) == 2


@pytest.mark.slow
def test_a_full_disk_keeps_no_half_lease(tmp_path, monkeypatch):
  def full(self, path):
    pathlib.Path(path).write_text('{"tok')
    raise tf.errors.ResourceExhaustedError(None, None, 'No space left on device')

  with monkeypatch.context() as patch:
    patch.setattr(lease.Lease, '_write', full)
    with pytest.raises(tf.errors.ResourceExhaustedError):
      lease.Lease(str(tmp_path))
  assert list(tmp_path.iterdir()) == []
  lease.Lease(str(tmp_path)).release()


def test_who_lost_it_deletes_nothing_of_the_next_job(tmp_path):
  # A job that was stopped, taken over and woken up comes to where it makes way for its own results.
  features = np.ones([2, 4], np.float32)
  feature_store.write_shard(str(tmp_path), 'train', 0, 1, np.arange(2), features)
  (tmp_path / 'best-001').mkdir()
  with lease.held(str(tmp_path)):
    files.write_json(str(tmp_path / lease.FILE), {'of': 'another job'})
    with pytest.raises(lease.LeaseError, match='was taken over'):
      feature_store.write_shard(str(tmp_path), 'train', 0, 1, np.arange(2), features)
    with pytest.raises(lease.LeaseError, match='was taken over'):
      checkpoints.delete_folders(str(tmp_path), 'best-')
  assert FeatureStore(str(tmp_path), 'train').complete_shards() == [0]
  assert (tmp_path / 'best-001').is_dir()


@pytest.mark.slow
def test_a_job_that_is_asked_to_end_gives_it_back(tmp_path):
  with owner(tmp_path) as first:
    first.terminate()
    assert first.wait(20) == 128 + signal.SIGTERM
    assert not (tmp_path / lease.FILE).exists()
  assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.slow
def test_workers_in_other_processes_keep_to_it(tmp_path):
  """What a worker of a job knows is the token alone."""

  def write(token):
    with lease.watched_by_worker(str(tmp_path), token):
      files.write_json(str(tmp_path / 'value.json'), 1)

  with owner(tmp_path) as first:
    token = files.read_json(str(tmp_path / lease.FILE))['token']
    write(token)
    with pytest.raises(lease.LeaseError, match=f'was taken over by process {first.pid} on'):
      write('of the job before')
  (tmp_path / lease.FILE).unlink()
  write(token)  # Whoever started it has gone home.
  assert files.guards == []


@pytest.mark.slow
def test_take_over_takes_it_from_a_job_that_is_alive(tmp_path):
  with owner(tmp_path) as first, lease.held(str(tmp_path), take_over=True):
    assert f'was taken over by process {os.getpid()}' in ask_to_write(first, 1)
    time.sleep(0.4)  # It does not take it back.
    files.write_json(str(tmp_path / 'value.json'), 2)


def other_machine(tmp_path, **changes):
  """Writes the lease of a process elsewhere."""
  found = lease._Owner('token', 'elsewhere', 7, 'another boot', '1', '2026-01-01T00:00:00+00:00', time.time())
  (tmp_path / lease.FILE).write_text(json.dumps(dataclasses.asdict(dataclasses.replace(found, **changes))))


@pytest.mark.parametrize('ahead', [-1e6, 1e6])
def test_a_clock_that_is_wrong_is_watched_before_it_is_believed(tmp_path, ahead):
  other_machine(tmp_path, renewed=time.time() + ahead)
  with lease.held(str(tmp_path)):
    pass
  other_machine(tmp_path, renewed=time.time() + ahead)
  read, calls = lease._read, []

  def renewed(path):
    calls.append(path)
    return dataclasses.replace(read(path), renewed=time.time() + ahead + len(calls))

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(lease, '_read', renewed)
    with pytest.raises(lease.LeaseError, match='process 7 on elsewhere'):
      lease.Lease(str(tmp_path))


def test_a_process_of_another_machine_is_not_looked_up_here(tmp_path):
  other_machine(tmp_path, process=2**22 + 1)  # There is no such process on any machine.
  with pytest.raises(lease.LeaseError, match='elsewhere'):
    lease.Lease(str(tmp_path))


def test_of_two_at_the_same_moment_one_is_refused(tmp_path, monkeypatch):
  monkeypatch.setattr(
    lease.os.path, 'exists', lambda path: False
  )  # The other one comes between the look and the taking.
  read = iter([None])
  original = lease._read
  monkeypatch.setattr(lease, '_read', lambda path: next(read, original(path)))
  other_machine(tmp_path)
  with pytest.raises(lease.LeaseError, match='elsewhere'):
    lease.Lease(str(tmp_path))
  assert [path.name for path in tmp_path.iterdir()] == [lease.FILE]


def test_only_the_chief_of_a_cluster_has_it(tmp_path):
  with lease.held(str(tmp_path)), lease.held(str(tmp_path), is_chief=False):
    assert files.guards and json.loads((tmp_path / lease.FILE).read_text())['process'] == os.getpid()
  assert not files.guards and not list(tmp_path.iterdir())


def test_a_folder_that_was_deleted_is_said(tmp_path):
  folder = tmp_path / 'run'
  with lease.held(str(folder)):
    (folder / lease.FILE).unlink()
    with pytest.raises(lease.LeaseError, match='somebody who deleted the folder'):
      files.write_json(str(folder / 'value.json'), 1)


def test_who_has_no_such_option_is_not_told_of_it(tmp_path):
  other_machine(tmp_path)
  with pytest.raises(lease.LeaseError, match='Wait for it or end it. A job that has died'), lease.held(str(tmp_path)):
    pass


def test_the_verbs_take_it(tmp_path):
  """Each before it writes anything."""
  from beam_pipelines import make_clips
  from xdc_tf.cli import main

  parsed = main.build_parser().parse_args(['export', '--run_dir', 'none', '--output_dir', str(tmp_path)])
  other_machine(tmp_path)  # Not before: importing all verbs may take longer than a lease lasts here.
  with pytest.raises(lease.LeaseError, match='--take_over'):
    parsed.run(parsed)
  for module in ('pretrain', 'finetune', 'sweep', 'localize', 'report', 'export', 'extract-features', 'import-weights'):
    action = main.build_parser()._subparsers._group_actions[0].choices[module]
    assert '--take_over' in action.format_help(), module
  assert '--take_over' in make_clips.parser().format_help()
