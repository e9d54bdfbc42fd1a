"""One seed a run, from which every purpose gets its own."""

import hashlib


def derive_seed(seed: int, *parts) -> int:
  """A seed for one purpose of a run: the same for the same words, unrelated for others."""
  digest = hashlib.sha256(repr((seed, *parts)).encode()).digest()
  return int.from_bytes(digest[:4], 'big') >> 1
