#!/usr/bin/env bash
# What surprises: functions of dm_pix whose pages allow pictures with the channels first treat them as if they were last: `rotate` turns colours
#   into rows, `random_flip_left_right` turns pictures upside down, and `rgb_to_hsl` gives the channels last.
# Guessed before it was run: where a page says HWC or CHW, both give the same picture.
# Seen: a quarter turn of CHW is off by up to 1 where HWC is exact; a red picture turned by 12 degrees is blue at .28; of twenty random flips some
#   turn upside down and none left for right; `rgb_to_hsv(channel_axis=0)` keeps its axes, `rgb_to_hsl(channel_axis=0)` does not.
# Versions: dm-pix 0.4.5, jax 0.12.0.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: not used; frames have their channels last everywhere (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check dm-pix==0.4.5 jax==0.12.0.1 jaxlib==0.12.0.1 chex==0.1.92 numpy==2.5.5
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import dm_pix
import jax
import jax.numpy as jnp
import numpy as np

picture = np.random.default_rng(0).random((32, 32, 3)).astype(np.float32)
first = jnp.asarray(picture.transpose(2, 0, 1))  # The same with channels first, as the page of each function allows.
last_turned = np.asarray(dm_pix.rotate(jnp.asarray(picture), np.pi / 2))
first_turned = np.asarray(dm_pix.rotate(first, np.pi / 2)).transpose(1, 2, 0)
np.testing.assert_allclose(last_turned, np.rot90(picture), atol=1e-5)
print(f'a quarter turn, against np.rot90: {abs(last_turned - np.rot90(picture)).max():.0e} for HWC, {abs(first_turned - np.rot90(picture)).max():.2f} for CHW')
assert abs(first_turned - np.rot90(picture)).max() > .5

red = jnp.zeros((3, 32, 32)).at[0].set(1.)
for degrees in (12, 90):
  means = np.asarray(dm_pix.rotate(red, np.deg2rad(degrees))).mean(axis=(1, 2))
  print(f'a red picture, turned by {degrees} degrees: red {means[0]:.2f}, green {means[1]:.2f}, blue {means[2]:.2f}')
  assert means[2] > .25
assert np.asarray(dm_pix.rotate(red.transpose(1, 2, 0), np.pi / 2))[..., 1:].max() == 0
flipped = [np.asarray(dm_pix.random_flip_left_right(jax.random.PRNGKey(n), first)) for n in range(20)]
assert any(np.array_equal(one, first[:, ::-1]) for one in flipped)  # Upside down,
assert not any(np.array_equal(one, first[:, :, ::-1]) for one in flipped)  # and never left for right.
assert dm_pix.rgb_to_hsv(first, channel_axis=0).shape == (3, 32, 32) and dm_pix.rgb_to_hsl(first, channel_axis=0).shape == (32, 32, 3)
PYTHON_END
