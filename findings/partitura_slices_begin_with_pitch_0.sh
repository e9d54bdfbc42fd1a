#!/usr/bin/env bash
# What surprises: A slice that partitura cuts out of a piece gives notes that sound already at its start pitch 0 and velocity 0; in a piano roll notes
#   that are not in order exchange velocities.
# Guessed before it was run: they are shortened and keep pitch, velocity and name; velocities do not go by the order of rows.
# Seen: pitches 0, 0, 64, 67 for 48, 60, 64, 67, with names of '0.5'; velocities 100, 80, 60 become 60, 80, 100 when the same notes are listed
#   backwards.
# Reason: the new start is assigned to the whole row; pitch, onset and duration are sorted, velocity is not.
# Versions: partitura 1.9.0, numpy 2.5.5, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used; sound is waveforms (xdc_tf/media/audio_track.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check partitura==1.9.0 numpy==2.5.5 scipy==1.18.1 mido==1.3.3
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np
import partitura

warnings.simplefilter('ignore')
print('partitura', importlib.metadata.version('partitura'))
fields = [('onset_sec', 'f4'), ('duration_sec', 'f4'), ('pitch', 'i4'), ('velocity', 'i4'), ('id', 'U8')]
notes = np.array([(0, 4, 48, 50, 'bass'), (0, 1, 60, 100, 'c'), (1, 1, 64, 80, 'e'), (2, 1, 67, 60, 'g')], dtype=fields)
part = partitura.utils.slice_notearray_by_time(notes, 0.5, 2.5, time_unit='sec')
print('from .5 to 2.5 s:', part.tolist())
assert part['pitch'].tolist() == part['velocity'].tolist()[:2] + [64, 67] == [0, 0, 64, 67]
assert part['id'].tolist() == ['0.5', '0.5', 'e', 'g']
whole = partitura.utils.slice_notearray_by_time(notes, 0.5, 2.5, time_unit='sec', clip_onset_duration=False)
assert whole['pitch'].tolist() == [48, 60, 64, 67]


def velocities(array):
  roll = partitura.utils.compute_pianoroll(array, time_unit='sec', time_div=4).toarray()
  return {int(pitch): int(roll[pitch].max()) for pitch in np.flatnonzero(roll.any(axis=1))}


tune = notes[1:]
print('velocities in the piano roll:', velocities(tune), 'of the same notes listed backwards:', velocities(tune[::-1]))
assert velocities(tune) == {60: 100, 64: 80, 67: 60} and velocities(tune[::-1]) == {60: 60, 64: 80, 67: 100}
PYTHON_END
