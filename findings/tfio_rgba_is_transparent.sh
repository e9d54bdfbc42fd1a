#!/usr/bin/env bash
# What surprises: `tfio.experimental.color.rgb_to_rgba` makes every pixel wholly transparent: alpha is 0, for uint8 and for floats. The picture,
#   saved as PNG, is invisible, and laid over white it is white. Neither the name nor the docstring says so.
# Guessed before it was run: 255, or 1 for floats, as PIL's convert('RGBA') and OpenCV's COLOR_RGB2RGBA do.
# Seen: alpha 0 everywhere; over white all pixels are 255, where PIL's conversion gives the picture back.
# Versions: tensorflow-io 0.36.0 with tensorflow 2.15.1, pillow 12.0.0, Python 3.11.
# What xdc-tf does: nothing; records hold three channels (xdc_tf/records/schema.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.15.1 tensorflow-io==0.36.0 numpy==1.26.4 pillow==12.0.0
cd "$tmp"
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import io

import numpy as np
import PIL
import tensorflow as tf
import tensorflow_io as tfio
from PIL import Image

print(f'tensorflow-io {importlib.metadata.version("tensorflow-io")}, tensorflow {tf.__version__}, pillow {PIL.__version__}')
picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)


def over_white(png):
  with Image.open(io.BytesIO(png)) as image:
    return np.asarray(Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image.convert('RGBA')))[..., :3]


rgba = tfio.experimental.color.rgb_to_rgba(picture)
of_floats = tfio.experimental.color.rgb_to_rgba((picture / 255).astype(np.float32))
print('alpha of uint8:', np.unique(rgba[..., 3]), 'of floats:', np.unique(of_floats[..., 3]))
assert not rgba[..., 3].numpy().any() and not of_floats[..., 3].numpy().any()
buffer = io.BytesIO()
Image.fromarray(picture).convert('RGBA').save(buffer, 'png')
np.testing.assert_array_equal(over_white(buffer.getvalue()), picture)
seen = over_white(tf.io.encode_png(rgba).numpy())
print('over white, of PIL: the picture; of tensorflow-io:', np.unique(seen))
assert (seen == 255).all()
PYTHON_END
