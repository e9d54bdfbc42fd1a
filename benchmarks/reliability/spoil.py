"""Damages files: as disks, interrupted downloads and editors do, and as somebody does who wants to be noticed."""

import json
import pathlib

import numpy as np

_LONG = 2**20


def spoil_bytes(path: str, rng: np.random.Generator) -> str:
  """Damages a file of bytes in one of six ways; returns which in words."""
  data = bytearray(pathlib.Path(path).read_bytes())
  kind = rng.choice(['cut', 'one bit', 'many bits', 'zeros', 'empty', 'appended'])
  place = int(rng.integers(0, max(1, len(data))))
  if kind == 'cut':
    del data[place:]
  elif kind == 'one bit' and data:
    data[place] ^= 1 << int(rng.integers(8))
  elif kind == 'many bits':
    for each in rng.integers(0, max(1, len(data)), 20 if data else 0):
      data[each] ^= 1 << int(rng.integers(8))
  elif kind == 'zeros':
    data[place : place + 4096] = bytes(len(data[place : place + 4096]))
  elif kind == 'empty':
    data.clear()
  elif kind == 'appended':
    data += rng.bytes(100)
  pathlib.Path(path).write_bytes(data)
  return f'{kind} at {place}'


def spoil_text(path: str, rng: np.random.Generator) -> str:
  """Damages a file of text in one of nine ways; returns which in words."""
  text = pathlib.Path(path).read_bytes()
  place = int(rng.integers(0, len(text) + 1))
  inserted = {
    'NUL byte': b'\0',
    'not UTF-8': b'\xff\xfe\x80',
    'very long line': b'x' * _LONG,
    'very many lines': b'\n' * 10_000,
    'a quote': b'"',
    'markup': b'<script>alert(1)</script>',
    'path traversal': b'../../../../',
    'a huge number': b'9' * 400,
  }
  kind = rng.choice([*inserted, 'cut'])
  text = text[:place] + (b'' if kind == 'cut' else inserted[kind] + text[place:])
  pathlib.Path(path).write_bytes(text)
  return f'{kind} at {place}'


def spoil_json(path: str, rng: np.random.Generator) -> str:
  """Replaces one value of a JSON object by one of another kind, or takes it away, or nests it deeply; returns which in words."""
  values = json.loads(pathlib.Path(path).read_bytes())
  name = str(rng.choice(sorted(values)))
  others: list[object] = [None, -1, 1e300, '', '../../outside', [], {}, [[]], 'a\0b', True]
  which = int(rng.integers(len(others) + 2))
  if which == len(others):
    del values[name]
  elif which == len(others) + 1:
    pathlib.Path(path).write_text('[' * 5000 + ']' * 5000)
    return 'nested 5000 deep'
  else:
    values[name] = others[which]
  pathlib.Path(path).write_text(json.dumps(values))
  return f'{name} is ' + ('missing' if which == len(others) else repr(others[which]))
