#!/usr/bin/env bash
# What surprises: OpenVINO computes an LSTM of ONNX with peepholes or with coupled gates as if it had neither, without a word.
# Guessed before it was run: it does what the model says, or refuses it.
# Seen: the last states of the plain LSTM in all three cases, where the formula and ONNX Runtime have others.
# Reason: its importer reads neither; that is all that could be seen of it.
# Versions: openvino 2026.4.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: exports are SavedModels, compared with the encoder itself (xdc_tf/serving/checks.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

print('openvino', openvino.__version__, 'onnxruntime', onnxruntime.__version__)
random = np.random.default_rng(0)
x, w, r, p = (random.normal(size=shape).astype(np.float32) for shape in ((5, 1, 3), (1, 16, 3), (1, 16, 4), (1, 12)))


def sigmoid(z):
  return 1 / (1 + np.exp(-z))


def by_the_formula(peepholes, coupled):
  h, c = np.zeros(4), np.zeros(4)
  of_input, of_output, of_forget = p[0].reshape(3, 4) * peepholes
  for step in x[:, 0]:
    i, o, f, g = (w[0] @ step + r[0] @ h).reshape(4, 4)
    i = sigmoid(i + of_input * c)
    f = 1 - i if coupled else sigmoid(f + of_forget * c)
    c = f * c + i * np.tanh(g)
    h = np.tanh(c) * sigmoid(o + of_output * c)
  return h


for peepholes, coupled in ((False, False), (True, False), (False, True)):
  inputs = ['x', 'w', 'r', '', '', '', '', 'p'] if peepholes else ['x', 'w', 'r']
  node = helper.make_node('LSTM', inputs, ['', 'y'], hidden_size=4, input_forget=int(coupled))
  graph = helper.make_graph(
    [node],
    'graph',
    [helper.make_tensor_value_info('x', TensorProto.FLOAT, x.shape)],
    [helper.make_tensor_value_info('y', TensorProto.FLOAT, (1, 1, 4))],
    [numpy_helper.from_array(array, name) for array, name in ((w, 'w'), (r, 'r'), (p, 'p')) if name in inputs],
  )
  model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8).SerializeToString()
  expected = by_the_formula(peepholes, coupled)
  runtime = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider']).run(None, {'x': x})[0].ravel()
  compiled = openvino.compile_model(openvino.Core().read_model(model), 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})
  found = compiled({'x': x})[0].ravel()
  print(f'peepholes {peepholes}, coupled {coupled}: {expected.round(3)}, ONNX Runtime {runtime.round(3)}, OpenVINO {found.round(3)}')
  assert np.allclose(found, by_the_formula(False, False), atol=0.01) and np.allclose(runtime, expected, atol=1e-4)
  assert np.allclose(found, expected, atol=0.01) == (not peepholes and not coupled)
PYTHON_END
