"""gin.configurable for Keras models, which `keras.models.load_model` knows as well."""

import inspect

import gin
import keras


def configurable(cls):
  """Makes a Keras model's constructor configurable by gin, and its class known to `.keras` files."""
  return keras.saving.register_keras_serializable('xdc_tf')(with_signature(gin.configurable(cls)))


def with_signature(cls):
  """Gives the constructor of a class its signature, which a class of `gin.configurable` lacks, and returns the class.

  Keras 3 reads the constructor's arguments by inspect.getfullargspec, which does not look through gin's wrapper (it
  sees `*args, **kwargs` and fails for want of a `self`) unless the wrapper carries the signature itself.
  """
  cls.__init__.__signature__ = inspect.signature(cls.__init__)
  return cls
