#!/usr/bin/env bash
# What surprises: MedPy's rates of objects are those of the other side: three false objects beside a true one are a false positive rate of
#   0, and one of four found is a true positive rate of 1. The examples in the docstrings say otherwise.
# Guessed before it was run: the numbers of the docstrings: .667 and 0 for two of three found, 1 and .333 for a false one beside two.
# Seen: 1 and .333 for the first, .667 and 0 for the second.
# Reason: the helper gives the objects of the result before those of the reference, and both functions take them the other way round.
# Versions: MedPy 0.5.2, numpy 2.5.5, scipy 1.18.1, Python 3.12.
# What xdc-tf does: nothing: it segments nothing.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check MedPy==0.5.2 numpy==2.5.5 scipy==1.18.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from medpy.metric.binary import obj_fpr, obj_tpr

print('MedPy', importlib.metadata.version('MedPy'))
two, three = np.array([1, 0, 1, 0, 0]), np.array([1, 0, 1, 0, 1])
for name, result, reference, documented in (('two of three found', two, three, (2 / 3, 0)), ('one too many', three, two, (1, 1 / 3))):
  found = obj_tpr(result, reference), obj_fpr(result, reference)
  print(f'{name}: true and false positive rate {found[0]:.3f} and {found[1]:.3f}, documented {documented[0]:.3f} and {documented[1]:.3f}')
  assert abs(found[0] - documented[0]) > 0.3 and abs(found[1] - documented[1]) > 0.3
one = np.zeros((40, 40), bool)
one[5:10, 5:10] = True
many = one.copy()
for number in range(3):
  many[20:24, 5 + 10 * number : 9 + 10 * number] = True
print('one object, and three false ones: false positive rate', obj_fpr(many, one), 'one of four found: true positive rate', obj_tpr(one, many))
assert obj_fpr(many, one) == 0 and obj_tpr(one, many) == 1
PYTHON_END
