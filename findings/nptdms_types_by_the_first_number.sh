#!/usr/bin/env bash
# What surprises: npTDMS stores a list of numbers in the type of its first: 0, 0.5, 1.5 are 0, 0, 1. Arrays of big-endian numbers come back with
#   their bytes swapped.
# Guessed before it was run: what is written is read again, or refused.
# Seen: [0, 0.5, 1.5] is read as [0, 0, 1], [0.0, 0.5, 1.5] as it was; 0, 1, 2 of big-endian int32 as 0, 16777216, 33554432. The type of
#   a list is that of its first element, and bytes are written as they lie.
# Versions: npTDMS 1.13.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: arrays are written by NumPy with their type and byte order (xdc_tf/files.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check npTDMS==1.13.0 numpy==2.5.5
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import os
import tempfile

import numpy as np
from nptdms import ChannelObject, TdmsFile, TdmsWriter

print('npTDMS', importlib.metadata.version('npTDMS'))
os.chdir(tempfile.mkdtemp(dir=os.environ['FOLDER']))


def back(values):
  with TdmsWriter('a.tdms') as writer:
    writer.write_segment([ChannelObject('group', 'channel', values)])
  read = TdmsFile.read('a.tdms')['group']['channel'][:].tolist()
  print('wrote', list(values), 'read', read)
  return read


assert back([0, 0.5, 1.5]) == [0, 0, 1]
assert back([0.0, 0.5, 1.5]) == [0, 0.5, 1.5]
assert back(np.arange(3, dtype='>i4')) == [0, 1 << 24, 2 << 24]
assert back(np.arange(3, dtype='<i4')) == [0, 1, 2]
PYTHON_END
