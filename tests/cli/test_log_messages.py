"""Which messages `xdc` shows: its own and warnings, not what TensorFlow tells of its work."""

import logging

import pytest
from tensorflow.python.saved_model import signature_serialization

from xdc_tf.cli import main
from xdc_tf.clustering import kmeans


@pytest.mark.parametrize(
  ('module', 'level', 'wanted'),
  [
    (signature_serialization, logging.INFO, False),  # It tells of renamed inputs in every export.
    (signature_serialization, logging.WARNING, True),
    (kmeans, logging.INFO, True),
  ],
)
def test_messages_of_tensorflow_are_left_out(module, level, wanted):
  record = logging.LogRecord('absl', level, module.__file__, 1, 'message', (), None)
  assert main._is_wanted(record) is wanted
