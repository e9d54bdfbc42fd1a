"""Errors of TensorFlow in a user's language."""

import pytest
import tensorflow as tf

from xdc_tf import messages


def test_names_of_nodes_are_left_out(tmp_path):
  with pytest.raises(tf.errors.NotFoundError) as raised:
    tf.io.read_file(str(tmp_path / 'none'))
  assert messages.of_error(raised.value) == f'{tmp_path}/none; No such file or directory'
  text = (
    '{{function_node __wrapped__IteratorGetNext_device_/job:localhost}} corrupted record at 12 [Op:IteratorGetNext]'
  )
  assert messages.of_error(tf.errors.DataLossError(None, None, f'{text} name: ')) == 'corrupted record at 12'
  assert messages.of_error(ValueError('a {{b}} [c]')) == 'a {{b}} [c]'
