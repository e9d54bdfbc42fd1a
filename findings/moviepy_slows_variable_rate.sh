#!/usr/bin/env bash
# What surprises: MoviePy plays a film of variable frame rate in slow motion and leaves its end out, while the clip's duration is right:
#   the last picture of 5.4 s is the one that belongs to 2.0 s, the sound goes on as it should. Where the frames are asked for from the
#   end to the beginning, nearly every one is right.
# Guessed before it was run: every frame within one of the right one, as for a constant rate, since the clip knows duration and fps.
# Seen: with frames of 40, 20, 60 and 100 ms in turns the clip says 5.42 s at 18.45 fps, and iter_frames yields 99 pictures of which 33
#   differ, ending with number 36 of 0 to 99; get_frame(t) with rising t is over 60 frames behind. Falling t: at most one, but for the
#   last moment. A film of 25 frames a second is right both ways.
# Reason: it takes the pictures of FFmpeg's pipe as 18.45 a second, and FFmpeg, told no rate, delivers 50 of them.
# Versions: moviepy 2.2.1, imageio-ffmpeg 0.8.1 (FFmpeg 9.0.2), av 18.1.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: nothing: frames are chosen by their timestamps (xdc_tf/media/video_track.py). Clips that were cut with MoviePy from
#   films of variable rate (telephones, screen recordings) have lost their synchronism before we see them.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check moviepy==2.2.1 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.5.5
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import itertools
from fractions import Fraction

import av
import moviepy
import numpy as np

print(f'moviepy {importlib.metadata.version("moviepy")}')
BARS = 8  # A frame carries its number in black and white bars.


def write(path, milliseconds):
  """A film whose frame n begins at milliseconds[n]."""
  with av.open(path, 'w') as container:
    stream = container.add_stream('libx264', rate=25)
    stream.width, stream.height, stream.pix_fmt = 20 * BARS, 96, 'yuv420p'
    stream.codec_context.time_base = Fraction(1, 1000)
    for number, stamp in enumerate(milliseconds):
      bits = np.array([16 + 219 * (number >> bar & 1) for bar in range(BARS)], np.uint8)
      frame = av.VideoFrame.from_ndarray(np.tile(np.repeat(bits, 20)[None, :, None], (96, 1, 3)), 'rgb24')
      frame.pts, frame.time_base = stamp, Fraction(1, 1000)
      container.mux(stream.encode(frame))
    container.mux(stream.encode())


def number(picture):
  return sum(int(picture[48, 20 * bar + 10, 0] > 128) << bar for bar in range(BARS))


def errors(path, milliseconds):
  """Frames between what get_frame gives and what is shown at that time, with rising and with falling times."""
  clip = moviepy.VideoFileClip(path)
  times = np.arange(0.001, clip.duration, 0.2)
  shown = np.searchsorted(milliseconds, 1000 * times, side='right') - 1
  rising = [number(clip.get_frame(t)) for t in times] - shown
  falling = [number(clip.get_frame(t)) for t in times[::-1]][::-1] - shown
  return clip, rising, falling


steady = [40 * n for n in range(100)]
write('steady.mp4', steady)
clip, rising, falling = errors('steady.mp4', steady)
print(f'steady:   {clip.duration} s at {clip.fps} fps; off by {min(rising)} to {max(rising)} rising, {min(falling)} to {max(falling)} falling')
assert not rising.any() and not falling.any()

variable = list(itertools.accumulate([0] + 25 * [40, 20, 60, 100]))[:100]
write('variable.mp4', variable)
with av.open('variable.mp4') as container:  # The file itself is as it was meant.
  decoded = [(round(1000 * frame.time), number(frame.to_ndarray(format='rgb24'))) for frame in container.decode(video=0)]
assert decoded == [(stamp, n) for n, stamp in enumerate(variable)]
clip, rising, falling = errors('variable.mp4', variable)
played = [number(picture) for picture in clip.iter_frames()]
print(f'variable: {clip.duration} s at {clip.fps} fps; off by {min(rising)} to {max(rising)} rising, {min(falling[:-1])} to '
      f'{max(falling[:-1])} falling (but for the last)')
print(f'          iter_frames: {len(played)} pictures, {len(set(played))} different, the last is number {played[-1]} of 99')
assert clip.duration == 5.42 and clip.fps == 18.45
assert rising.min() < -50 and np.abs(falling[:-1]).max() <= 1
assert played[-1] < 40 and len(set(played)) < 40
PYTHON_END
