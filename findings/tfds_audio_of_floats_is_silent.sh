#!/usr/bin/env bash
# What surprises: the Audio feature of TensorFlow Datasets takes samples of floats from -1 to 1, and stores silence: its dtype is int64 unless
#   told, and every fraction is cut to 0, without an error or a warning. Only with `dtype=np.float32` does the sound survive.
# Guessed before it was run: an error about the dtype, as Tensor and Image raise one, or the floats scaled to 16 bits.
# Seen: a tone of amplitude .5 comes back as int64 zeros; a Tensor feature of int64 refuses the same array.
# Versions: tensorflow-datasets 4.9.10, tensorflow 2.21.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: records hold log-mel spectrograms; another type than the declared one is an error (xdc_tf/records/schema.py).
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
tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)).astype(np.float32)


def read(feature):
  features = tfds.features.FeaturesDict({'sound': feature})
  return features.deserialize_example(features.serialize_example({'sound': tone}))['sound'].numpy()


for feature in (tfds.features.Audio(shape=(None,)), tfds.features.Audio(shape=(None,), dtype=np.float32)):
  found = read(feature)
  print(f'Audio of {np.dtype(feature.np_dtype)}: {found.dtype}, from {found.min()} to {found.max()}')
  if found.dtype == np.int64:
    assert not found.any()
  else:
    np.testing.assert_array_equal(found, tone)
try:
  read(tfds.features.Tensor(shape=(None,), dtype=np.int64))
  raise SystemExit('Tensor takes floats for int64 too')
except ValueError as error:
  print('Tensor of int64:', str(error).splitlines()[0])
PYTHON_END
