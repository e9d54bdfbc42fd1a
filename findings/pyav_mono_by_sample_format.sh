#!/usr/bin/env bash
# What surprises: how loud av.AudioResampler makes a mono mix depends on the sample format. The same sound at half of full
#   scale in all channels comes out of s16 as 0.5, but out of fltp as 0.707 (stereo) or 1.707 (5.1), which clips.
# Guessed before it was run: 'mono' is the mean of the channels, so 0.5 in every format, with a rounding error at most.
# Seen: integers as input or output give 0.5 always; only float to float skips the normalisation: +3 dB and +10.7 dB.
# Versions: av 18.1.0 (FFmpeg 8.1), numpy 2.4.6, Python 3.11; av 19.0.2 (FFmpeg 9.0) gives the same numbers.
# What xdc-tf does: mono() in xdc_tf/media/audio_track.py takes the mean of the channels itself, for every sample format,
#   before the resampler, which then sees mono only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import av
import numpy as np

print('PyAV', av.__version__, 'FFmpeg', av.ffmpeg_version_info)
TYPES = {'s16': np.int16, 's32': np.int32, 'flt': np.float32, 'dbl': np.float64, 's16p': np.int16, 'fltp': np.float32}


def scale(name):
  dtype = np.dtype(TYPES[name])
  return 1.0 if dtype.kind == 'f' else 2.0 ** (8 * dtype.itemsize - 1)


def mixed(source, target, layout):
  """Half of full scale in every channel of one format -> the level of its mono mix in another, full scale being 1."""
  samples = np.full((1, 4800 * av.AudioLayout(layout).nb_channels), scale(source) / 2, TYPES[source])
  frame = av.AudioFrame.from_ndarray(samples, format=source, layout=layout)
  frame.sample_rate = 48_000
  out = av.AudioResampler(format=target, layout='mono', rate=48_000).resample(frame)[0]
  return float(out.to_ndarray()[0, 1000]) / scale(target)


levels = {}
for layout in ('stereo', 'quad', '5.1'):
  for source, target in (('s16', 's16'), ('s32', 's32'), ('flt', 's16'), ('s16', 's16p'), ('flt', 'fltp'), ('dbl', 'dbl'),
                         ('s16', 'fltp')):
    levels[layout, source, target] = mixed(source, target, layout)
    print(f'{layout:7s} {source:4s} -> {target:4s} {levels[layout, source, target]:.4f}')

for (layout, source, target), level in levels.items():
  if np.dtype(TYPES[target]).kind == 'i':
    assert abs(level - 0.5) < 1e-4, (layout, source, target)
  else:
    assert abs(level - {'stereo': 0.7071, 'quad': 1.2071, '5.1': 1.7071}[layout]) < 1e-3, (layout, source, target)
PY
