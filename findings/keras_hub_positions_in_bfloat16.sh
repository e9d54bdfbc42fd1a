#!/usr/bin/env bash
# What surprises: under mixed_bfloat16 SinePositionEncoding of keras-hub gives most neighbouring positions of 1,500 the same code, up to 2.0
#   from that of float32.
# Guessed before it was run: the codes of float32, rounded to bfloat16: .004 off at most.
# Seen: largest difference 2.0, 928 of 1,499 neighbours alike; in mixed_float16 .64. RotaryEmbedding under the same policy is .008 off.
# Reason: the positions themselves are cast to the compute dtype, in which whole numbers above 256 are not exact, and so are the angles.
# Versions: keras-hub 0.32.0, keras 3.15.1, tensorflow 2.21.0, Python 3.12.
# What xdc-tf does: nothing: its encoders have no positions.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check keras-hub==0.32.0 keras==3.15.1 tensorflow==2.21.0
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import keras_hub
import numpy as np

print('keras-hub', importlib.metadata.version('keras-hub'))
ones = np.ones((1, 1500, 64), 'float32')


def codes(policy):
  return np.asarray(keras_hub.layers.SinePositionEncoding(dtype=policy)(ones), 'float32')[0]


exact = codes('float32')
for policy in ('mixed_bfloat16', 'mixed_float16'):
  found = codes(policy)
  alike = int((np.abs(np.diff(found, axis=0)).max(axis=1) == 0).sum())
  error = np.abs(found - exact).max()
  print(f'{policy}: largest difference {error:.2f}, {alike} of {len(found) - 1} neighbouring positions have one code')
  assert error > 0.5 and (alike > 500 if policy == 'mixed_bfloat16' else alike < 500)
rotary = [np.asarray(keras_hub.layers.RotaryEmbedding(dtype=policy)(ones), 'float32') for policy in ('float32', 'mixed_bfloat16')]
print(f'RotaryEmbedding in mixed_bfloat16: {np.abs(rotary[0] - rotary[1]).max():.3f}')
assert np.abs(rotary[0] - rotary[1]).max() < 0.02
PYTHON_END
