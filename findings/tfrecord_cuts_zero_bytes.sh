#!/usr/bin/env bash
# What surprises: the package `tfrecord`, which reads and writes TFRecords without TensorFlow, cuts the zero bytes off the end of every
#   entry of a list of bytes that it reads. A list of one entry comes back whole.
# Guessed before it was run: bytes come back as they were written, one entry or many.
# Seen: three chunks of 8 bytes of 16-bit sound come back with 0, 3 and 7 bytes; the silent one is empty. What is in the file is right:
#   its bytes hold all three chunks whole. Nothing is raised.
# Versions: tfrecord 1.14.6, numpy 2.4.6, protobuf as it comes, Python 3.12.
# What xdc-tf does: not used; records are read by TensorFlow (xdc_tf/records/schema.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tfrecord==1.14.6 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import pathlib

import numpy as np
from tfrecord.reader import tfrecord_loader
from tfrecord.writer import TFRecordWriter

print('tfrecord', importlib.metadata.version('tfrecord'))
chunks = [np.array(samples, '<i2').tobytes() for samples in ([0, 0, 0, 0], [7, 3, 0, 0], [1, 2, 3, 4])]
writer = TFRecordWriter('sound.tfrecord')
writer.write({'many': (chunks, 'byte'), 'one': (chunks[1:2], 'byte')})
writer.close()
contents = pathlib.Path('sound.tfrecord').read_bytes()
assert all(b'\n\x08' + chunk in contents for chunk in chunks)  # The tag of an entry, its length of 8, and all of it.
found = next(iter(tfrecord_loader('sound.tfrecord', None, {'many': 'byte', 'one': 'byte'})))
lengths = [len(entry) for entry in found['many']]
print('written 8, 8, 8 bytes, read', lengths, '; alone:', len(found['one']))
assert lengths == [0, 3, 7] and len(found['one']) == 8
PYTHON_END
