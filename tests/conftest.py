"""Two logical CPU devices for every test, so that replicas can be tested without GPUs; slow files come first."""

import gc
import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
os.environ.setdefault('TF_FORCE_GPU_ALLOW_GROWTH', 'true')  # The commands that tests start share the card with them.

import gin
import pytest
import tensorflow as tf


def pytest_configure(config):
  """Only `pytest -m gpu` sees GPUs: all others expect what CPUs do."""
  if config.option.markexpr != 'gpu':
    os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
  tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices('CPU')[0], [tf.config.LogicalDeviceConfiguration()] * 2
  )


# Half a minute or more each, the longest first.
LONG_FILES = (
  'test_learning',
  'test_remote_folders',
  'test_reliability',
  'test_several_workers',
  'test_resume',
  'test_xla',
)


def pytest_collection_modifyitems(items):
  """Of several processes none shall wait long for another one at the end, so long files come first, then those with slow tests."""
  slow = {item.path for item in items if item.get_closest_marker('slow')}
  place = {name: number for number, name in enumerate(LONG_FILES)}
  items.sort(key=lambda item: (place.get(item.path.stem, len(place)), item.path not in slow))


# Traces make millions of objects that stay: to look through all of them again and again takes a tenth of the time.
gc.freeze()
gc.set_threshold(100_000, 50, 100)


@pytest.fixture(autouse=True)
def _no_configuration_stays():
  """Bindings that a test loads would change the defaults of the next one."""
  yield
  gin.clear_config()


@pytest.fixture(scope='session')
def one_replica() -> tf.distribute.Strategy:
  return tf.distribute.OneDeviceStrategy('/CPU:0')


@pytest.fixture(scope='session')
def two_replicas() -> tf.distribute.Strategy:
  return tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])
