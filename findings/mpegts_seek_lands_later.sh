#!/usr/bin/env bash
# What surprises: in MPEG-TS, container.seek() of PyAV with its default backward=True goes to the keyframe AFTER the time asked
#   for, even if there is a keyframe at that very time. The same film in MP4, Matroska and AVI is sought as documented.
# Guessed before it was run: the first frame decoded after a backward seek is at or before the time asked for, in any container.
# Seen: with a keyframe every second, seeking to 2.0 s gives the frame of 3.0 s in MPEG-TS, and 2.0 s elsewhere; 1.5 s gives 2.0 s.
#   Asking for 0.3 s less is not always enough either: 2.95 s - 0.3 s gives 3.0 s. FLV can be late as well: 2.95 s gives 3.0 s.
# Versions: av 18.1.0 (FFmpeg 8.1), numpy 2.4.6, Python 3.11; av 19.0.2 (FFmpeg 9.0) gives the same.
# What xdc-tf does: read_span() in xdc_tf/media/media.py asks for an earlier time (LEADS in span_reading.py), looks where the
#   frames begin (began_late) and tries again from 10 s before and from the beginning.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
from fractions import Fraction

import av
import numpy as np

print('PyAV', av.__version__, 'FFmpeg', av.ffmpeg_version_info)


def write(name):
  """Ten seconds at 30 fps, a keyframe every second, the brightness of a frame is half its number."""
  with av.open(name, 'w') as container:
    stream = container.add_stream('libx264', rate=30)
    stream.width, stream.height, stream.pix_fmt = 64, 64, 'gray'
    stream.codec_context.time_base, stream.codec_context.gop_size = Fraction(1, 30), 30
    stream.codec_context.options = {'qp': '4', 'bf': '2', 'sc_threshold': '0'}
    for number in range(300):
      frame = av.VideoFrame.from_ndarray(np.full((64, 64), number // 2, np.uint8), format='gray')
      frame.pts = number
      container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def first_after_seek(name, seconds):
  with av.open(name) as container:
    stream = container.streams.video[0]
    start = stream.start_time or 0
    container.seek(start + round(seconds / stream.time_base), stream=stream, backward=True)
    frame = next(container.decode(stream))
    stamp = (frame.pts - start) * stream.time_base
    # The picture agrees with the timestamp, up to two frames.
    assert abs(int(np.frombuffer(frame.planes[0], np.uint8)[0]) * 2 / 30 - float(stamp)) < 0.1
    return round(float(stamp), 1)


asked = (1.5, 2.0, 2.65, 2.95, 3.0, 5.5)
print('asked      ', asked)
seen = {}
for name in ('a.mp4', 'a.mkv', 'a.avi', 'a.flv', 'a.ts'):
  write(name)
  seen[name] = tuple(first_after_seek(name, seconds) for seconds in asked)
  print(f'{name:10s} ', seen[name])
assert seen['a.mp4'] == seen['a.mkv'] == seen['a.avi'] == (1.0, 2.0, 2.0, 2.0, 3.0, 5.0)
assert seen['a.flv'] == (1.0, 2.0, 2.0, 3.0, 3.0, 5.0)
assert seen['a.ts'] == (2.0, 3.0, 3.0, 3.0, 4.0, 6.0)
PY
