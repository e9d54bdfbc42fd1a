#!/usr/bin/env bash
# What surprises: of an MP4 that was cut without encoding again (ffmpeg -ss ... -c copy, so with an edit list), decord's
#   vr[40] is one frame when it is read in order and another one when it is asked for at once.
# Guessed before it was run: len() counts the 75 frames that are shown, and vr[k] is the k-th of them, however it is reached.
# Seen: len() is 90, which counts the 15 hidden frames too; read in order, vr[40] is frame 55 of the original and the last 15
#   items repeat frame 89; asked for at once, vr[40] is frame 40, but vr[10] is frame 25. PyAV gives frames 15 to 89, once each.
#   OpenCV's CAP_PROP_FRAME_COUNT says 90 as well, but 75 can be read.
# Versions: decord 0.6.0, av 18.1.0, opencv-python-headless 5.0.0.93, imageio-ffmpeg 0.8.1, numpy 2.4.6, Python 3.11.
# What xdc-tf does: nothing with decord, which it does not use; read_span() in xdc_tf/media/media.py goes by timestamps of PyAV's
#   frames, never by numbers or counts of frames.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  decord==0.6.0 av==18.1.0 opencv-python-headless==5.0.0.93 imageio-ffmpeg==0.8.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import subprocess

import av
import cv2
import decord
import imageio_ffmpeg
import numpy as np

print('decord', decord.__version__, 'PyAV', av.__version__, 'OpenCV', cv2.__version__)


def number(image):
  """Reads the number that was drawn as seven bars: of uint8 [H, W, 3]."""
  return sum(1 << bit for bit in range(7) if image[32, 16 * bit + 8].mean() > 128)


with av.open('whole.mp4', 'w') as container:
  stream = container.add_stream('libx264', rate=30)
  stream.width, stream.height, stream.pix_fmt = 112, 64, 'yuv420p'
  stream.codec_context.gop_size, stream.codec_context.options = 30, {'crf': '12', 'sc_threshold': '0'}
  for k in range(90):
    bars = np.repeat([235 if k >> bit & 1 else 20 for bit in range(7)], 16).astype(np.uint8)
    image = np.ascontiguousarray(np.broadcast_to(bars[None, :, None], (64, 112, 3)))
    container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='rgb24')))
  container.mux(stream.encode(None))
command = ['-v', 'error', '-ss', '0.5', '-i', 'whole.mp4', '-c', 'copy', 'cut.mp4']
subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *command], check=True)

with av.open('cut.mp4') as container:
  declared = container.streams.video[0].frames
  shown = [number(frame.to_ndarray(format='rgb24')) for frame in container.decode(video=0)]
print('PyAV   declared', declared, 'decoded', len(shown), 'frames', shown[0], 'to', shown[-1])
capture = cv2.VideoCapture('cut.mp4')
counted, readable = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0
while capture.read()[0]:
  readable += 1
print('OpenCV counted', counted, 'readable', readable)
reader = decord.VideoReader('cut.mp4')
in_order = [number(reader[k].asnumpy()) for k in range(len(reader))]
at_once = {k: number(decord.VideoReader('cut.mp4')[k].asnumpy()) for k in (0, 10, 40, 75, 89)}
print('decord', len(reader), 'in order', {k: in_order[k] for k in at_once}, 'at once', at_once)

assert shown == list(range(15, 90)) and declared == 90
assert (counted, readable) == (90, 75)
assert in_order == list(range(15, 90)) + 15 * [89]
assert at_once == {0: 15, 10: 25, 40: 40, 75: 75, 89: 89}
PY
