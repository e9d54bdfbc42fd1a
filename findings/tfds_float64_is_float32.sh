#!/usr/bin/env bash
# What surprises: a feature of float64 in TensorFlow Datasets is stored as float32, and comes back as float64 with the digits lost: times since
#   1970 are wrong by up to 64 seconds. Only with `encoding='zlib'` or 'bytes' do the numbers come back.
# Guessed before it was run: what is declared and read as float64 keeps its 53 bits, or the declaration is refused.
# Seen: of 1,000 times, a second apart, 9 different ones come back, up to 64 s off; Scalar and Tensor alike, dtype float64. With 'zlib' and
#   'bytes' all are exact.
# Versions: tensorflow-datasets 4.9.10, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: the records' times are float32 seconds from the beginning of the video, which are small (xdc_tf/records/schema.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow-datasets==4.9.10 tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6
cd "$tmp"
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - 2>/dev/null <<'PYTHON_END'
import numpy as np
import tensorflow_datasets as tfds

print(f'tensorflow-datasets {tfds.__version__}')
times = 1_800_000_000 + np.arange(1000, dtype=np.float64)


def read(feature, value):
  features = tfds.features.FeaturesDict({'time': feature})
  found = features.deserialize_example(features.serialize_example({'time': value}))['time'].numpy()
  assert found.dtype == np.float64
  return found


for encoding in (None, 'zlib', 'bytes'):
  found = read(tfds.features.Tensor(shape=(1000,), dtype=np.float64, encoding=encoding or 'none'), times)
  error = np.abs(found - times).max()
  print(f'Tensor, encoding {encoding}: {found.dtype}, {len(np.unique(found))} different times, up to {error:g} s off')
  assert error == (64 if encoding is None else 0)
found = read(tfds.features.Scalar(np.float64), times[63])
print(f'Scalar: {times[63]:.0f} comes back as {found:.0f}')
assert found != times[63] and found == np.float32(times[63])
PYTHON_END
