#!/usr/bin/env bash
# What surprises: soundfile and PyAV give the channels of the same 5.1 file in another order when it is Ogg (Vorbis or Opus):
#   in soundfile the second channel is the centre, in PyAV the front right. What soundfile reads from FLAC or WAV, it writes
#   to Ogg with the right for the centre and the centre for the right.
# Guessed before it was run: one order for all formats, that of WAV (left, right, centre, subwoofer, ...), in both libraries.
# Seen: the second of six channels, written by soundfile as the only loud one, is FR for PyAV in WAV and FLAC, and FC in Vorbis
#   and Opus. soundfile reads it back as the second in all four, so a round trip does not show it.
# Versions: soundfile 0.14.0 (libsndfile 1.2.2), av 18.1.0, numpy 2.4.6, Python 3.11.
# What xdc-tf does: it reads the sound of films by PyAV only; mono() in xdc_tf/media/audio_track.py finds the subwoofer
#   by its name in frame.layout.channels, not by its place.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check soundfile==0.14.0 av==18.1.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import av
import numpy as np
import soundfile

print('soundfile', soundfile.__version__, soundfile.__libsndfile_version__, 'PyAV', av.__version__)
tone = np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
sound = np.outer(tone, [0.0, 0.5, 0.0, 0.0, 0.0, 0.0])  # Only the second channel.


def loudest(name):
  """Returns the loud channel of a file: its number in soundfile, its number and its name in PyAV."""
  samples, _ = soundfile.read(name)
  with av.open(name) as container:
    frames = list(container.decode(audio=0))
  layout = frames[0].layout
  packed = av.AudioResampler(format='flt', layout=layout.name, rate=48_000)
  rows = np.concatenate([out.to_ndarray().reshape(-1, 6) for frame in frames[:20] for out in packed.resample(frame)])
  index = int(np.abs(rows).mean(0).argmax())
  return int(np.abs(samples).mean(0).argmax()), index, layout.name, layout.channels[index].name


seen = {}
for name, kind, subtype in (('a.wav', 'WAVEX', 'PCM_16'), ('a.flac', 'FLAC', 'PCM_16'), ('a.ogg', 'OGG', 'VORBIS'),
                            ('a.opus', 'OGG', 'OPUS')):
  soundfile.write(name, sound, 48_000, format=kind, subtype=subtype)
  seen[name] = loudest(name)
  print(f'{name:7s} soundfile: channel {seen[name][0]}; PyAV: channel {seen[name][1]}, {seen[name][3]} of {seen[name][2]}')
assert [seen[name][i] for name in ('a.wav', 'a.flac') for i in (0, 1, 3)] == 2 * [1, 1, 'FR']
assert seen['a.ogg'] == seen['a.opus'] == (1, 2, '5.1', 'FC')
PY
