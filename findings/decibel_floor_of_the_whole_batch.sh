#!/usr/bin/env bash
# What surprises: where top_db cuts a spectrogram in decibels off below its loudest point, librosa and the Keras layer take the loudest
#   point of the whole batch: what becomes of a quiet clip depends on the clips beside it.
# Guessed before it was run: each clip has its own maximum; in a layer at least, an example does not depend on the others.
# Seen: a clip that begins 60 dB below its neighbour, alone and beside it, top_db=80: librosa.power_to_db, librosa.feature.mfcc of the
#   waveforms and keras.layers.MelSpectrogram (80 is its default) change it by more than 10; of its mel values three in four end at the
#   floor. Without top_db (None in librosa; Keras raises on None and wants a large number) it stays.
# Versions: librosa 0.11.0, keras 3.15.1, tensorflow 2.21.0, Python 3.12 (tfio.audio.dbscale of tensorflow-io 0.36.0 does as librosa does).
# What xdc-tf does: adds a constant to the power before the logarithm and has no maximum (LogMelSpec.log_offset in
#   xdc_tf/records/audio_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow==2.21.0 keras==3.15.1 librosa==0.11.0 numpy==2.4.6
CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import librosa
import numpy as np

print(f'librosa {librosa.__version__}, keras {keras.__version__}')
noise = np.random.default_rng(0).normal(size=16000).astype(np.float32)
# A decaying sound, and a louder one.
quiet = noise * np.exp(-np.arange(16000) / 3000).astype(np.float32) * np.float32(0.0003)
loud = noise * np.float32(0.3)


def librosa_decibels(waves, top_db):
  return librosa.power_to_db(librosa.feature.melspectrogram(y=waves, sr=16000, n_fft=1024), top_db=top_db)


def librosa_mfcc(waves, top_db):
  assert top_db == 80.0  # what it takes itself
  return librosa.feature.mfcc(y=waves, sr=16000, n_fft=1024)


def keras_layer(waves, top_db):
  layer = keras.layers.MelSpectrogram(fft_length=1024, sequence_stride=512, num_mel_bins=64, top_db=top_db or 1e6)
  return np.asarray(layer(waves))


for function, top_db in (
  (librosa_decibels, 80.0),
  (librosa_decibels, None),
  (librosa_mfcc, 80.0),
  (keras_layer, 80.0),
  (keras_layer, None),
):
  alone = function(quiet[None], top_db)[0]
  beside = function(np.stack([quiet, loud]), top_db)[0]
  change = np.abs(beside - alone).max()
  print(f'{function.__name__:16} top_db={top_db}: the quiet clip changes by up to {change:.2f}')
  assert change > 10 if top_db else change < 0.01
  if top_db and function is not librosa_mfcc:
    at_floor = np.mean(beside == beside.min())
    print(f'  {at_floor:.0%} of it lies at the floor')
    assert at_floor > 0.5
PYTHON_END
