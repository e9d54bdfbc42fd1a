import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.records import label_table


def test_lookup_in_the_graph():
  table = tf.constant([5, -1, 7, 0])
  found = tf.function(label_table.lookup)(table, tf.constant([2, 1, 1, 0], tf.int64))
  assert found.dtype == tf.int32
  assert found.numpy().tolist() == [7, -1, -1, 5]


def test_lookup_beyond_the_table_is_an_error():
  with pytest.raises(tf.errors.InvalidArgumentError), tf.device('CPU:0'):
    label_table.lookup(tf.constant([5, -1]), tf.constant([2], tf.int64))


def test_labels_are_made_int32():
  found = label_table.checked(np.array([3, -1, 0], np.int64), 3, 'labels')
  assert found.dtype == np.int32
  assert found.tolist() == [3, -1, 0]


def test_labels_of_another_length_are_refused_with_advice():
  with pytest.raises(ValueError) as error:
    label_table.checked(np.zeros(4, np.int32), 5, 'labels.npy')
  assert str(error.value) == (
    'labels.npy holds 4 pseudo-labels but the manifest lists 5 clips. The manifest probably changed after clustering: start a new '
    '--run_dir, or restore the old manifest.'
  )


@pytest.mark.parametrize('labels', [np.zeros(3), np.zeros((3, 1), np.int32), np.array([0, -2, 1])])
def test_what_cannot_be_labels_is_refused(labels):
  with pytest.raises(ValueError, match='expected'):
    label_table.checked(labels, 3, 'labels')


def test_several_labels_come_back_from_their_bits():
  labels = np.random.default_rng(0).random([5, 19]) < 0.3
  bits = label_table.pack(labels)
  assert (bits.dtype, bits.shape) == (np.uint8, (5, 3))
  assert label_table.checked(bits, 5, 'labels') is bits
  found = tf.function(lambda index: label_table.unpack(label_table.lookup(bits, index), 19))(tf.constant([3, 0, 3]))
  assert found.dtype == tf.float32
  np.testing.assert_array_equal(found, labels[[3, 0, 3]])
  with pytest.raises(ValueError, match='holds 5 pseudo-labels but'):
    label_table.checked(bits, 6, 'labels')
