#!/usr/bin/env bash
# What surprises: safetensors.numpy 0.8 writes a transposed array's bytes in the order in which they lie in memory, under the transposed
#   shape: the file has the right name, shape and type and numbers in wrong places, without a word. 0.7 is right. A kernel that is turned
#   from TensorFlow's axes to PyTorch's is such an array.
# Guessed before it was run: an array comes back equal, however it lies in memory.
# Seen: 0.7.0: all equal. 0.8.0: the transposed dense and convolution kernels and the Fortran-ordered array come back with the numbers of
#   the untransposed one, from save and from save_file; after numpy.ascontiguousarray they are right.
# Versions: safetensors 0.7.0 and 0.8.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing with safetensors; weights for PyTorch are made contiguous first (xdc_tf/models/torch_files.py, write).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
cat > "$tmp/show.py" <<'PYTHON_END'
import os
import sys

import numpy as np
import safetensors
from safetensors.numpy import load, load_file, save, save_file

print(f'safetensors {safetensors.__version__}, numpy {np.__version__}')
dense = np.arange(6, dtype=np.float32).reshape(2, 3)
convolution = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
path = os.path.join(sys.argv[1], 'a.safetensors')
for name, array, before in (
  ('as it was made', dense, dense),
  ('dense, transposed', dense.T, dense),
  ('convolution, axes 3, 2, 0, 1', convolution.transpose(3, 2, 0, 1), convolution),
  ('in Fortran order', np.asfortranarray(dense), dense.T),
  ('transposed, made contiguous', np.ascontiguousarray(dense.T), dense.T),
):
  save_file({'a': array}, path)
  for found in (load(save({'a': array}))['a'], load_file(path)['a']):
    assert found.shape == array.shape and found.dtype == array.dtype
    equal = np.array_equal(found, array)
    assert equal == (array.flags.c_contiguous or safetensors.__version__ == '0.7.0')
    assert equal or np.array_equal(found.ravel(), before.ravel())
  print(f'{name}: {"equal" if equal else f"{array.ravel()[:6]} came back as {found.ravel()[:6]}"}')
PYTHON_END
for version in 0.7.0 0.8.0; do
  "${PYTHON:-python3.12}" -m venv "$tmp/$version"
  "$tmp/$version/bin/pip" install --quiet --disable-pip-version-check "safetensors==$version" numpy==2.4.6
  "$tmp/$version/bin/python" "$tmp/show.py" "$tmp"
done
