#!/usr/bin/env bash
# What surprises: albumentations' `AutoContrast(ignore=0)`, to leave black borders out, leaves the red channel as it is: `ignore`, which the
#   documentation calls the intensity to preserve, is compared with the number of the channel. And white does not count as a brightness that
#   occurs, so the brightest below it becomes white.
# Guessed before it was run: `ignore` is a brightness, as the documentation says and as in PIL; a picture from 0 to 255 stays as it is.
# Seen: of noise from 50 to 149, ignore=0, 1 and 2 leave red, green and blue at 50 to 149 and spread the others to 0 to 255; ignore=3 changes all.
#   Pixels of 0, 100 and 255 become 0, 255 and 255 by method='pil'; PIL keeps them.
# Versions: albumentations 2.0.8, opencv-python-headless 5.0.0.93, pillow 13.0.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: clips are cut and mirrored, and their colours stay (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  albumentations==2.0.8 opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6
cd "$tmp"
export NO_ALBUMENTATIONS_UPDATE=1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import albumentations
import numpy as np
from PIL import Image, ImageOps

print(f'albumentations {albumentations.__version__}')


def of_albumentations(picture, **options):
  return albumentations.Compose([albumentations.AutoContrast(method='pil', p=1, **options)])(image=picture)['image']


noise = np.random.default_rng(0).integers(50, 150, (64, 64, 3), dtype=np.uint8)
for ignore in (None, 0, 1, 2, 3):
  spread = of_albumentations(noise, ignore=ignore)
  ranges = [(int(spread[..., channel].min()), int(spread[..., channel].max())) for channel in range(3)]
  print(f'ignore={ignore}: red, green and blue {ranges}')
  assert ranges == [(50, 149) if channel == ignore else (0, 255) for channel in range(3)]

picture = np.full((64, 64, 3), 100, np.uint8)
picture[:8], picture[8:16] = 0, 255
ours, of_pil = np.unique(of_albumentations(picture)), np.unique(ImageOps.autocontrast(Image.fromarray(picture)))
print(f'0, 100 and 255 become {ours} by albumentations, {of_pil} by PIL')
assert ours.tolist() == [0, 255] and of_pil.tolist() == [0, 100, 255]
PYTHON_END
