#!/usr/bin/env bash
# What surprises: Where a quarter note and a quarter rest alternate muspy finds no empty beat, where every other measure is silent no empty measure;
#   the grooves of equal measures are .75 alike.
# Guessed before it was run: a half, a half, and 1.
# Seen: 0 and 0; .47 with notes a 16th shorter; .75, .875 and .9375 for 1, 2 and 4 equal measures; two pitches at once are not multiple pitches; the
#   pitch range of drums alone is -127.
# Reason: a note that ends on a beat fills it too; music of whole measures gets one more; more than the threshold is asked for.
# Versions: muspy 0.5.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; sound is waveforms (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check muspy==0.5.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import muspy

print('muspy', importlib.metadata.version('muspy'))


def music(*notes, is_drum=False):
  notes = [muspy.Note(time=time, pitch=pitch, duration=duration) for time, duration, pitch in notes]
  return muspy.Music(resolution=4, tracks=[muspy.Track(is_drum=is_drum, notes=notes)])


rates = [muspy.empty_beat_rate(music(*[(8 * i, length, 60) for i in range(8)])) for length in (4, 3)]
print(f'empty beats where notes and rests alternate: {rates[0]}, with notes a 16th shorter: {rates[1]:.3f}')
assert rates[0] == 0 and abs(rates[1] - 7 / 15) < 1e-9
measures = muspy.empty_measure_rate(music(*[(32 * i, 16, 60) for i in range(8)]), 16)
print(f'empty measures where every other one is silent: {measures}')
assert measures == 0
two = music((0, 16, 60), (0, 16, 64))
print(f'two notes all the time: polyphony {muspy.polyphony(two)}, share of steps with several {muspy.polyphony_rate(two)}')
assert muspy.polyphony(two) == 2 and muspy.polyphony_rate(two) == 0
grooves = [float(muspy.groove_consistency(music(*[(4 * i, 4, 60) for i in range(4 * n)]), 16)) for n in (1, 2, 4)]
print('groove consistency of 1, 2 and 4 equal measures:', grooves)
assert grooves == [0.75, 0.875, 0.9375]
drums = muspy.pitch_range(music((0, 1, 36), is_drum=True))
print('pitch range of drums alone:', drums)
assert drums == -127
PYTHON_END
