#!/usr/bin/env bash
# What surprises: ONNX Runtime's linear Resize of uint8 cuts off in place of rounding: pictures become darker with every one.
# Guessed before it was run: the nearest whole number, as image libraries have it, and 200 stays 200 where all pixels are 200.
# Seen: half a level less, in the mean, than the same pixels as floats; a picture of 200 alone gets pixels of 199; the mean of noise falls from 127.6
#   to 118.2 when it is made larger and smaller ten times.
# Versions: onnxruntime 1.32.0, onnx 1.23.2, numpy 2.5.5, Python 3.12.
# What xdc-tf does: scaling is TensorFlow's `scale_and_translate` on floats, and rounds at the end (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.5.5
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import numpy as np
import onnxruntime
from onnx import helper, numpy_helper


def resize(x, scale):
  kind = helper.np_dtype_to_tensor_dtype(x.dtype)
  graph = helper.make_graph([helper.make_node('Resize', ['x', '', 'scales'], ['y'], mode='linear')], 'g',
                            [helper.make_tensor_value_info('x', kind, x.shape)], [helper.make_tensor_value_info('y', kind, None)],
                            [numpy_helper.from_array(np.array((1, 1, scale, scale), np.float32), 'scales')])
  model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=8).SerializeToString()
  return onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider']).run(None, {'x': x})[0]


noise = np.random.default_rng(0).integers(0, 256, (1, 3, 64, 64)).astype(np.uint8)
for scale in (.3, 1.7, 2):
  of_bytes, of_floats = resize(noise, scale), resize(noise.astype(np.float32), scale)
  print(f'times {scale}: {(of_bytes - of_floats).mean():.2f} levels beside the same pixels as floats')
  assert -.55 < (of_bytes - of_floats).mean() < -.4
flat = resize(np.full((1, 1, 64, 64), 200, np.uint8), 1.7)
print(f'a picture of 200 only: {dict(zip(*map(np.ndarray.tolist, np.unique(flat, return_counts=True))))}')
assert set(flat.ravel()) == {199, 200}
again = noise
for _ in range(10):
  again = resize(resize(again, 1.25), .8)
print(f'mean {noise.mean():.1f}, after ten times up and down {again.mean():.1f}')
assert again.mean() < noise.mean() - 8
PYTHON_END
