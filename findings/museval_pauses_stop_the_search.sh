#!/usr/bin/env bash
# What surprises: when one source pauses for a second, museval no longer finds the order of the estimates, and an SDR of 26 dB becomes -3; sound
#   whose left side is minus the right counts as silence.
# Guessed before it was run: the order that the other seconds show; a source is silent where its samples are 0.
# Seen: order [0 1] in place of [1 0], SDR -3.1 in place of 26; a second with left = -right, of samples up to 4, is NaN.
# Reason: the mean over all seconds is NaN for every order, whose first is taken; channels are added before silence is looked for.
# Versions: museval 0.4.1, numpy 2.4.6, scipy 1.18.1, Python 3.12.
# What xdc-tf does: silence is looked for in the mono sound that is stored (xdc_tf/media/emptiness.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps museval==0.4.1
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 scipy==1.18.1 soundfile==0.14.0 pandas==2.3.3 simplejson==3.20.2 jsonschema==4.25.1
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import sys
import types
import warnings

import numpy as np

warnings.simplefilter('ignore')
sys.modules['musdb'] = types.ModuleType('musdb')  # Reads a data set, which the metrics do not use.
from museval import metrics

print('museval', importlib.metadata.version('museval'))
RATE = 8000
random = np.random.default_rng(0)


def scores(sources, estimates, **options):
  return metrics.bss_eval(sources, estimates, window=RATE, hop=RATE, filters_len=32, **options)


sources = random.normal(size=(2, 3 * RATE, 1))
noise = 0.05 * random.normal(size=sources.shape)
for pauses in (False, True):
  if pauses:
    sources[1, 2 * RATE :] = 0
  sdr, *_, order = scores(sources, (sources + noise)[::-1], compute_permutation=True)
  order = [int(number) for number in order[:, 0]]
  print('with a pause:' if pauses else 'no pause:', 'order', order, 'SDR', np.round(sdr, 1).tolist())
  assert order == ([0, 1] if pauses else [1, 0]) and (sdr[0, 0] < 0) == pauses

stereo = np.concatenate([random.normal(size=(2, 3 * RATE, 1))] * 2, axis=2)
stereo[0, RATE : 2 * RATE, 1] *= -1
sdr, *_ = scores(stereo, stereo + 0.05 * random.normal(size=stereo.shape))
print('left = -right in second 2: SDR', np.round(sdr, 1).tolist())
assert np.isnan(sdr[:, 1]).all() and (sdr[:, [0, 2]] > 20).all()
PYTHON_END
