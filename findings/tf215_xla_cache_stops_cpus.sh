#!/usr/bin/env bash
# What surprises: with TensorFlow 2.15 a folder for XLA's compiled code (--tf_xla_persistent_cache_directory in TF_XLA_FLAGS) makes every
#   compiled function on a CPU raise, from the first process on, with the folder empty. With 2.21 it works.
# Guessed before it was run: the first process fills the folder, the second reads it, and nothing else changes, in both.
# Seen: 2.15.1: InternalError, "TargetRegistry::lookupTarget failed: No available targets are compatible with triple "unknown"", twice,
#   and no file. With --tf_xla_persistent_cache_device_types=GPU beside it the CPU is left alone: it computes, and keeps nothing.
#   2.21.0: the first process leaves a file, the second adds none and computes the same.
# Versions: tensorflow 2.15.1 and 2.21.0, Python 3.11.
# What xdc-tf does: names a folder for GPUs only, and only from 2.21 on (xdc_tf/xla_cache.py, use).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
cat > "$tmp/show.py" <<'PYTHON_END'
import os
import sys

import tensorflow as tf

case, folder = sys.argv[1:]


@tf.function(jit_compile=True)
def double(x):
  return x * 2


try:
  seen = double(tf.constant([1.0, 2.0])).numpy().tolist()
except tf.errors.InternalError as error:
  seen = error.message
files = len(os.listdir(folder))
print(f'tensorflow {tf.__version__}, {case}: {seen}; files kept: {files}')
if tf.__version__.startswith('2.15') and 'CPU' in case:
  assert 'No available targets' in seen and files == 0
else:
  assert seen == [2.0, 4.0] and files == ('CPU' in case)
PYTHON_END
export CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=3
for pins in 'tensorflow==2.15.1 numpy==1.26.4' 'tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6'; do
  venv="$tmp/${pins%% *}"
  "${PYTHON:-python3.11}" -m venv "$venv"
  # shellcheck disable=SC2086
  "$venv/bin/pip" install --quiet --disable-pip-version-check $pins
  for devices in 'CPU and GPU' 'GPU only'; do
    folder="$(mktemp -d -p "$tmp")"
    flags="--tf_xla_persistent_cache_directory=$folder"
    [ "$devices" = 'CPU and GPU' ] || flags="$flags --tf_xla_persistent_cache_device_types=GPU"
    for process in 1 2; do
      TF_XLA_FLAGS="$flags" "$venv/bin/python" "$tmp/show.py" "$devices, process $process" "$folder"
    done
  done
done
