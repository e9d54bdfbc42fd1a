#!/usr/bin/env bash
# What surprises: sewar's universal quality index says that noise is .78 as good as its own negative and .94 as a plain grey; by the formula it
#   cites they are -1 and 0. MS-SSIM depends on the order of the channels.
# Guessed before it was run: about 0 for other noise, -1 for the negative; channels are taken one by one.
# Seen: .884 for other noise (formula -.027), .778 for the negative (-.997), .941 for a grey area (0); MS-SSIM .628 as RGB and .554 as RBG.
# Reason: the formula wants sums over a window and gets means; a filter of two goes over the axis of the channels too.
# Versions: sewar 0.4.10, numpy 2.5.5, scipy 1.18.1, Python 3.12.
# What xdc-tf does: not used; pictures are compared by what an encoder makes of them.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check sewar==0.4.10 numpy==2.5.5 scipy==1.18.1 pillow==13.0.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata

import numpy as np
from sewar.full_ref import msssim, uqi

print('sewar', importlib.metadata.version('sewar'))


def expected(a, b, size=8):  # Wang and Bovik 2002, averaged over windows.
  a, b = (np.lib.stride_tricks.sliding_window_view(x.astype(float), (size, size)).reshape(-1, size**2) for x in (a, b))
  covariance = ((a - a.mean(1, keepdims=True)) * (b - b.mean(1, keepdims=True))).mean(1)
  return np.mean(4 * covariance * a.mean(1) * b.mean(1) / ((a.var(1) + b.var(1)) * (a.mean(1) ** 2 + b.mean(1) ** 2)))


random = np.random.default_rng(0)
noise, other = random.integers(50, 200, (2, 64, 64), dtype=np.uint8)
found = {}
for name, picture in (('other noise', other), ('its negative', 250 - noise), ('a grey area', np.full_like(noise, 125))):
  found[name] = uqi(noise, picture), expected(noise, picture)
  print(f'noise and {name}: {found[name][0]:.3f}, by the formula {found[name][1]:.3f}')
assert found['other noise'][0] > 0.85 and abs(found['other noise'][1]) < 0.05
assert found['its negative'][0] > 0.75 and found['its negative'][1] < -0.95
assert found['a grey area'][0] > 0.9 and found['a grey area'][1] == 0

colours = random.integers(50, 200, (200, 200, 3)).astype(float)
coarse = np.kron(random.normal(0, 30, (25, 25)), np.ones((8, 8)))
changed = colours + np.dstack([coarse, -coarse, 0 * coarse])
orders = [msssim(colours[..., order], changed[..., order], MAX=255).real for order in ([0, 1, 2], [0, 2, 1])]
print(f'MS-SSIM as RGB {orders[0]:.3f}, as RBG {orders[1]:.3f}')
assert abs(orders[0] - orders[1]) > 0.05
PYTHON_END
