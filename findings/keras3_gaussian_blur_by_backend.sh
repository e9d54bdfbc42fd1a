#!/usr/bin/env bash
# What surprises: keras.ops.image.gaussian_blur is another filter on every backend. With JAX it does not blur from row to row at all, mixes
#   the colours instead, and a flat picture comes out darker; with NumPy a kernel of 3 rows and 7 columns has 7 rows and 3 columns; with
#   TensorFlow it has 3 and 7, but its weights are shuffled. Only square kernels with one sigma are right there, and with NumPy.
#   The layer RandomGaussianBlur is made of it.
# Guessed before it was run: the same picture everywhere, sizes in the order of the picture's axes, flat pictures stay flat.
# Seen: kernel (3, 7), sigma (1, 1): a dot covers 3 x 7 pixels with TensorFlow, 7 x 3 with NumPy, 1 x 7 with JAX; the row below it has .17,
#   .61 and 0 of its own row's weight (a Gaussian: .61). A flat 1.0, kernel (3, 3): 1.0, 1.0 and .45 with one channel; .73, 1.0, .73 with
#   three under JAX.
# Versions: keras 3.15.1 with tensorflow 2.21.0, jax 0.12.0.1 and numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: it blurs nowhere.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  keras==3.15.1 tensorflow==2.21.0 jax==0.12.0.1 jaxlib==0.12.0.1 numpy==2.4.6
cat >"$tmp/program.py" <<'PYTHON_END'
import importlib.metadata

import keras
import numpy as np

backend = keras.backend.backend()
dot = np.zeros([1, 15, 15, 1], np.float32)
dot[0, 7, 7] = 1


def blur(images, kernel, sigma):
  return np.asarray(keras.ops.image.gaussian_blur(images, kernel, sigma))[0]


spot = blur(dot, (3, 7), (1.0, 1.0))[..., 0]
size = tuple(int((spot.sum(axis) > 1e-9).sum()) for axis in (1, 0))
down = float(spot.sum(1)[8] / spot.sum(1)[7])
flat = {channels: blur(np.ones([1, 12, 12, channels], np.float32), (3, 3), (1.0, 1.0))[6, 6] for channels in (1, 3)}
print(
  f'keras {keras.__version__}, {backend} {importlib.metadata.version(backend)}: a dot becomes {size[0]} x {size[1]}, the row below has '
  f'{down:.2f} of the middle one; flat 1.0 becomes {flat[1].round(2)} and {flat[3].round(2)}'
)
assert size == {'tensorflow': (3, 7), 'numpy': (7, 3), 'jax': (1, 7)}[backend]
assert abs(down - {'tensorflow': 0.17, 'numpy': np.exp(-1 / 2), 'jax': 0}[backend]) < 0.01
expected = [0.73, 1, 0.73] if backend == 'jax' else [1, 1, 1]
assert np.allclose(flat[3], expected, atol=0.005) and abs(flat[1][0] - (0.45 if backend == 'jax' else 1)) < 0.005
PYTHON_END
for backend in tensorflow numpy jax; do
  KERAS_BACKEND=$backend TF_CPP_MIN_LOG_LEVEL=3 JAX_PLATFORMS=cpu "$tmp/venv/bin/python" "$tmp/program.py" 2>"$tmp/errors" ||
    { cat "$tmp/errors" >&2; exit 1; }
done
