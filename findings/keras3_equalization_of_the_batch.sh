#!/usr/bin/env bash
# What surprises: Keras's `Equalization` takes one histogram of the whole batch, and does nothing outside of training, where its page says
#   that it is applied; `Solarization` draws its threshold from .5 on where (.5, .5) is asked for; `RandomInvert` of -1 is 2.
# Guessed before it was run: a picture is equalized by its own histogram; the threshold is 127 each time; values of -1 to 1 stay in it.
# Seen: a dark picture fills 0 to 255 alone and 0 to 127 beside a bright one, and is untouched with training=False; thresholds from 10 to
#   113; 2, 1.5, 1, .5, 0 of -1, -.5, 0, .5, 1.
# Reason: the histogram is of a channel of all pictures; the whole of it stands behind `if training`; only the upper bound is scaled to the
#   range of values; the inverse is the upper end less the value.
# Versions: tensorflow 2.21.0, keras 3.15.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: frames are cropped, flipped and jittered by its own operations, a clip at a time (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.5.5
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np

print('keras', keras.__version__)
random = np.random.default_rng(0)
dark, bright = (np.clip(random.normal(mean, 15, (64, 64, 3)), 0, 255).astype(np.uint8) for mean in (60, 190))
layer = keras.layers.Equalization(value_range=(0, 255))
found = {
  'alone': layer(dark[None])[0],
  'beside a bright one': layer(np.stack([dark, bright]))[0],
  'training=False': layer(dark[None], training=False)[0],
}
for name, picture in found.items():
  print(f'dark picture, equalized {name}: {np.min(picture):.0f} to {np.max(picture):.0f}')
assert np.max(found['alone']) == 255 and np.max(found['beside a bright one']) < 130
assert np.array_equal(np.asarray(found['training=False']), dark)

ramp = np.tile(np.arange(256, dtype=np.float32)[None, :, None], (1, 1, 3))
layer = keras.layers.Solarization(threshold_factor=(0.5, 0.5), seed=0)
kept = [int(np.argmax(np.asarray(layer(ramp))[0, :, 0] != np.arange(256))) - 1 for _ in range(5)]
print('threshold_factor=(.5, .5) keeps values up to', kept)
assert len(set(kept)) > 1 and max(kept) < 127

values = np.linspace(-1, 1, 5, dtype=np.float32).reshape(1, 5, 1).repeat(3, -1)
inverted = np.asarray(keras.layers.RandomInvert((1.0, 1.0), value_range=(-1, 1))(values)).ravel()[::3].tolist()
print('inverse of -1, -.5, 0, .5, 1 in (-1, 1):', inverted)
assert inverted == [2, 1.5, 1, 0.5, 0]
PYTHON_END
