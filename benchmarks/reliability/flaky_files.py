"""A stand-in for a file system that fails now and then: one call in fifty of tf.io.gfile, as a remote one may answer."""

import random

import tensorflow as tf

ONE_IN = 50
FUNCTIONS = ('exists', 'isdir', 'listdir', 'makedirs', 'glob', 'stat', 'rename', 'remove', 'copy', 'rmtree')
MESSAGE = 'the stand-in for a file system has failed'


def install(seed: int) -> None:
  """Makes tf.io.gfile of this process fail. Readers and writers of TensorFlow's own (records, checkpoints) go past it."""
  rng = random.Random(seed)

  def perhaps_fail(path) -> None:
    if not rng.randrange(ONE_IN):
      raise tf.errors.UnavailableError(None, None, f'{path}: {MESSAGE}')

  def flaky(function):
    def call(path, *arguments, **options):
      perhaps_fail(path)
      return function(path, *arguments, **options)

    return call

  class FlakyFile(tf.io.gfile.GFile):
    """Fails when it is opened, read or written."""

    def __init__(self, name, mode='r'):
      perhaps_fail(name)
      super().__init__(name, mode)

    def read(self, n=-1):
      perhaps_fail(self.name)
      return super().read(n)

    def write(self, file_content):
      perhaps_fail(self.name)
      super().write(file_content)

  for name in FUNCTIONS:
    setattr(tf.io.gfile, name, flaky(getattr(tf.io.gfile, name)))
  tf.io.gfile.GFile = FlakyFile
