#!/usr/bin/env bash
# What surprises: cv2.VideoCapture of OpenCV 4.12 and of 4.13 give other pixels for the same BT.709 film, so for most films in
#   HD: pure green is (19, 255, 8) in 4.12 and (0, 254, 0) in 4.13. Models fed by the one see other colours from the other.
# Guessed before it was run: OpenCV takes every film for BT.601, whatever its tag says, in all its releases.
# Seen: so it is in 4.12.0.88; 4.13.0.92 obeys the tag and agrees with PyAV. Films without a tag are the same in both.
# Versions: opencv-python-headless 4.12.0.88 and 4.13.0.92, av 18.1.0, numpy 2.2.6, Python 3.11.
# What xdc-tf does: nothing with OpenCV, which it does not use; xdc_tf/media/jpeg_encoder.py reads the tag of every frame itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/venv"
pip=("$work/venv/bin/pip" install --quiet --disable-pip-version-check)
"${pip[@]}" av==18.1.0 numpy==2.2.6
for version in 4.12.0.88 4.13.0.92; do
  "${pip[@]}" --no-deps --target "$work/cv$version" "opencv-python-headless==$version"
done
cd "$work"
"$work/venv/bin/python" - <<'PY'
import json
import subprocess
import sys

import av
import numpy as np

READ = """
import json, sys, cv2
pixels = {}
for name in sys.argv[1:]:
  ok, image = cv2.VideoCapture(name).read()
  pixels[name] = [image[32, x, ::-1].tolist() for x in (8, 40, 72)]
print(json.dumps([cv2.__version__, pixels]))
"""
image = np.zeros((64, 96, 3), np.uint8)
image[:, :32], image[:, 32:64], image[:, 64:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
films = {'untagged.mp4': ('ITU601', None), 'bt709.mp4': ('ITU709', 1)}
pixels = {}
for name, (matrix, tag) in films.items():
  with av.open(name, 'w') as container:
    stream = container.add_stream('libx264', rate=25)
    stream.width, stream.height, stream.pix_fmt = 96, 64, 'yuv420p'
    context = stream.codec_context
    context.options = {'qp': '0'}
    if tag:
      context.colorspace = context.color_primaries = context.color_trc = context.color_range = tag
    for _ in range(5):
      frame = av.VideoFrame.from_ndarray(image, format='rgb24').reformat(format='yuv420p', dst_colorspace=matrix)
      container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
  with av.open(name) as container:
    decoded = next(container.decode(video=0)).to_ndarray(format='rgb24')
  pixels[name] = [decoded[32, x].tolist() for x in (8, 40, 72)]
print(f'PyAV   {av.__version__}', pixels)
seen = {'PyAV': pixels}
for version in ('4.12.0.88', '4.13.0.92'):
  output = subprocess.run([sys.executable, '-c', READ, *films], check=True, capture_output=True, text=True,
                          env={'PYTHONPATH': f'cv{version}'}).stdout
  number, seen[version] = json.loads(output)
  print(f'OpenCV {number}', seen[version])


def distance(version, name):
  return np.abs(np.subtract(seen[version][name], seen['PyAV'][name])).max()


assert all(distance(version, 'untagged.mp4') <= 2 for version in ('4.12.0.88', '4.13.0.92'))
assert distance('4.13.0.92', 'bt709.mp4') <= 2
assert distance('4.12.0.88', 'bt709.mp4') >= 15
PY
