#!/usr/bin/env bash
# What surprises: ONNX's reference evaluator, against which runtimes are tested, is itself wrong of L1 norms, of means at a ragged end, of response
#   normalization and of LSTMs with lengths.
# Guessed before it was run: it follows the operators' definitions, as ONNX Runtime does.
# Seen: (3, -2, 1) becomes (1.5, -1, .5) in the L1 norm; means of three of 1 to 7 are 1.5, 4, 6 for 2, 5, 7; of four channels of 1 only the first is
#   normalized; an LSTM goes on after the two steps that it is told.
# Reason: no absolute value; the padding of the end is split to both sides; channels are counted by the batch; lengths are not read.
# Versions: onnx 1.23.2, onnxruntime 1.32.0, numpy 2.5.5, Python 3.12.
# What xdc-tf does: exports are compared with the encoder itself (xdc_tf/serving/checks.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print('onnx', onnx.__version__, 'onnxruntime', onnxruntime.__version__)
random = np.random.default_rng(0)


def both(kind, *inputs, outputs=1, **attributes):
  given = {f'x{n}': array for n, array in enumerate(inputs) if array is not None}
  names = [f'x{n}' if array is not None else '' for n, array in enumerate(inputs)]
  node = helper.make_node(kind, names, [f'y{n}' for n in range(outputs)], **attributes)
  graph = helper.make_graph(
    [node],
    'graph',
    [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for name, a in given.items()],
    [helper.make_tensor_value_info(f'y{n}', TensorProto.FLOAT, None) for n in range(outputs)],
  )
  model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 21)], ir_version=10)
  session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
  reference, runtime = ReferenceEvaluator(model).run(None, given)[-1], session.run(None, given)[-1]
  print(f'{kind}: reference {reference.ravel().round(3)}, ONNX Runtime {runtime.ravel().round(3)}')
  return reference, runtime


row = np.array([[3, -2, 1]], np.float32)
reference, runtime = both('LpNormalization', row, p=1, axis=1)
assert reference.tolist() == [[1.5, -1, 0.5]] and np.allclose(runtime, row / 6)
line = np.arange(1, 8, dtype=np.float32)[None, None]
reference, runtime = both('AveragePool', line, kernel_shape=[3], strides=[3], ceil_mode=1)
assert reference.ravel().tolist() == [1.5, 4, 6] and runtime.ravel().tolist() == [2, 5, 7]
reference, runtime = both('LRN', np.ones((1, 4, 1, 1), np.float32), size=3, alpha=3.0, beta=1.0)
assert np.allclose(reference.ravel(), [1 / 3, 1, 1, 1]) and np.allclose(runtime.ravel(), [1 / 3, 1 / 4, 1 / 4, 1 / 3])
x, w, r = (random.normal(size=shape).astype(np.float32) for shape in ((6, 1, 3), (1, 16, 3), (1, 16, 4)))
told = both('LSTM', x, w, r, None, np.array([2], np.int32), outputs=2, hidden_size=4)
cut = both('LSTM', x[:2], w, r, outputs=2, hidden_size=4)
assert np.allclose(told[1], cut[1], atol=1e-5) and np.allclose(*cut, atol=1e-5) and np.abs(told[0] - cut[0]).max() > 0.1
PYTHON_END
