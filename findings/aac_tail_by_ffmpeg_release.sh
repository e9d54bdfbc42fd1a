#!/usr/bin/env bash
# What surprises: one second of AAC in an MP4 is 48,128 samples in PyAV 18 and 48,000 in PyAV 19: FFmpeg 9 cuts off what the
#   encoder padded the last frame with, FFmpeg 8 plays it. So upgrading PyAV alone changes the number of samples.
# Guessed before it was run: the edit list of the MP4 cuts both ends, so 48,000 samples in both.
# Seen: 48,128 and 48,000 for AAC; 48,431 and 48,000 for MP3 in MP4. Opus in MP4 keeps its 648 samples of padding even in PyAV 19,
#   while in Ogg it has 48,000 in both; AAC in Matroska keeps its padding in both.
# Versions: av 18.1.0 and 19.0.2, imageio-ffmpeg 0.8.1 (writes the files), numpy 2.4.6, Python 3.12 (PyAV 19 wants 3.12 or later).
# What xdc-tf does: _assemble() in xdc_tf/media/media.py cuts the sound to the picture's end (AudioTrack.finish() in audio_track.py),
#   so the padding stays only where sound is read without a picture or ends before it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.12}" -m venv "$work/venv"
pip=("$work/venv/bin/pip" install --quiet --disable-pip-version-check)
"${pip[@]}" imageio-ffmpeg==0.8.1 numpy==2.4.6
for version in 18.1.0 19.0.2; do
  "${pip[@]}" --no-deps --target "$work/av$version" "av==$version"
done
cd "$work"
"$work/venv/bin/python" - <<'PY'
import json
import subprocess
import sys

import imageio_ffmpeg
import numpy as np

COUNT = """
import json, sys, av
counts = {}
for name in sys.argv[1:]:
  with av.open(name) as container:
    counts[name] = sum(frame.samples for frame in container.decode(audio=0))
print(json.dumps([av.__version__, av.ffmpeg_version_info, counts]))
"""
tone = (np.sin(np.arange(48_000) * 0.05) / 2).astype('<f4').tobytes()
codecs = {'aac.mp4': 'aac', 'mp3.mp4': 'libmp3lame', 'opus.mp4': 'libopus', 'opus.ogg': 'libopus', 'aac.mkv': 'aac'}
for name, codec in codecs.items():
  raw = ['-f', 'f32le', '-ar', '48000', '-ac', '1', '-i', '-']
  subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), '-v', 'error', *raw, '-c:a', codec, name], input=tone, check=True)
seen = {}
for version in ('18.1.0', '19.0.2'):
  output = subprocess.run([sys.executable, '-c', COUNT, *codecs], check=True, capture_output=True, text=True,
                          env={'PYTHONPATH': f'av{version}'}).stdout
  number, ffmpeg, seen[version] = json.loads(output)
  print('PyAV', number, 'FFmpeg', ffmpeg, seen[version])
same = {'opus.mp4': 48_648, 'opus.ogg': 48_000, 'aac.mkv': 48_128}
assert seen['18.1.0'] == {'aac.mp4': 48_128, 'mp3.mp4': 48_431, **same}
assert seen['19.0.2'] == {'aac.mp4': 48_000, 'mp3.mp4': 48_000, **same}
PY
