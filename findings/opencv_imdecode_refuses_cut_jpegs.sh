#!/usr/bin/env bash
# What surprises: a JPEG without its last two bytes, the end marker, is whole for cv2.imread, but cv2.imdecode of the same bytes
#   gives None; OpenCV 4.10 decoded it both ways. Pillow and simplejpeg raise an error, PyAV decodes it without a word.
# Guessed before it was run: imread and imdecode are one decoder and agree; PyAV sets is_corrupt for a JPEG cut in half.
# Seen: imread of the cut file has the pixels of the whole one, bit for bit, imdecode is None from OpenCV 4.11 on. PyAV decodes
#   even half a JPEG to a frame of full size with is_corrupt False.
# Versions: opencv-python-headless 5.0.0.93 and 4.10.0.84, pillow 13.0.0, simplejpeg 1.9.0, av 18.1.0, numpy 2.4.6, Python 3.11.
# What xdc-tf does: nothing with OpenCV, which it does not use; its JPEGs are written whole by xdc_tf/media/jpeg_encoder.py, and
#   of films xdc_tf/media/span_checks.py looks at what the file declares as well, not at is_corrupt alone.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/venv"
pip=("$work/venv/bin/pip" install --quiet --disable-pip-version-check)
"${pip[@]}" opencv-python-headless==5.0.0.93 pillow==13.0.0 simplejpeg==1.9.0 av==18.1.0 numpy==2.4.6
"${pip[@]}" --no-deps --target "$work/old" opencv-python-headless==4.10.0.84
cd "$work"
"$work/venv/bin/python" - <<'PY'
import io
import pathlib
import subprocess
import sys

import av
import cv2
import numpy as np
import PIL.Image
import simplejpeg

print('OpenCV', cv2.__version__, 'Pillow', PIL.__version__, 'simplejpeg', simplejpeg.__version__, 'PyAV', av.__version__)
image = np.zeros((128, 128, 3), np.uint8)
image[..., 1] = np.arange(128) * 2
whole = cv2.imencode('.jpg', image)[1].tobytes()
assert whole[-2:] == b'\xff\xd9'
pixels = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR)
OLD = """
import sys, cv2, numpy as np
print(cv2.__version__, cv2.imdecode(np.frombuffer(open('cut.jpg', 'rb').read(), np.uint8), 1) is not None)
"""


def result(function):
  try:
    return function()
  except (OSError, ValueError) as error:
    return type(error).__name__


def by_pyav(data):
  with av.open(io.BytesIO(data), format='jpeg_pipe') as container:
    frame = next(container.decode(video=0))
  return frame.width, frame.height, frame.is_corrupt


cut = whole[:-2]
pathlib.Path('cut.jpg').write_bytes(cut)
old = subprocess.run([sys.executable, '-c', OLD], check=True, capture_output=True, text=True, env={'PYTHONPATH': 'old'})
seen = {
  'imread equal': np.array_equal(cv2.imread('cut.jpg'), pixels),
  'imdecode is None': cv2.imdecode(np.frombuffer(cut, np.uint8), cv2.IMREAD_COLOR) is None,
  'OpenCV 4.10 imdecode': old.stdout.split(),
  'Pillow': result(lambda: np.asarray(PIL.Image.open(io.BytesIO(cut))).shape),
  'simplejpeg': result(lambda: simplejpeg.decode_jpeg(cut).shape),
  'PyAV': by_pyav(cut),
  'PyAV, half a file': by_pyav(whole[: len(whole) // 2]),
}
for name, value in seen.items():
  print(f'{name:20s} {value}')
assert seen['imread equal'] and seen['imdecode is None'] and seen['OpenCV 4.10 imdecode'] == ['4.10.0', 'True']
assert seen['Pillow'] == 'OSError' and seen['simplejpeg'] == 'ValueError'
assert seen['PyAV'] == seen['PyAV, half a file'] == (128, 128, False)
PY
