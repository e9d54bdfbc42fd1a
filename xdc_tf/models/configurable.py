"""gin.configurable for Keras models."""

import inspect

import gin


def configurable(cls):
  """Makes a Keras model's constructor configurable by gin.

  Keras 3 reads the constructor's arguments by inspect.getfullargspec, which does not look through gin's wrapper (it
  sees `*args, **kwargs` and fails for want of a `self`) unless the wrapper carries the signature itself.
  """
  cls = gin.configurable(cls)
  cls.__init__.__signature__ = inspect.signature(cls.__init__)
  return cls
