#!/usr/bin/env bash
# What surprises: a picture of float16 becomes black when colour-science converts it to uint16.
# Guessed before it was run: float16, which it lists among the depths it supports, gives the numbers of float32 to three digits.
# Seen: 0, .25, .5, .75 and 1 are 0, 16384, 32768, 49151 and 65535 as float32 and 0, 0, 0, 0 and 0 as float16; to uint8 they are right.
#   1.2 becomes 50 in uint8 and 13107 in uint16, -.1 becomes 230. From uint16 to uint8 it cuts off, half a level darker, and rounds from floats.
# Reason: a * 65535 is infinite in float16, and what is beyond the range wraps when it is cast; a / 257 is cast without rounding (io/image.py).
# Versions: colour-science 0.4.7, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; frames are bytes, and floats that leave a range are cut off before they are cast (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check colour-science==0.4.7 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import warnings

import numpy as np

warnings.filterwarnings('ignore')
from colour.io import convert_bit_depth

grey = np.array([0, 0.25, 0.5, 0.75, 1])
found = {}
for source in ('float32', 'float16'):
  for target in ('uint8', 'uint16'):
    found[source, target] = convert_bit_depth(grey.astype(source), target)
    print(f'{grey} in {source} as {target}: {found[source, target]}')
assert np.array_equal(found['float32', 'uint8'], found['float16', 'uint8'])
assert found['float32', 'uint16'].max() == 65535 and not found['float16', 'uint16'].any()
picture = np.random.default_rng(0).random((64, 64, 3))
half, single = (convert_bit_depth(picture.astype(t), 'uint16') for t in ('float16', 'float32'))
print(f'mean of a picture: {single.mean():.0f} from float32, {half.mean():.2f} from float16')
assert half.max() <= 1 and abs(single.mean() - 32768) < 500

beyond = np.array([1, 1.2, -0.1])
for target in ('uint8', 'uint16'):
  print(f'{beyond} as {target}:', convert_bit_depth(beyond, target))
assert convert_bit_depth(beyond, 'uint8').tolist() == [255, 50, 230] and convert_bit_depth(beyond, 'uint16').tolist()[1] < 14000
every = np.arange(65536, dtype=np.uint16)
by_cut, by_rounding = convert_bit_depth(every, 'uint8'), convert_bit_depth(convert_bit_depth(every, 'float64'), 'uint8')
wrong, darker = (by_cut != by_rounding).mean(), (every / 257 - by_cut).mean()
print(f'from uint16 to uint8, {wrong:.0%} of the numbers differ from those by float64, {darker:.2f} levels darker')
assert 0.49 < wrong < 0.5 and 0.49 < darker < 0.51 and abs((every / 257 - by_rounding).mean()) < 1e-6
PYTHON_END
