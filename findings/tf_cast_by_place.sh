#!/usr/bin/env bash
# What surprises: what `tf.cast` makes of a number that uint8 cannot hold depends on its place in the tensor. 300.0 becomes 255 among the
#   first 32, 64, 96 ... numbers and 44 in what is left over; -5.0 becomes 0 or 251. A picture with values beyond 255 gets dark dots in
#   its last bytes, a small tensor is wrong everywhere, and 32 of them are right.
# Guessed before it was run: 44 and 251 everywhere, as C's cast and NumPy's give, and 255 and 0 with XLA.
# Seen: on an x86 processor with AVX2 or more n // 32 * 32 numbers saturate and n % 32 wrap, in eager mode and in graphs, with TensorFlow
#   2.15 and 2.21 alike. Compiled by XLA all saturate, as tf.saturate_cast does.
# Versions: tensorflow 2.21.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: pixels are made by tf.saturate_cast (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 numpy==2.5.5
cd "$tmp"
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import tensorflow as tf

print(f'tensorflow {tf.__version__}')


def cast(numbers):
  return tf.cast(numbers, tf.uint8)


options = {'autograph': False, 'reduce_retracing': True}
in_graph, by_xla = tf.function(cast, **options), tf.function(cast, jit_compile=True, **options)
for count in (1, 31, 32, 33, 100):
  for value, saturated, wrapped in ((300.0, 255, 44), (-5.0, 0, 251)):
    numbers = tf.fill([count], value)
    expected = np.where(np.arange(count) < count // 32 * 32, saturated, wrapped)
    np.testing.assert_array_equal(cast(numbers), expected)
    np.testing.assert_array_equal(in_graph(numbers), expected)
    np.testing.assert_array_equal(by_xla(numbers), np.full(count, saturated))
    np.testing.assert_array_equal(tf.saturate_cast(numbers, tf.uint8), np.full(count, saturated))
    kinds, amounts = np.unique(cast(numbers), return_counts=True)
    print(f'{count:3} times {value:5}: ' + ', '.join(f'{n} times {kind}' for kind, n in zip(kinds, amounts)))
picture = tf.fill([21, 21, 3], 256.0)  # White, and a little more: 1,323 numbers, 41 * 32 + 11.
dark = np.argwhere(cast(picture).numpy() == 0)
print(f'a white picture of 21x21 pixels: {len(dark)} of 1,323 bytes are 0, from row, column, channel {dark[0].tolist()} on')
assert len(dark) == 11
PYTHON_END
