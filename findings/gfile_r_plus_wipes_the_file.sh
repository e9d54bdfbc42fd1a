#!/usr/bin/env bash
# What surprises: a file that tf.io.gfile.GFile opens with 'r+' is empty from the first write on: what was in it is gone, and the write
#   goes to its beginning wherever one has read or sought to. Python's open changes the bytes at that place and keeps the rest. And 'w+'
#   keeps the old content, to be read, until something is written.
# Guessed before it was run: as Python's open: '12345', two bytes read, '9' written, gives '12945' with 'r+'; 'w+' reads nothing.
# Seen: '9' with 'r+' after reading, after seek(4) and at once; 'w+' reads the old '12', then holds '9'. 'a+' appends, as in Python. A
#   file that is opened with 'r+' and not written keeps its content.
# Versions: tensorflow 2.21.0 (2.15.1 is the same), Python 3.12.
# What xdc-tf does: no file is changed in place: every one is written anew beside the old one, which it then replaces (atomic_write in
#   xdc_tf/files.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 numpy==2.4.6
cd "$tmp"
CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import pathlib

import tensorflow as tf

print(f'tensorflow {tf.__version__}')
path = pathlib.Path('file')


def after(opened, mode, read=0, seek=None, write='9'):
  """Returns what was read of '12345' and what the file holds in the end."""
  path.write_text('12345')
  with opened('file', mode) as file:
    found = file.read(read) if read else ''
    if seek is not None:
      file.seek(seek)
    elif opened is open:
      file.seek(file.tell())
    if write:
      file.write(write)
  return found, path.read_text()


for arguments, by_python, by_gfile in (
  ({'mode': 'r+', 'read': 2}, ('12', '12945'), ('12', '9')),
  ({'mode': 'r+', 'seek': 4}, ('', '12349'), ('', '9')),
  ({'mode': 'r+'}, ('', '92345'), ('', '9')),
  ({'mode': 'r+', 'write': ''}, ('', '12345'), ('', '12345')),
  ({'mode': 'w+', 'read': 2}, ('', '9'), ('12', '9')),
  ({'mode': 'a+'}, ('', '123459'), ('', '123459')),
):
  found = after(open, **arguments), after(tf.io.gfile.GFile, **arguments)
  print(f'{arguments}: (read, left in the file) by Python {found[0]}, by GFile {found[1]}')
  assert found == (by_python, by_gfile), (arguments, found)
PYTHON_END
