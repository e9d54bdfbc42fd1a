"""Values of the wrong type are refused where they are given, by name."""

import dataclasses
import os
import pathlib

import numpy as np
import pytest

import xdc_tf
from xdc_tf import value_types
from xdc_tf.cli.configurables import CONFIGURABLES


@pytest.mark.parametrize(
  ('value', 'annotation', 'is_right'),
  [
    (2, int, True),
    (np.int64(2), int, True),
    (2.0, int, False),
    ('2', int, False),
    (True, int, False),
    (2, float, True),
    (np.float32(2), float, True),
    ('2', float, False),
    (True, bool, True),
    (np.True_, bool, True),
    (1, bool, False),
    (None, int | None, True),
    ('all', int | None, False),
    ('a', str | os.PathLike, True),
    (pathlib.Path('a'), str | os.PathLike, True),
    (['a'], str | os.PathLike, False),
    (xdc_tf.Schedule(), xdc_tf.Schedule, True),
    ({'batch_size': 2}, xdc_tf.Schedule, False),
    (xdc_tf.VideoInput(), xdc_tf.Schedule | None, False),
    ('anything', dict[str, int], True),  # No plain type.
  ],
)
def test_what_is_right(value, annotation, is_right):
  wrong = value_types.complaint('argument', value, annotation)
  assert bool(wrong) != is_right
  assert is_right or wrong.startswith('argument must be of the type ') and repr(value) in wrong


def test_a_long_value_is_cut():
  wrong = value_types.complaint('folder', list(range(1000)), str | os.PathLike)
  assert wrong.startswith('folder must be of the type str or PathLike. Received: [0, 1, 2') and len(wrong) < 270


@pytest.mark.parametrize('settings', [c for c in CONFIGURABLES if dataclasses.is_dataclass(c)])
def test_settings_look_at_every_field_first(settings):
  fields = dataclasses.fields(settings)
  plain = [field.name for field in fields if value_types.complaint('', object(), field.type)]
  assert plain
  right = {field.name: _example(field) for field in fields if field.default is field.default_factory}
  for name in plain:
    with pytest.raises(
      ValueError, match=rf'^{settings.__name__}\.{name} must be of the type .* Received: <object object'
    ):
      settings(**right | {name: object()})


def _example(field: dataclasses.Field):
  """A value for a field without a default: none is looked at before the types are."""
  return field.type() if dataclasses.is_dataclass(field.type) else {int: 1, float: 1.0, str: ''}.get(field.type)


@pytest.mark.parametrize(
  ('call', 'message'),
  [
    (lambda: xdc_tf.methods.xdc('4', 3), "ClusteringSpec.num_clusters must be of the type int. Received: '4'"),
    (lambda: xdc_tf.Schedule(base_learning_rate='0.01'), 'Schedule.base_learning_rate must be of the type float'),
    (lambda: xdc_tf.make_manifest('videos', 'out', span_seconds='2'), 'span_seconds must be of the type float'),
    (
      lambda: xdc_tf.make_manifest(['a.mp4', 'b.mp4'], 'out'),
      r"folder must be of the type str or PathLike. Received: \['a",
    ),
    (lambda: xdc_tf.pretrain('clips', 'run', {'num_iterations': 2}), 'config must be of the type Pretraining'),
    (lambda: xdc_tf.load(3), 'path must be of the type str or PathLike. Received: 3'),
    (
      lambda: xdc_tf.nearest(np.array(['a']), np.ones(3)),
      'embeddings must be an array of numbers. Received one of <U1',
    ),
    (lambda: xdc_tf.nearest({'a': np.ones([2, 3])}, np.ones(3)), 'embeddings must be an array of numbers'),
    (
      lambda: xdc_tf.nearest(np.ones([2, 3]), np.ones(3), count='2'),
      "count must be of the type int or None. Received: '2'",
    ),
  ],
)
def test_calls_say_which_argument_is_wrong(call, message):
  with pytest.raises(ValueError, match=message):
    call()


def test_every_function_of_the_library_looks_at_its_arguments():
  functions = [each for name in xdc_tf._WHERE if type(each := getattr(xdc_tf, name)).__name__ == 'function']
  methods = [xdc_tf.Encoder.embed, xdc_tf.Encoder.embed_at, xdc_tf.Encoder.classify]
  assert len(functions) >= 8
  assert [each.__name__ for each in (*functions, *methods) if not hasattr(each, '__wrapped__')] == []
