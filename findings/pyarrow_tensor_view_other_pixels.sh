#!/usr/bin/env bash
# What surprises: pictures that are a view with channels last (numpy's transpose of channels first) come back from pyarrow's tensor arrays with
#   another shape and other pixels. A copy of the same numbers comes back right.
# Guessed before it was run: the way there and back is the identity, as the pages of FixedShapeTensorArray say of permuted shapes.
# Seen: (2, 4, 5, 3) becomes (2, 5, 3, 4), whole and alone. A type made by hand of the stored shape and the permutation has the right shape and
#   8 % of the pixels right: the strides are those of the other direction. Two axes swapped come back right, three in a circle do not.
# Versions: pyarrow 26.0.1, numpy 2.4.6, Python 3.12; the same in pyarrow 16.1.0.
# What xdc-tf does: pictures are stored as JPEGs, features as .npy in rows (xdc_tf/clustering/feature_store.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import pyarrow as pa

print(f'pyarrow {pa.__version__}')
channels_first = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
view = channels_first.transpose(0, 2, 3, 1)


def there_and_back(name, pictures):
  stored = pa.FixedShapeTensorArray.from_numpy_ndarray(pictures)
  back = stored.to_numpy_ndarray()
  print(f'{name}: {pictures.shape} becomes {back.shape}, {"equal" if np.array_equal(back, pictures) else "other pixels"}')
  return back


assert np.array_equal(there_and_back('channels first', channels_first), channels_first)
assert np.array_equal(there_and_back('channels last, a copy', view.copy()), view)
assert np.array_equal(there_and_back('two axes swapped, a view', channels_first.swapaxes(2, 3)), channels_first.swapaxes(2, 3))
assert there_and_back('channels last, a view', view).shape == (2, 5, 3, 4)

kind = pa.fixed_shape_tensor(pa.uint8(), [3, 4, 5], dim_names=['C', 'H', 'W'], permutation=[1, 2, 0])
rows = pa.FixedSizeListArray.from_arrays(pa.array(channels_first.ravel()), 60)
back = pa.ExtensionArray.from_storage(kind, rows).to_numpy_ndarray()
print(f'by a type of our own: {back.shape}, {(back == view).mean():.1%} of the pixels right, strides {back.strides} for {view.strides}')
assert back.shape == view.shape and (back == view).mean() < 0.1 and back.strides == (60, 4, 1, 12)
PYTHON_END
