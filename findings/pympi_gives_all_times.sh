#!/usr/bin/env bash
# What surprises: asked for the annotations of a dependent tier between two times, pympi gives all of the file; of subdivided annotations it
#   leaves out those of the last word; words that are moved before 0 keep their end.
# Guessed before it was run: one part of speech for the word between 2.0 and 2.5 s; ten phones; 1.0 to 1.9 s moved by -1.5 s is 0 to .4 s.
# Seen: all five; eight; 0 to 1.9 s.
# Reason: the loop overwrites the end that was asked for; the last group is never written out; only the begin is moved to 0.
# Versions: pympi-ling 1.71, Python 3.12.
# What xdc-tf does: labels come from CSV files, a row a span (xdc_tf/manifest/folder_and_csv.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pympi-ling==1.71
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import pympi

print('pympi-ling', importlib.metadata.version('pympi-ling'))
film = pympi.Eaf()
film.add_linguistic_type('assoc', 'Symbolic_Association', timealignable=False)
film.add_linguistic_type('subdivision', 'Symbolic_Subdivision', timealignable=False)
film.add_tier('words')
film.add_tier('pos', ling='assoc', parent='words')
film.add_tier('phones', ling='subdivision', parent='words')
for word in range(5):
  film.add_annotation('words', word * 1000, word * 1000 + 900, f'word{word}')
  film.add_ref_annotation('pos', 'words', word * 1000 + 450, f'pos{word}')
  for part in range(2):
    film.add_ref_annotation('phones', 'words', word * 1000 + 450, f'phone{word}{part}')
words = film.get_annotation_data_between_times('words', 2000, 2500)
parts = film.get_annotation_data_between_times('pos', 2000, 2500)
print('between 2000 and 2500 ms:', words, 'and', parts)
assert words == [(2000, 2900, 'word2')] and len(parts) == 5
written, timed = len(film.tiers['phones'][1]), film.get_annotation_data_for_symbsub_tier('phones')
print(f'{written} phones, {len(timed)} with times, the last', timed[-1])
assert written == 10 and len(timed) == 8

moved = pympi.Eaf()
moved.add_tier('words')
for word in range(1, 4):
  moved.add_annotation('words', word * 1000, word * 1000 + 900, f'word{word}')
moved.shift_annotations(-1500)
found = sorted(moved.get_annotation_data_for_tier('words'))
print('moved by -1500:', found)
assert found == [(0, 1900, 'word1'), (500, 1400, 'word2'), (1500, 2400, 'word3')]
PYTHON_END
