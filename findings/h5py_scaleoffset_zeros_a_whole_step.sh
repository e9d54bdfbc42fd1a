#!/usr/bin/env bash
# What surprises: `scaleoffset=2` of h5py makes every float nearer to 0 than .01 exactly 0: the error is up to a whole step, not half of one,
#   because numbers within a step of the fill value, 0, become the fill value. Small numbers are what probabilities are.
# Guessed before it was run: rounded to two digits, an error below .005, as the page of create_dataset says.
# Seen: .0099 becomes 0; of rows of 200 probabilities 86 % become 0 and the rest add up to .38 in the first row. With fillvalue=999 the error
#   is half a step, and 0 to .01 become .005. Three digits likewise.
# Versions: h5py 3.16.0 (HDF5 2.0.0), numpy 2.4.6, Python 3.12.
# What xdc-tf does: features are stored as float16 in .npy, whose error is a share of the number (xdc_tf/clustering/feature_store.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check h5py==3.16.0 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import h5py
import numpy as np

print(f'h5py {h5py.__version__}, HDF5 {h5py.version.hdf5_version}')


def kept(numbers, **options):
  with h5py.File('numbers.h5', 'w') as file:
    file.create_dataset('numbers', data=numbers, chunks=numbers.shape, **options)
  with h5py.File('numbers.h5') as file:  # Before it is opened anew, it has the numbers as they were.
    return file['numbers'][:]


few = np.array([-0.015, -0.0099, -0.006, -0.003, 0.003, 0.006, 0.0099, 0.012])
print(f'given              {few}')
print(f'two digits         {kept(few, scaleoffset=2).round(4)}')
print(f'two, fillvalue=999 {kept(few, scaleoffset=2, fillvalue=999.0).round(4)}')
assert (kept(few, scaleoffset=2)[1:7] == 0).all()

probabilities = np.random.default_rng(0).dirichlet(np.ones(200), 50).ravel()
for digits in (2, 3):
  half = 0.5 * 10.0**-digits
  zeros, far = kept(probabilities, scaleoffset=digits), kept(probabilities, scaleoffset=digits, fillvalue=999.0)
  errors = [abs(back - probabilities).max() for back in (zeros, far)]
  print(
    f'{digits} digits: largest error {errors[0]:.5f} for {half:.5f}, {(zeros == 0).mean():.0%} zeros, first row {zeros[:200].sum():.3f}; '
    f'with fillvalue=999 {errors[1]:.5f}'
  )
  assert errors[0] > 1.7 * half and errors[1] < 1.001 * half
assert (kept(probabilities, scaleoffset=2) == 0).mean() > 0.8
PYTHON_END
