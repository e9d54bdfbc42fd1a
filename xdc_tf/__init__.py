"""Cross-Modal Deep Clustering (XDC, Alwassel et al., NeurIPS 2020) in TensorFlow.

Examples:
  >>> import xdc_tf
  >>> encoder = xdc_tf.load('runs/xdc', 'video')
  >>> times, embeddings = encoder.embed('holiday.mp4')

Importing takes no TensorFlow; the functions below import what they need when they are first used. To read the code, open
deep_clustering/outer_loop.py first.
"""

import importlib
import os
import sys

from xdc_tf import xla_cache

# Several commands may share a card: each takes the memory that it needs, and not all that there is.
os.environ.setdefault('TF_FORCE_GPU_ALLOW_GROWTH', 'true')
if 'tensorflow' not in sys.modules:  # Which reads the flags once.
  xla_cache.use()

# Before Keras is imported, which asks for it then: another backend may be set for other work on the machine.
if 'keras' not in sys.modules:
  os.environ['KERAS_BACKEND'] = 'tensorflow'

__version__ = '0.2.0'

# The library's face: each name and the module that holds it.
_WHERE = {
  'Encoder': 'xdc_tf.library.encoders',
  'load': 'xdc_tf.library.encoders',
  'nearest': 'xdc_tf.library.encoders',
  'open_records': 'xdc_tf.library.steps',
  'make_manifest': 'xdc_tf.library.steps',
  'make_clips': 'xdc_tf.library.steps',
  'pretrain': 'xdc_tf.library.steps',
  'export': 'xdc_tf.library.exporting',
  'write_report': 'xdc_tf.library.steps',
  'bound_encoder': 'xdc_tf.cli.bound_encoders',
  'Pretraining': 'xdc_tf.deep_clustering.outer_loop',
  'Schedule': 'xdc_tf.training.schedules',
  'TrainingOptions': 'xdc_tf.training.options',
  'KMeansOptions': 'xdc_tf.clustering.kmeans',
  'VideoInput': 'xdc_tf.records.inputs',
  'AudioInput': 'xdc_tf.records.inputs',
  'methods': 'xdc_tf.deep_clustering',
}
__all__ = ['__version__', *_WHERE]


def __getattr__(name: str):
  if name not in _WHERE:
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
  module = importlib.import_module(_WHERE[name])
  try:
    return getattr(module, name)
  except AttributeError:
    return importlib.import_module(f'{_WHERE[name]}.{name}')


def __dir__() -> list[str]:
  return sorted({*globals(), *_WHERE})
