#!/usr/bin/env bash
# What surprises: soundfile reads 6.5 of the 20 seconds of an MP3 of variable bit rate that was written to a pipe, and says that it is 6.5 s long.
# Guessed before it was run: all samples that the file has, as for WAV; a length that is wrong would be known at the end of the file.
# Seen: 6.52 s of 20.04 at a variable rate, 10.88 s at an average one, 20.04 s at a constant one; of the second half of a file 6.61 of
#   12.83 s. A whole file that was written with a seek back is right.
# Reason: recorders and servers cannot go back to fill in the count of frames; without it libsndfile guesses a length and stops there.
# Versions: soundfile 0.14.0 (libsndfile 1.2.2), imageio-ffmpeg 0.8.1, av 19.0.2, numpy 2.4.6, Python 3.12.
# What xdc-tf does: FFmpeg decodes to the end of a file (xdc_tf/media/span_reading.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  soundfile==0.14.0 imageio-ffmpeg==0.8.1 av==19.0.2 numpy==2.4.6
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import os
import subprocess

import av
import imageio_ffmpeg
import numpy as np
import soundfile

RATE, FFMPEG = 44100, imageio_ffmpeg.get_ffmpeg_exe()
os.chdir(os.environ['FOLDER'])
print('soundfile', soundfile.__version__, soundfile.__libsndfile_version__, 'av', av.__version__)


def encode(samples, target, *options):
  source = [FFMPEG, '-y', '-v', 'error', '-f', 'f32le', '-ar', str(RATE), '-ac', '1', '-i', '-', '-c:a', 'libmp3lame']
  command = [*source, *options, '-f', 'mp3', target]
  return subprocess.run(command, input=samples.astype('<f4').tobytes(), capture_output=True, check=True).stdout


def seconds(data):
  with open('x.mp3', 'wb') as file:
    file.write(data)
  with av.open('x.mp3') as container:
    there = sum(frame.samples for frame in container.decode(audio=0)) / RATE
  return there, len(soundfile.read('x.mp3')[0]) / RATE, soundfile.info('x.mp3').duration


noise = np.random.default_rng(0).normal(size=20 * RATE) * 0.1
tone = np.where(np.arange(len(noise)) < 10 * RATE, noise, 0.3 * np.sin(np.arange(len(noise)) * 0.03))
encode(tone, 'y.mp3', '-q:a', '4')
with open('y.mp3', 'rb') as file:
  whole = file.read()
found = {
  'piped, variable rate': seconds(encode(noise, '-', '-q:a', '4')),
  'piped, average rate': seconds(encode(noise, '-', '-abr', '1', '-b:a', '96k')),
  'piped, constant rate': seconds(encode(noise, '-', '-b:a', '128k')),
  'file, whole': seconds(whole),
  'file, second half': seconds(whole[len(whole) // 2 :]),
}
for name, (there, read, said) in found.items():
  print(f'{name:20}: {there:.2f} s, read {read:.2f} s, said {said:.2f} s')
for name in ('piped, variable rate', 'piped, average rate', 'file, second half'):
  there, read, said = found[name]
  assert read < 0.6 * there and abs(said - read) < 0.1
for name in ('piped, constant rate', 'file, whole'):
  assert abs(found[name][0] - found[name][1]) < 0.1
PYTHON_END
