"""What tests need that start several processes of one cluster."""

import contextlib
import socket


def free_addresses(count: int) -> list[str]:
  """Addresses on this machine that nobody listens at; all are held while choosing, so that none comes twice."""
  with contextlib.ExitStack() as stack:
    probes = [stack.enter_context(socket.socket()) for _ in range(count)]
    for probe in probes:
      probe.bind(('127.0.0.1', 0))
    return [f'127.0.0.1:{probe.getsockname()[1]}' for probe in probes]
