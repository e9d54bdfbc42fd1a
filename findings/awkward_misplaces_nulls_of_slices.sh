#!/usr/bin/env bash
# What surprises: awkward reads a slice of an Arrow table, or the second batch of one, with the wrong rows missing.
# Guessed before it was run: the rows of the slice, as `to_pylist` of the same slice gives them.
# Seen: of clips b to e, whose labels are None, car, cat, None, come '', None, cat and ''; a missing score is 0.0 and a score is missing.
#   A copy of the same rows is read right, so are slices without nulls.
# Reason: values are cut at the array's offset, the bits that say which are valid are taken from the first one on.
# Versions: awkward 2.14.0, pyarrow 26.0.1, numpy 2.4.6, Python 3.12.
# What xdc-tf does: records are TFRecords, which are read whole; nothing reads Arrow through awkward.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check awkward==2.14.0 pyarrow==26.0.1 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import awkward
import pyarrow

print('awkward', awkward.__version__, 'pyarrow', pyarrow.__version__)
clips = pyarrow.table({
  'clip': ['a', 'b', 'c', 'd', 'e'],
  'label': ['dog', None, 'car', 'cat', None],
  'score': [0.1, 0.2, 0.3, None, 0.5],
})
for name, part in {'slice from 1': clips.slice(1), 'second batch of 3': clips.to_batches(max_chunksize=3)[1]}.items():
  seen = awkward.from_arrow(part).to_list()
  print(name, '\n  expected', part.to_pylist(), '\n  seen    ', seen)
  assert [row['clip'] for row in seen] == [row['clip'] for row in part.to_pylist()] and seen != part.to_pylist()
sliced = awkward.from_arrow(clips.slice(1)).to_list()
assert [row['label'] for row in sliced] == ['', None, 'cat', ''] and [row['score'] for row in sliced] == [0.2, 0.3, 0.0, None]
copied = clips.slice(1).combine_chunks().take(list(range(4)))
assert awkward.from_arrow(copied).to_list() == clips.slice(1).to_pylist()
PYTHON_END
