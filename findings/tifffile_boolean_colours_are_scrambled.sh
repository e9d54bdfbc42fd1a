#!/usr/bin/env bash
# What surprises: a boolean picture in colour comes back from tifffile in other colours: red becomes white, yellow and black.
# Guessed before it was run: what imwrite stores without loss, imread gives back, of every type.
# Seen: with photometric='rgb' .42 of the bits of a red picture are other ones, .46 of noise, with and without zlib and tiles. GDAL
#   reads the same, so it is the file that is wrong. With planes apart, or in uint8, all is right. Labels up to 3e8 in uint32 come
#   back from JPEG 2000 as other numbers, those up to 3e6 as themselves.
# Reason: bits are packed along the width, each colour for itself, where TIFF has the colours of a pixel side by side, and so reads
#   imread (compressionfunc in tifffile.py); JPEG 2000 fails beyond 26 bits, of which only a TODO in imagecodecs speaks.
# Versions: tifffile 2026.11.8, imagecodecs 2026.10.10, rasterio 1.5.2, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; frames are JPEG (xdc_tf/media/jpeg_encoder.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tifffile==2026.11.8 imagecodecs==2026.10.10 rasterio==1.5.2 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import os
import tempfile
import warnings

import numpy as np
import rasterio
import tifffile

warnings.filterwarnings('ignore')
random = np.random.default_rng(0)
red = np.zeros((16, 16, 3), bool)
red[..., 0] = True
pictures = {'red': red, 'noise': random.random((64, 64, 3)) > 0.5}
with tempfile.TemporaryDirectory() as folder:
  path = os.path.join(folder, 'picture.tif')
  for name, picture in pictures.items():
    for options in ({}, {'compression': 'zlib'}, {'tile': (16, 16)}):
      tifffile.imwrite(path, picture, photometric='rgb', **options)
      back = tifffile.imread(path)
      wrong = (back != picture).mean()
      print(name, options, f'{wrong:.2f} of the bits are other ones; the first row begins', back[0, :4].astype(int).tolist())
      assert back.shape == picture.shape and back.dtype == bool and wrong > 0.4
      with rasterio.open(path) as file:
        by_gdal = np.moveaxis(file.read(), 0, -1)
      assert (by_gdal == back).all()
    tifffile.imwrite(path, picture.astype(np.uint8), photometric='rgb')
    as_bytes = tifffile.imread(path)
    planes = np.ascontiguousarray(np.moveaxis(picture, -1, 0))
    tifffile.imwrite(path, planes, photometric='rgb', planarconfig='separate')
    print(name, 'in bytes and with planes apart is the same:', (as_bytes == picture).all(), (tifffile.imread(path) == planes).all())
    assert (as_bytes == picture).all() and (tifffile.imread(path) == planes).all()
  for largest in (3_000_000, 300_000_000):
    labels = random.integers(0, largest, (64, 64)).astype(np.uint32)
    shares = {}
    for compression in ('zlib', 'jpeg2000'):
      tifffile.imwrite(path, labels, compression=compression)
      shares[compression] = float((tifffile.imread(path) != labels).mean())
    print(f'labels below {largest}: share that comes back as another number', shares)
    assert shares['zlib'] == 0 and (shares['jpeg2000'] > 0.5) == (largest > 2**26)
PYTHON_END
