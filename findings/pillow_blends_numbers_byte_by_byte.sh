#!/usr/bin/env bash
# What surprises: Half of 1.0 and 2.0 is 3.0 when Pillow pastes or composes float pictures with a mask; half of -1 and 1 is 2,139,062,144.
# Guessed before it was run: 1.5 and 0, as of bytes; `Image.blend` refuses such pictures.
# Seen: 1, .875, 3, 2.5 and 2 on the way from 1 to 2; 383 between 255 and 256 of 16 bits; of a soft edge between pictures of 0 to 4 30 % is off by
#   more than .5.
# Reason: every byte of a number is blended by itself.
# Versions: pillow 13.0.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: pictures are bytes when they are put together (xdc_tf/media/video_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
from PIL import Image, __version__

print('pillow', __version__)


def mix(low, high, dtype, share):
  a, b = (Image.fromarray(np.full((4, 4), value, dtype)) for value in (low, high))
  mixed, pasted = Image.composite(b, a, Image.new('L', (4, 4), share)), a.copy()
  pasted.paste(b, (0, 0), Image.new('L', (4, 4), share))
  assert np.array_equal(np.asarray(mixed), np.asarray(pasted))
  return np.asarray(mixed)[0, 0].item()


floats = [mix(1, 2, np.float32, share) for share in (0, 64, 128, 192, 255)]
print('from 1 to 2:', floats)
assert floats == [1, 0.875, 3, 2.5, 2]
print('half of 255 and 256 of 16 bits:', mix(255, 256, np.uint16, 128), 'of 32:', mix(255, 256, np.int32, 128))
assert mix(255, 256, np.uint16, 128) == mix(255, 256, np.int32, 128) == 383
print('half of -1 and 1:', mix(-1, 1, np.int32, 128))
assert abs(mix(-1, 1, np.int32, 128)) > 2e9

a, b = np.random.default_rng(0).uniform(0, 4, (2, 64, 64)).astype(np.float32)
soft = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))
mixed = np.asarray(Image.composite(Image.fromarray(b), Image.fromarray(a), Image.fromarray(soft)), np.float64)
off = np.mean(np.abs(mixed - (a + (b - a) * (soft / 255.0))) > 0.5)
print(f'a soft edge between pictures of 0 to 4: {off:.0%} is off by more than .5')
assert off > 0.15
PYTHON_END
