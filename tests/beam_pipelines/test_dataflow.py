"""What would be sent to Dataflow, without a network: the template, the pipeline, and the package for the workers."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import portable_jobs
import pytest

pytest.importorskip(
  'apache_beam.runners.dataflow.internal.apiclient',
  reason="Beam's half for Google Cloud is not installed: pip install '.[gcp]'",
  exc_type=ImportError,
)

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.dataflow.internal import apiclient

from beam_pipelines import make_clips

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPTIONS = [
  '--runner=DataflowRunner',
  '--project=some-project',
  '--region=europe-west4',
  '--temp_location=gs://some-bucket/tmp',
  '--template_location=gs://some-bucket/template.json',
  '--no_auth',
]


class Submission:
  """What Beam hands over to Dataflow.

  Attributes:
    staged: {name: content} of the files that would lie in the bucket.
    template: the job's description.
    pipeline: the pipeline's.
  """

  def __init__(self, build, monkeypatch, *more):
    self.staged = {}

    def stage_file(client, folder, name, stream, *rest, **named):
      self.staged[name] = stream.read()

    def copy_file(client, path, remote_path, sha256):
      self.staged[os.path.basename(remote_path)] = pathlib.Path(path).read_bytes()

    monkeypatch.setattr(apiclient.DataflowApplicationClient, 'stage_file', stage_file)
    monkeypatch.setattr(apiclient.DataflowApplicationClient, '_gcs_file_copy', copy_file)
    # It asks the bucket.
    monkeypatch.setattr(GoogleCloudOptions, '_warn_if_soft_delete_policy_enabled', lambda *_: None)
    pipeline = beam.Pipeline(options=make_clips.beam_options([*OPTIONS, *more]))
    build(pipeline)
    pipeline.run()
    self.template = json.loads(self.staged['template.json'])
    self.pipeline = beam_runner_api_pb2.Pipeline.FromString(self.staged['pipeline.pb'])

  def leaf_urns(self):
    """What the runner must be able to do: the kinds of steps that hold no other steps."""
    steps = self.pipeline.components.transforms.values()
    return {step.spec.urn for step in steps if step.spec.urn and not step.subtransforms}


@pytest.mark.parametrize(('build', 'stages'), portable_jobs.JOBS)
def test_the_pipeline_is_portable_and_small(build, stages, tmp_path, monkeypatch):
  submission = Submission(lambda pipeline: build(pipeline, 4, tmp_path), monkeypatch)
  primitives = common_urns.primitives
  assert submission.leaf_urns() == {p.urn for p in (primitives.IMPULSE, primitives.PAR_DO, primitives.GROUP_BY_KEY)}
  assert portable_jobs.stages(submission.pipeline) == stages
  (environment,) = submission.pipeline.components.environments.values()
  assert environment.urn == common_urns.environments.DOCKER.urn
  assert f'/beam_python3.{sys.version_info[1]}_sdk:{beam.__version__}'.encode() in environment.payload
  experiments = submission.template['environment']['experiments']
  assert 'use_runner_v2' in experiments
  # The workers import our steps; a class of the program that submits the job would be sent along as code.
  described = submission.staged['pipeline.pb']
  assert b'__main__' not in described
  # Shard numbers are listed by a worker, so the rows of the manifest leave no trace but their number.
  many = Submission(lambda pipeline: build(pipeline, 400, tmp_path), monkeypatch).staged['pipeline.pb']
  assert abs(len(many) - len(described)) < 50 and len(many) < 60_000


@pytest.fixture
def source(tmp_path):
  """A copy of what a checkout has of the packages: Beam makes the source distribution where setup.py lies."""
  folder = tmp_path / 'source'
  folder.mkdir()
  for name in ('setup.py', 'pyproject.toml', 'README.md', 'LICENSE'):
    shutil.copy(ROOT / name, folder)
  for name in ('xdc_tf', 'beam_pipelines', 'gin'):
    shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns('__pycache__'))
  return folder


def files_below(folder):
  return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def test_the_workers_get_the_whole_package(source, tmp_path, monkeypatch):
  expected = {f'xdc_tf/gin_files/{name}': text for name, text in files_below(source / 'gin').items()}
  for package in ('xdc_tf', 'beam_pipelines'):
    expected |= {f'{package}/{name}': text for name, text in files_below(source / package).items()}
  del expected['beam_pipelines/README.md']
  submission = Submission(
    lambda pipeline: portable_jobs.build_clips(pipeline, 100, tmp_path), monkeypatch, f'--setup_file={source}/setup.py'
  )
  (environment,) = submission.pipeline.components.environments.values()
  assert any(b'/workflow.tar.gz' in dependency.type_payload for dependency in environment.dependencies)
  # What a worker does with it, but for the dependencies.
  (tmp_path / 'workflow.tar.gz').write_bytes(submission.staged['workflow.tar.gz'])
  shutil.unpack_archive(tmp_path / 'workflow.tar.gz', tmp_path / 'worker')  # Debian 12's tarfile knows no filters.
  (unpacked,) = (tmp_path / 'worker').iterdir()
  command = [sys.executable, 'setup.py', '--quiet', 'build', '--build-lib', str(tmp_path / 'installed')]
  subprocess.run(command, cwd=unpacked, check=True)
  assert files_below(tmp_path / 'installed') == expected
