"""Beam's local job service, but with a worker in each of several pools: as Beam ships it, it starts one for a job.

python tests/beam_pipelines/two_pool_service.py POOL,POOL... [options of the service]
Prints a line for every worker that a pool has started.
"""

import itertools
import sys

from apache_beam.runners.portability import local_job_service_main
from apache_beam.runners.portability.fn_api_runner import fn_runner, worker_handlers


def spread_over(pools: list[str]) -> None:
  """Makes the service's runner ask each pool, host:port, for a worker and split all work among them."""
  make_runner, start_worker = fn_runner.FnApiRunner.__init__, worker_handlers.ExternalWorkerHandler.start_worker
  turns = itertools.cycle(pools)

  def make_runner_of_many(self, *args, **kwargs):
    make_runner(self, *args, **kwargs)
    self._num_workers = len(pools)

  def start_worker_in_turn(self):
    self._external_payload.endpoint.url = next(turns)
    start_worker(self)
    print('started a worker at', self._external_payload.endpoint.url, flush=True)

  fn_runner.FnApiRunner.__init__ = make_runner_of_many
  worker_handlers.ExternalWorkerHandler.start_worker = start_worker_in_turn


if __name__ == '__main__':
  spread_over(sys.argv[1].split(','))
  local_job_service_main.run(sys.argv[2:])
