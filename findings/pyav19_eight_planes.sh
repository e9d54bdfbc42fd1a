#!/usr/bin/env bash
# What surprises: PyAV 19 cannot show the planes of planar sound with eight channels, which is how 7.1 sound
#   of AAC and Opus is decoded: frame.planes and frame.to_ndarray() raise ValueError about a ninth plane. One to seven channels work.
# Guessed before it was run: len(frame.planes) is the number of channels for every planar layout, as it is for 5.1.
# Seen: "plane index 8 out of range for 8 planes" for each layout of eight channels. Packed sound has no such trouble.
# Versions: av 19.0.2, numpy 2.5.5, Python 3.12 (PyAV 19 wants 3.12 or later).
# What xdc-tf does: _packed() in xdc_tf/media/audio_track.py makes such sound packed by av.AudioResampler first, as the script
#   shows at its end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.12}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==19.0.2 numpy==2.5.5
"$work/venv/bin/python" - <<'PY'
import av
import numpy as np

print('PyAV', av.__version__, 'FFmpeg', av.ffmpeg_version_info)


def attempt(function):
  try:
    return function()
  except ValueError as error:
    return f'ValueError: {error}'


for layout in ('mono', 'stereo', '5.1', '6.1', '7.1', '7.1(wide)', 'octagonal'):
  frame = av.AudioFrame(format='fltp', layout=layout, samples=64)
  channels = frame.layout.nb_channels
  planes = attempt(lambda: len(frame.planes))
  array = attempt(lambda: frame.to_ndarray().shape)
  print(f'{layout:9s} {channels} channels; planes: {planes}; to_ndarray: {array}')
  if channels < 8:
    assert planes == channels and array == (channels, 64)
  else:
    assert planes == array == 'ValueError: plane index 8 out of range for 8 planes'
assert av.AudioFrame(format='flt', layout='7.1', samples=64).to_ndarray().shape == (1, 8 * 64)

# The way around: the same samples, packed, in which there is one plane only.
sound = np.arange(8 * 64, dtype=np.float32).reshape(1, -1) / 1000
source = av.AudioFrame.from_ndarray(sound, format='flt', layout='7.1')
source.sample_rate = 48_000
planar = av.AudioResampler(format='fltp', layout='7.1', rate=48_000).resample(source)[0]
again = av.AudioResampler(format='flt', layout='7.1', rate=48_000).resample(planar)[0]
assert 'ValueError' in str(attempt(lambda: planar.to_ndarray()))
assert np.array_equal(again.to_ndarray(), sound)
print('made packed by av.AudioResampler, all eight channels are there, bit for bit')
PY
