#!/usr/bin/env bash
# What surprises: in PyAV, to look at `frame.side_data` keeps the decoded picture until Python's garbage collector comes: memory grows by every
#   frame, as it does not when `frame.rotation` is asked.
# Guessed before it was run: a frame is freed when nobody holds it.
# Seen: of 400 frames of 1280x720 that nobody holds none is left where rotation was read, and all 400, some 550 MB, where side data were.
# Reason: the frame keeps the container of its side data, and that keeps the frame. The collector counts objects, not bytes: it comes after
#   hundreds of frames, or, where its thresholds were raised as for big programs, after tens of thousands.
# Versions: av 18.1.0 (19.0.2 frees them), numpy 2.4.6, Python 3.12.
# What xdc-tf does: reads display matrices by a container that the frame does not keep (xdc_tf/media/jpeg_encoder.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import gc
import os

import av
import numpy as np

path = os.path.join(os.environ['FOLDER'], 'film.mkv')
print('av', av.__version__)
with av.open(path, 'w') as container:
  stream = container.add_stream('mpeg4', rate=25)
  stream.width, stream.height, stream.pix_fmt = 1280, 720, 'yuv420p'
  for number in range(400):
    picture = np.full((720, 1280, 3), number % 256, np.uint8)
    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
  container.mux(stream.encode())


def left(look):
  gc.collect()
  gc.disable()
  with av.open(path) as container:
    for frame in container.decode(video=0):
      look(frame)
  del frame
  frames = sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
  gc.enable()
  return frames


found = {name: left(lambda frame, name=name: getattr(frame, name)) for name in ('rotation', 'side_data')}
print('frames that nobody holds and that are still there:', found)
assert found == {'rotation': 0, 'side_data': 400}
PYTHON_END
