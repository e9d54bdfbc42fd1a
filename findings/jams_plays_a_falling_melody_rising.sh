#!/usr/bin/env bash
# What surprises: JAMS plays falling notes as rising ones; one label of two words in a .lab file makes all other labels NaN.
# Guessed before it was run: 880, 440, 220 Hz are heard in this order; of each line the last word is the label, as documented.
# Seen: 220, 440, 880; nan, loud, nan.
# Reason: rows are in the order of pitch, and the pitches that are handed over with them in that of time; pandas fills lines that are
#   shorter with NaN, which is not None.
# Versions: jams 0.3.5, mir_eval 0.8.2, numpy 2.4.6, pandas 3.1.1, Python 3.12.
# What xdc-tf does: labels are read from CSV, where a text stays what it is (xdc_tf/manifest/).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check jams==0.3.5 mir_eval==0.8.2 numpy==2.4.6 pandas==3.1.1
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import os
import warnings

import jams
import numpy as np

warnings.simplefilter('ignore')
print('jams', importlib.metadata.version('jams'))
for pitches, expected in (
  ([880, 440, 220], [220, 440, 880]),
  ([440, 880, 220], [880, 220, 440]),
  ([220, 440, 880], [220, 440, 880]),
):
  notes = jams.Annotation('note_hz', time=0, duration=3)
  for second, pitch in enumerate(pitches):
    notes.append(time=second, duration=1, value=float(pitch))
  sound = jams.sonify.sonify(notes, sr=8000)
  heard = [int(np.abs(np.fft.rfft(sound[i * 8000 : (i + 1) * 8000])).argmax()) for i in range(3)]
  print('notes', pitches, 'heard', heard)
  assert heard == expected

path = os.path.join(os.environ['FOLDER'], 'song.lab')
with open(path, 'w') as file:
  file.write('0.0 1.5 verse\n1.5 3.0 chorus loud\n3.0 4.5 bridge\n')
labels = [observation.value for observation in jams.util.import_lab('segment_open', path)]
print('labels of verse, chorus loud, bridge:', labels)
assert labels[1] == 'loud' and np.isnan(labels[0]) and np.isnan(labels[2])
PYTHON_END
