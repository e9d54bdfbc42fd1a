#!/usr/bin/env bash
# What surprises: FFmpeg's output option -r 10 and its filter fps=10 choose other frames of the same film. After -r the picture runs more
#   than a tenth of a second behind its own timestamps, the first frames come in the rhythm of the source, and there are two more of them.
# Guessed before it was run: both give the frame that is shown at 0, 0.1, 0.2 ... s, at the most one frame apart.
# Seen: of 60 frames at 25 a second, to 10 a second: -r gives 26, the frames 0, 1, 2, 4, 7, 9, 12 ...; fps=10 gives 24, the frames 1, 3, 6,
#   8, 11, 13, 16 .... At 0.4 s -r shows the frame of 0.28 s, and fps that of 0.44 s. Raw video and PNG are as MP4 is, after -r. -r on top
#   of the filter changes nothing.
# Versions: imageio-ffmpeg 0.8.1 (FFmpeg 9.0.2), numpy 2.4.6, Python 3.12 (0.6.0 with FFmpeg 7.0.2 does the same).
# What xdc-tf does: puts the frames of any film on its own grid of times (VideoTrack in xdc_tf/media/video_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import glob
import os
import subprocess

import imageio_ffmpeg
import numpy as np

print(f'imageio-ffmpeg {imageio_ffmpeg.__version__}, FFmpeg {imageio_ffmpeg.get_ffmpeg_version()}')
RAW = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-']


def ffmpeg(*arguments, stdin=b''):
  command = [imageio_ffmpeg.get_ffmpeg_exe(), '-v', 'error', '-y', *arguments]
  return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True).stdout


def brightness(*arguments):
  """The mean of each frame that FFmpeg gives for `-i ...`."""
  return np.frombuffer(ffmpeg('-i', *arguments, *RAW), np.uint8).reshape(-1, 32 * 32).mean(axis=1)


# Frame i has the brightness 10 + 4 i.
film = b''.join(bytes([10 + 4 * i]) * 32 * 32 for i in range(60))
raw_input = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', '32x32', '-r', '25', '-i', '-']
ffmpeg(*raw_input, '-c:v', 'libx264', '-qp', '0', 'film.mp4', stdin=film)
source = brightness('film.mp4')
assert len(source) == 60 and np.all(np.diff(source) > 2)


def chosen(values):
  return [int(np.abs(source - value).argmin()) for value in values]


found = {}
for name, options in (
  ('-r 10', ['-r', '10']),
  ('fps=10', ['-vf', 'fps=10']),
  ('both', ['-r', '10', '-vf', 'fps=10']),
):
  ffmpeg('-i', 'film.mp4', *options, '-c:v', 'libx264', '-qp', '0', 'new.mp4')
  ffmpeg('-i', 'film.mp4', *options, 'new%03d.png')
  pictures = sorted(glob.glob('new*.png'))
  found[name] = {
    'MP4': chosen(brightness('new.mp4')),
    'raw': chosen(brightness('film.mp4', *options)),
    'PNG': chosen([brightness(picture)[0] for picture in pictures]),
  }
  for picture in pictures:
    os.remove(picture)
  for kind, frames in found[name].items():
    print(f'{name:6} {kind}: {len(frames)} frames: {frames}')

assert found['-r 10']['MP4'][:7] == [0, 1, 2, 4, 7, 9, 12] and len(found['-r 10']['MP4']) == 26
assert found['fps=10']['MP4'][:7] == [1, 3, 6, 8, 11, 13, 16] and len(found['fps=10']['MP4']) == 24
assert found['-r 10']['MP4'] == found['-r 10']['raw'] == found['-r 10']['PNG']
assert found['both'] == found['fps=10']
behind = [k / 10 - frame / 25 for k, frame in enumerate(found['-r 10']['MP4'])][4:-2]
print(f'after -r 10 the picture is {min(behind):.2f} to {max(behind):.2f} s behind its time')
assert min(behind) > 0.1
PYTHON_END
