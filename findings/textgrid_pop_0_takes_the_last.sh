#!/usr/bin/env bash
# What surprises: `pop(0)` of TextGrid takes the last tier; tiers whose labels differ are equal, and so are a tier and an empty one;
#   `interval += .5` leaves None; `remove` takes an interval of another label.
# Guessed before it was run: the first tier; unequal; the interval half a second later; nothing is removed, or an error.
# Seen: "speaker" of words, phones, speaker; True three times; None; "yes" goes when "no" is to.
# Reason: 0 is taken for no argument; only times of pairs are compared; the method returns nothing; intervals are equal whose times are.
# Versions: TextGrid 1.6.1, Python 3.12.
# What xdc-tf does: spans are equal when times and labels are (dataclasses in xdc_tf/manifest/).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check TextGrid==1.6.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import textgrid

print('TextGrid', importlib.metadata.version('TextGrid'))


def tier(name, *labels):
  made = textgrid.IntervalTier(name, 0, 9)
  for place, label in enumerate(labels):
    made.add(place, place + 1, label)
  return made


grid = textgrid.TextGrid()
for name in ('words', 'phones', 'speaker'):
  grid.append(tier(name, 'x'))
popped = grid.pop(0).name
print('pop(0) of words, phones, speaker:', popped)
assert popped == 'speaker'

equal = [
  tier('words', 'yes', 'no') == tier('words', 'no', 'yes'),
  tier('words', 'yes', 'no') == tier('words'),
  tier('words', 'yes') == tier('words', 'yes', 'no', 'no'),
]
print('labels exchanged, missing, more of them: equal', equal)
assert equal == [True, True, True]

interval = textgrid.Interval(0, 1, 'yes')
interval += 0.5
print('moved by half a second:', interval)
assert interval is None

left = tier('words', 'yes', 'no')
left.remove(0, 1, 'no')
print('left of yes, no without "no" at 0 to 1:', [found.mark for found in left])
assert [found.mark for found in left] == ['no']
PYTHON_END
