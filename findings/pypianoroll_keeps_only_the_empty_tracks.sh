#!/usr/bin/env bash
# What surprises: `remove_empty()` of pypianoroll keeps the empty tracks and removes the music; its share of empty beats is that of beats with
#   notes, and five Cs are five pitch classes.
# Guessed before it was run: what the names and docstrings say.
# Seen: 'nothing' is left of 'melody' and 'nothing'; 1.0 for music without a pause and 0.0 for silence; 5 pitch classes for five octaves of C, 1 for
#   ten semitones; mode='max' adds velocities, 'sum' takes the largest.
# Reason: conditions without their `not`; ten neighbours are folded in place of octaves; the two branches are exchanged.
# Versions: pypianoroll 1.0.4, pretty_midi 0.2.11.post0, numpy 2.5.5, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used; sound is waveforms (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pypianoroll==1.0.4 numpy==2.5.5 scipy==1.18.1 pretty_midi==0.2.11.post0 mido==1.3.3
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
import pretty_midi
import pypianoroll

print('pypianoroll', importlib.metadata.version('pypianoroll'))


def roll(pitches):
  array = np.zeros((4 * len(pitches), 128), bool)
  for beat, pitch in enumerate(pitches):
    array[4 * beat : 4 * beat + 4, pitch] = True
  return array


melody = pypianoroll.BinaryTrack(name='melody', pianoroll=roll([60, 62]))
nothing = pypianoroll.BinaryTrack(name='nothing', pianoroll=np.zeros((8, 128), bool))
left = [track.name for track in pypianoroll.Multitrack(tracks=[melody, nothing]).remove_empty().tracks]
print('left by remove_empty():', left)
assert left == ['nothing']
rates = [pypianoroll.empty_beat_rate(array, 4) for array in (roll([60] * 4), np.zeros((16, 128), bool))]
print(f'empty beats in music without a pause: {rates[0]}, in silence: {rates[1]}')
assert rates == [1, 0]
classes = [pypianoroll.n_pitch_classes_used(roll(pitches)) for pitches in ([36, 48, 60, 72, 84], range(60, 70))]
print(f'pitch classes of five octaves of C: {classes[0]}, of ten semitones: {classes[1]}')
assert classes == [5, 1]

midi = pretty_midi.PrettyMIDI(initial_tempo=120)
midi.instruments.append(pretty_midi.Instrument(0))
midi.instruments[0].notes = [pretty_midi.Note(120, 65, 0, 1), pretty_midi.Note(40, 65, 0.5, 2)]
for mode, expected in (('max', 160), ('sum', 120)):
  track = pypianoroll.from_pretty_midi(midi, mode=mode, resolution=4).tracks[0]
  print(f'120 and 40 at once, mode {mode}: {track.pianoroll[:, 65].max()}')
  assert track.pianoroll[:, 65].max() == expected
PYTHON_END
