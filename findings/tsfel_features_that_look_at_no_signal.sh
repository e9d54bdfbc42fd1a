#!/usr/bin/env bash
# What surprises: ten columns of TSFEL's table are the same for every signal, its MFCC are those of the first 512 samples, and a sound that ends
#   as it begins is taken for a constant one.
# Guessed before it was run: a feature depends on the signal, all of it.
# Seen: `ecdf` of a normal and of an exponential sample are both .001, .002, ..., .010; a tone of a second and 32 ms of it followed by noise
#   have equal MFCC; the 20th and 80th percentiles of a sound that fades in and out are 0 and 0, and -307 and 352 when its last sample is
#   1. The ECDF returns its first ten steps; the transform cuts at 512; "constant" means that the differences add up to 0.
# Versions: tsfel 0.2.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: MFCC of whole clips (xdc_tf/deep_clustering/mfcc.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tsfel==0.2.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from tsfel.feature_extraction import features

print('tsfel', importlib.metadata.version('tsfel'))
random = np.random.default_rng(0)
ecdfs = [np.array(features.ecdf(x)).tolist() for x in (random.normal(size=1000), 50 * random.exponential(size=1000))]
print('ecdf of a normal and of an exponential sample', ecdfs)
tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
mixed = np.r_[tone[:512], random.normal(size=15488)]
equal_mfcc = features.mfcc(tone, 16000) == features.mfcc(mixed, 16000)
print('MFCC of a tone and of 32 ms of it followed by noise are equal:', equal_mfcc)
fading = (1000 * np.sin(np.arange(3000) / 50) * np.hanning(3000)).astype(int)
other = fading.copy()
other[-1] = 1
percentiles = [[int(p) for p in features.ecdf_percentile(x)] for x in (fading, other)]
print('20 and 80 % of a sound that ends with 0 and with 1', percentiles, 'NumPy', np.percentile(fading, [20, 80]))

assert ecdfs[0] == ecdfs[1] and np.allclose(ecdfs[0], np.arange(1, 11) / 1000)
assert equal_mfcc
assert percentiles[0] == [0, 0] and percentiles[1] == [-307, 352]
PYTHON_END
