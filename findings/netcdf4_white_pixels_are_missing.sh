#!/usr/bin/env bash
# What surprises: netCDF4 reads the white pixels of a uint8 picture as missing, and -127 of int8 numbers, though nothing was declared missing.
# Guessed before it was run: values are masked where they equal the variable's `_FillValue` or `missing_value`, as the module's page says; a
#   variable without these attributes has no missing values.
# Seen: a picture that is black on the left and white on the right has a mean of 127.5, and of 0 when it is read; the variable has no
#   attributes. 255 and -127 are the type's default fill values, which are masked all the same; `fill_value=False` avoids it.
# Versions: netCDF4 1.7.5.1.post1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; frames are JPEG and arrays .npy.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check netCDF4==1.7.5.1.post1 numpy==2.5.5
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import os
import tempfile

import netCDF4
import numpy as np

print('netCDF4', netCDF4.__version__)
os.chdir(tempfile.mkdtemp(dir=os.environ['FOLDER']))
picture = np.zeros((4, 6), np.uint8)
picture[:, 3:] = 255
with netCDF4.Dataset('a.nc', 'w') as file:
  file.createDimension('y', 4)
  file.createDimension('x', 6)
  file.createVariable('picture', 'u1', ('y', 'x'))[:] = picture
  file.createVariable('signed', 'i1', ('y', 'x'))[:] = np.where(picture, -127, 1)
  file.createVariable('without', 'u1', ('y', 'x'), fill_value=False)[:] = picture
with netCDF4.Dataset('a.nc') as file:
  attributes, white = file['picture'].ncattrs(), int((file['picture'][:] == 255).sum())
  means = {name: float(file[name][:].mean()) for name in ('picture', 'signed', 'without')}
print('attributes', attributes, 'means', means, 'white pixels', white, 'of', int((picture == 255).sum()))

assert picture.mean() == 127.5 and attributes == []
assert means == {'picture': 0.0, 'signed': 1.0, 'without': 127.5}
PYTHON_END
