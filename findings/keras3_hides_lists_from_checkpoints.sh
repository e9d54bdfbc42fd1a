#!/usr/bin/env bash
# What surprises: tf.train.Checkpoint of a Keras 3 model leaves out every layer that lies in a list or dict of the model, and
#   assert_consumed() finds nothing missing: after a restore those layers are still random. With Keras 2 they are saved.
# Guessed before it was run: what model.weights lists is in the checkpoint, or assert_consumed() fails.
# Seen: a model with one layer as an attribute, one in a list and one in a dict: the checkpoint of Keras 2 has three kernels, that of
#   Keras 3 has one. Keras 3's own save_weights has all three.
# Versions: keras 3.15.1, tf-keras 2.21.0, tensorflow 2.21.0, Python 3.12 (keras 2.15.0 does as tf-keras does).
# What xdc-tf does: every block and head is an attribute of its own (xdc_tf/models/residual.py, set_layers; xdc_tf/models/heads.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow==2.21.0 keras==3.15.1 tf-keras==2.21.0 numpy==2.4.6
cd "$tmp"
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np
import tensorflow as tf
import tf_keras

print(f'keras {keras.__version__}, tf_keras {tf_keras.__version__}, tensorflow {tf.__version__}')


def make_model(library):
  """Returns a built model of three layers with random kernels."""

  class Model(library.Model):
    def __init__(self):
      super().__init__()
      self.alone = library.layers.Dense(4, use_bias=False)
      self.in_list = [library.layers.Dense(4, use_bias=False)]
      self.in_dict = {'one': library.layers.Dense(4, use_bias=False)}

    def call(self, x):
      return self.in_dict['one'](self.in_list[0](self.alone(x)))

  model = Model()
  model(tf.ones([1, 4]))
  return model


def kept(old, new):
  """For every place of a layer, whether the new model has the old one's kernel."""
  layers = [(m.alone, m.in_list[0], m.in_dict['one']) for m in (old, new)]
  pairs = zip(('alone', 'in_list', 'in_dict'), *layers, strict=True)
  return {place: bool(np.array_equal(a.kernel.numpy(), b.kernel.numpy())) for place, a, b in pairs}


for library in (tf_keras, keras):
  old, new, other = (make_model(library) for _ in range(3))
  path = tf.train.Checkpoint(model=old).write(library.__name__)
  tf.train.Checkpoint(model=new).read(path).assert_consumed()
  old.save_weights(f'{library.__name__}.weights.h5')
  other.load_weights(f'{library.__name__}.weights.h5')
  by_checkpoint, by_keras = kept(old, new), kept(old, other)
  print(f'{library.__name__:8} {len(old.weights)} weights; restored by tf.train.Checkpoint: {by_checkpoint}; by Keras: {by_keras}')
  assert len(old.weights) == 3 and all(by_keras.values())
  assert by_checkpoint == {'alone': True, 'in_list': library is tf_keras, 'in_dict': library is tf_keras}
PYTHON_END
