#!/usr/bin/env bash
# What surprises: crowsetta reads a time of 0.000045 s in a TextGrid that Praat wrote as 5 s, since Praat writes 4.5e-05.
# Guessed before it was run: times, quotes and labels that crowsetta reads are those that were written.
# Seen: a word that begins 2 samples after 0 begins at 5 s, a click at 2 samples comes after one at 3 s; say "hi" is say ""hi"".
#   Syllables 01, 001 and 1 are all '1' when read from an Audacity file, and what crowsetta's own CSV stores as 01, 10, 1e1 comes back
#   as '1.0', '10.0', '10.0'.
# Reason: a time is what matches [\d.]+ at the end of the line, text is not unescaped (formats/seq/textgrid/parse.py); labels become strings
#   after pandas has made numbers of them (audseq.py, generic.py).
# Versions: crowsetta 5.1.3.post1, praat-parselmouth 0.4.7, pandas 3.1.1, pandera 0.35.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; times and labels are columns of a CSV that are read as text first (xdc_tf/manifest/).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check crowsetta==5.1.3.post1 praat-parselmouth==0.4.7 pandas==3.1.1 pandera==0.35.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import pathlib
import tempfile

import crowsetta
import numpy as np
from parselmouth.praat import call

folder = pathlib.Path(tempfile.mkdtemp())
grid = call('Create TextGrid', 0, 12, 'words clicks', 'clicks')
two_samples = 2 / 44100
for boundary in (two_samples, 7):
  call(grid, 'Insert boundary', 1, boundary)
for number, text in enumerate(('', 'say "hi"', 'bye')):
  call(grid, 'Set interval text', 1, number + 1, text)
call(grid, 'Insert point', 2, two_samples, 'first')
call(grid, 'Insert point', 2, 3, 'second')
for command in ('Save as text file', 'Save as short text file'):
  path = folder / 'x.TextGrid'
  call(grid, command, str(path))
  print([line.strip() for line in path.read_text().splitlines() if 'e-05' in line][0])
  words, clicks = crowsetta.formats.seq.TextGrid.from_file(path).tiers
  print(words.intervals, clicks.points)
  assert [(i.xmin, i.xmax, i.text) for i in words.intervals] == [(5, 7, 'say ""hi""'), (7, 12, 'bye')]
  assert [(p.number, p.mark) for p in clicks.points] == [(5, 'first'), (3, 'second')]
assert [call(grid, 'Get start time of interval', 1, 2), call(grid, 'Get label of interval', 1, 2)] == [two_samples, 'say "hi"']

path = folder / 'x.txt'
path.write_text('0.0\t1.0\t01\n1.0\t2.0\t001\n2.0\t3.0\t1\n')
audacity = [str(label) for label in crowsetta.formats.seq.AudSeq.from_file(path).labels]
print('01, 001, 1 of Audacity:', audacity)
written = ['01', '10', '1e1']
times = np.arange(3.0)
sequence = crowsetta.Sequence.from_keyword(labels=written, onsets_s=times, offsets_s=times + 0.5)
annotation = crowsetta.Annotation(annot_path='a.csv', notated_path='a.wav', seq=sequence)
crowsetta.formats.seq.GenericSeq([annotation]).to_file(folder / 'x.csv')
read = [str(label) for label in crowsetta.formats.seq.GenericSeq.from_file(folder / 'x.csv').annots[0].seq.labels]
print(written, 'of its own CSV:', read)
assert audacity == ['1', '1', '1'] and read == ['1.0', '10.0', '10.0']
PYTHON_END
