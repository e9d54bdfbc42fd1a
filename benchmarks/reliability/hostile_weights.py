"""Weight files that a stranger may have written: what is in them is harmless, what they ask for is not."""

import io
import pickle
import zipfile

import numpy as np

from xdc_tf.models import import_weights


class _Asks:
  """Pickles as a call of a function; the functions here do nothing that matters."""

  def __init__(self, function, *arguments):
    self._call = function, arguments

  def __reduce__(self):
    return self._call


def _zip(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
  file = io.BytesIO()
  with zipfile.ZipFile(file, 'w', compression) as archive:
    for name, data in entries.items():
      archive.writestr(name, data)
  return file.getvalue()


def _pickle(value) -> bytes:
  return pickle.dumps(value, protocol=2)


def _files() -> list[tuple[str, bytes]]:
  nested: list = []
  for _ in range(200):
    nested = [nested]
  whole = {'archive/data.pkl': _pickle({}), 'archive/version': b'3\n'}
  return [
    ('asks for print', _zip({'archive/data.pkl': _pickle({'a': _Asks(print, 'ran')})})),
    ('asks for open', _zip({'archive/data.pkl': _pickle({'a': _Asks(open, '/dev/null')})})),
    ('asks for print, legacy', _pickle(0x1950A86A20F9469CFC6C) + _pickle(1001) + _pickle(_Asks(print, 'ran'))),
    ('asks for print, no zip', _pickle({'blobs': {'a': _Asks(print, 'ran')}})),
    ('compressed', _zip(whole | {'archive/data/0': bytes(10_000_000)}, zipfile.ZIP_DEFLATED)),
    ('names that lead elsewhere', _zip(whole | {'../../outside': b'x', '/tmp/outside': b'x'})),
    ('markup in names', _zip({'archive/data.pkl': _pickle({'<script>alert(1)</script>': 1})})),
    ('two roots', _zip({'a/data.pkl': _pickle({}), 'b/data.pkl': _pickle({})})),
    ('no tensors', _zip(whole)),
    ('nested', _zip({'archive/data.pkl': _pickle(nested)})),
    ('a number', _pickle(3)),
    ('nothing', b''),
    ('a NUL byte', b'\0'),
    ('a long line', b'x' * 2**20),
    ('an array of objects', _pickle({'blobs': {'a': np.array([None], object)}})),
  ]


def write(path: str, number: int) -> str:
  """Writes one of them; returns which in words."""
  files = _files()
  what, data = files[number % len(files)]
  with open(path, 'wb') as file:
    file.write(data)
  return what


def unlike(whole: str, path: str) -> str:
  """Returns a complaint when a file that was taken does not hold what the whole one does; both are files of weights."""
  expected, imported = (import_weights.read_checkpoint(each).tensors for each in (whole, path))
  same = expected.keys() == imported.keys() and all(np.array_equal(expected[name], imported[name]) for name in expected)
  return '' if same else 'damage that nothing noticed changed the weights'
