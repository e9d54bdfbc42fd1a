"""What a portable runner makes of the jobs; test_dataflow.py has Google's half, which needs the extra 'gcp'."""

import apache_beam as beam
import portable_jobs
import pytest


@pytest.mark.stack
@pytest.mark.parametrize(('build', 'stages'), portable_jobs.JOBS)
def test_workers_do_as_much_as_can_be_in_one_go(build, stages, tmp_path):
  pipeline = beam.Pipeline()
  build(pipeline, 4, tmp_path)
  assert portable_jobs.stages(pipeline.to_runner_api()) == stages
