#!/usr/bin/env bash
# What surprises: in one call ir_measures says that the reciprocal rank is 1/3 and that its first ten places give 1, of three documents: its
#   measures order documents of equal scores in two opposite ways, and scores that differ by 1e-8 count as equal for some of them.
# Guessed before it was run: RR and RR@10 of a list of three are the same number; the document with the highest score comes first.
# Seen: of three equal scores with the first document relevant RR@10 is 1, RR and AP 1/3, P@1 0; with the third relevant it is the other way
#   round. Of ten scores a hundred-millionth apart the highest is found at rank 6 by RR and at 1 by RR@10. Measures come from several
#   packages: one orders ties by name forwards, one backwards and in float32.
# Versions: ir_measures 0.4.3, pytrec_eval-terrier 0.5.11, Python 3.12.
# What xdc-tf does: of equally near videos the first counts, in all measures (xdc_tf/evaluation/retrieval.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check ir_measures==0.4.3 pytrec_eval-terrier==0.5.11
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

from ir_measures import AP, RR, P, calc_aggregate

print('ir_measures', importlib.metadata.version('ir_measures'))
measures = {'P@1': P @ 1, 'AP': AP, 'RR': RR, 'RR@10': RR @ 10}


def judged(relevant, scores):
  found = calc_aggregate(measures.values(), {'q': {relevant: 1}}, {'q': scores})
  return {name: round(found[measure], 3) for name, measure in measures.items()}


equal = {document: 1.0 for document in 'abc'}
close = {f'd{number}': 0.9 - number * 1e-8 for number in range(10)}
first, third, highest = judged('a', equal), judged('c', equal), judged('d0', close)
print('three equal scores, the first is relevant', first)
print('three equal scores, the third is relevant', third)
print('the relevant one has the highest score', highest)

assert first == {'P@1': 0, 'AP': 0.333, 'RR': 0.333, 'RR@10': 1}
assert third == {'P@1': 1, 'AP': 1, 'RR': 1, 'RR@10': 0.333}
assert highest == {'P@1': 0, 'AP': 0.167, 'RR': 0.167, 'RR@10': 1}
PYTHON_END
