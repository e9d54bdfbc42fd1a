#!/usr/bin/env bash
# What surprises: rasterio's reproject turns an array upside down whose upper left corner is at 0, 0 and whose pixels have size 1.
# Guessed before it was run: an array and the file that it was read from are reprojected to the same.
# Seen: rows 1 to 4 come out above the equator, as 4 to 1; of the file, or an array at .001, they are below it and in order. With
#   the grid that reproject chooses itself all is 0; so it is when that transform is the one to be reached. There is no warning.
# Reason: such a transform is to be moved by 1e-100, but translation() is a class method of Affine: what comes back is the identity
#   moved, where rows go up (format_transform in _warp.pyx). It was meant to go around an error that is older than GDAL 3.3.
# Versions: rasterio 1.5.2 (GDAL 3.12.2), affine 3.0.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; there are no maps.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check rasterio==1.5.2 affine==3.0.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import warnings

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from rasterio.warp import reproject

print('rasterio', rasterio.__version__, 'with GDAL', rasterio.__gdal_version__)
rows = np.repeat(np.arange(1, 5, dtype=np.float32)[:, None], 4, axis=1)
degrees = 'EPSG:4326'
wide = from_origin(-2, 5, 1, 1)
nearest = {'dst_crs': degrees, 'resampling': Resampling.nearest}


def of_array(source, target, shape):
  result = np.zeros(shape, np.float32)
  with warnings.catch_warnings():
    warnings.simplefilter('error')
    reproject(rows, result, src_transform=source, src_crs=degrees, dst_transform=target, **nearest)
  return result


with MemoryFile() as memory:
  with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    form = {'driver': 'GTiff', 'height': 4, 'width': 4, 'count': 1, 'dtype': 'float32'}
    with memory.open(crs=degrees, transform=from_origin(0, 0, 1, 1), **form) as file:
      file.write(rows, 1)
  with memory.open() as file:
    print('the file holds rows from', file.bounds.top, 'down to', file.bounds.bottom, 'degrees')
    of_file = np.zeros((10, 8), np.float32)
    reproject(rasterio.band(file, 1), of_file, dst_transform=wide, **nearest)
    array = of_array(file.transform, wide, (10, 8))
beside = of_array(from_origin(0.001, 0, 1, 1), wide, (10, 8))
for name, result in (('of the file', of_file), ('of the array', array), ('of an array at .001', beside)):
  print(f'{name}: column 3 from 5 degrees north to 5 south', result[:, 3])
assert (of_file[5:9, 3] == [1, 2, 3, 4]).all() and (beside == of_file).all()
assert (array[1:5, 3] == [4, 3, 2, 1]).all() and (array[5:] == 0).all()

for left in (0, 0.001):
  chosen, grid = reproject(rows, src_transform=from_origin(left, 0, 1, 1), src_crs=degrees, dst_crs='EPSG:3857')
  reached = of_array(from_origin(left, 0, 0.5, 0.5), from_origin(left, 0, 1, 1), (2, 2))
  print(f'left edge at {left}: to Mercator, first column', np.squeeze(chosen)[:, 0], 'from halves to wholes', reached[:, 0])
  assert reached.any() == bool(left)
  assert left or not np.any(chosen)
PYTHON_END
