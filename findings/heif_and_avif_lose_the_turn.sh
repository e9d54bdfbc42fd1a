#!/usr/bin/env bash
# What surprises: `save(..., exif=image.getexif())` of Pillow keeps a telephone's orientation in JPEG, PNG and WebP, but not in HEIF by pillow-heif;
#   and saving as AVIF takes the orientation out of the caller's object, so that whatever is saved with it next lies on its side.
# Guessed before it was run: all formats keep the tag, given as an object or as bytes, and the caller's object stays as it is.
# Seen: as bytes all five formats are upright. As an object HEIF has lost the turn; AVIF is right itself, but of JPEG, AVIF, JPEG, AVIF saved one after
#   the other with the same object the last two are sideways.
# Versions: pillow-heif 1.8.1, pillow 13.0.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; frames are turned before they are stored, as JPEG without Exif (xdc_tf/media/jpeg_encoder.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pillow-heif==1.8.1 pillow==13.0.0 numpy==2.5.5
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import io
import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageOps

pillow_heif.register_heif_opener()
pixels = np.zeros((40, 64, 3), np.uint8)
pixels[:20], pixels[20:] = (250, 20, 20), (20, 20, 250)
exif = Image.Exif()
exif[ExifTags.Base.Orientation] = 6  # As phones write it: to be shown upright, 40 wide and 64 high, blue on the left.
Image.fromarray(pixels).save('phone.jpg', quality=95, exif=exif)


def upright(form, exif):
  file = io.BytesIO()
  Image.open('phone.jpg').save(file, form, exif=exif)
  picture = ImageOps.exif_transpose(Image.open(file)).convert('RGB')
  return picture.size, 'blue' if picture.getpixel((8, 8))[2] > 128 else 'red'


for form in ('JPEG', 'PNG', 'WEBP', 'AVIF', 'HEIF'):
  tags = Image.open('phone.jpg').getexif()
  as_object, as_bytes = upright(form, tags), upright(form, Image.open('phone.jpg').getexif().tobytes())
  print(f'{form}: exif as object {as_object}, as bytes {as_bytes}; the tag of the caller is then {tags.get(ExifTags.Base.Orientation)}')
  assert as_bytes == ((40, 64), 'blue')
  assert as_object == (((64, 40), 'red') if form == 'HEIF' else as_bytes)  # pillow-heif leaves the turn out.
  assert tags.get(ExifTags.Base.Orientation) == (None if form == 'AVIF' else 6)  # Pillow takes it out of the caller's object,
tags = Image.open('phone.jpg').getexif()
saved = [upright(form, tags)[0] for form in ('JPEG', 'AVIF', 'JPEG', 'AVIF')]
print(f'one after the other with the same exif: {saved}')
assert saved == [(40, 64), (40, 64), (64, 40), (64, 40)]  # so what is saved next lies on its side.
PYTHON_END
