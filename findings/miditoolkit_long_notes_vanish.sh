#!/usr/bin/env bash
# What surprises: A note that sounds throughout a window is missing from miditoolkit's piano roll of the window when a later, shorter note exists.
# Guessed before it was run: `time_portion=(a, b)` is the rows a to b of the whole roll.
# Seen: 200 ticks of one pitch, where the whole roll has 1,500 of another one as well; both when the note behind the window is taken away; with
#   `resample_factor` no row at all.
# Reason: notes are sorted by their end, and the first that begins behind the window ends the loop; the end is resampled and the start is not.
# Versions: miditoolkit 1.0.1, mido 1.3.3, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; sound is waveforms (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check miditoolkit==1.0.1 numpy==2.5.5 mido==1.3.3
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from miditoolkit import Note
from miditoolkit.pianoroll.parser import notes2pianoroll

print('miditoolkit', importlib.metadata.version('miditoolkit'))
notes = [Note(100, 48, 0, 4000), Note(100, 60, 1000, 1200), Note(100, 64, 2500, 2600)]


def ticks(roll):
  return {int(pitch): int((roll[:, pitch] != 0).sum()) for pitch in np.flatnonzero(roll.any(axis=0))}


cut = ticks(notes2pianoroll(notes, pitch_range=(0, 127))[500:2000])
window = ticks(notes2pianoroll(notes, pitch_range=(0, 127), time_portion=(500, 2000)))
alone = ticks(notes2pianoroll(notes[:2], pitch_range=(0, 127), time_portion=(500, 2000)))
print(f'ticks by pitch, cut from the whole: {cut}; the window: {window}; without the note behind it: {alone}')
assert cut == alone == {48: 1500, 60: 200} and window == {60: 200}
smaller = notes2pianoroll(notes, pitch_range=(0, 127), time_portion=(500, 2000), resample_factor=0.1)
print('resampled by .1:', smaller.shape)
assert smaller.shape == (0, 128)
PYTHON_END
