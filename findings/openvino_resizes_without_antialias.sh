#!/usr/bin/env bash
# What surprises: OpenVINO reads an ONNX model whose Resize has antialias=1 and does not smooth; and Softmax of opsets 11 and 12 along axis 1 of four
#   axes gives rows that sum up to 20.
# Guessed before it was run: the numbers of ONNX Runtime, or a refusal to read what it does not know.
# Seen: a chessboard of single pixels at .3 of its size has a deviation of 38.8 where ONNX Runtime has .45, the very numbers without antialias; a
#   softmax over all that follows axis 1, as these opsets have it, is one over axis 1 alone. Softmax of opset 9 and LogSoftmax are right.
# Versions: openvino 2026.4.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: no export leaves scaling to such a runtime: TensorFlow Lite and ONNX get frames that are scaled (xdc_tf/serving/tflite.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.5.5
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper


def run(op, x, opset, scales=None, **attributes):
  inputs = ['x'] if scales is None else ['x', '', 'scales']
  constants = [] if scales is None else [numpy_helper.from_array(np.array(scales, np.float32), 'scales')]
  graph = helper.make_graph([helper.make_node(op, inputs, ['y'], **attributes)], 'g',
                            [helper.make_tensor_value_info('x', TensorProto.FLOAT, x.shape)],
                            [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)], constants)
  model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8)
  model = model.SerializeToString()
  core = openvino.Core()
  ort = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider']).run(None, {'x': x})[0]
  compiled = core.compile_model(core.read_model(model), 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})
  return ort, compiled({'x': x})[0]


board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.float32)[None, None]  # Black and white pixels in turn: grey from afar.
for mode in ('linear', 'cubic'):
  ort, ov = run('Resize', board, 18, (1, 1, .3, .3), mode=mode, antialias=1)
  plain = run('Resize', board, 18, (1, 1, .3, .3), mode=mode, antialias=0)[1]
  print(f'{mode}: deviation {ort.std():.2f} in ONNX Runtime, {ov.std():.1f} in OpenVINO')
  assert ort.std() < 1 < 30 < ov.std() and np.array_equal(ov, plain)
logits = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
for opset in (11, 12):
  ort, ov = run('Softmax', logits, opset, axis=1)
  print(f'opset {opset}: probabilities of a row sum to {ort[0].sum():.3f} in ONNX Runtime, {ov[0].sum():.3f} in OpenVINO')
  assert abs(ort[0].sum() - 1) < 1e-4 and abs(ov[0].sum() - 20) < 1e-3
  for same in (run('Softmax', logits, 9, axis=1), run('LogSoftmax', logits, opset, axis=1)):
    np.testing.assert_allclose(*same, atol=1e-4)
PYTHON_END
