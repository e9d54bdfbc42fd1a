"""What an encoder of one's own must be (docs/extending.md): looked at before anything is made of it."""

import inspect
from typing import Any

import keras
import tensorflow as tf

MODALITIES = ('video', 'audio')


def check_class(encoder: Any) -> None:
  """Looks at a class, or at another maker of encoders.

  Raises:
    ValueError: when it has no modality, or its constructor does not take `seed` and `dtype`.
  """
  name = getattr(encoder, '__name__', repr(encoder))
  modality = getattr(encoder, 'modality', None)
  if modality not in MODALITIES:
    raise ValueError(f"The encoder {name} has modality = {modality!r}; expected 'video' or 'audio'.")
  parameters = inspect.signature(encoder).parameters
  missing = [argument for argument in ('seed', 'dtype') if argument not in parameters]
  if missing and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
    raise ValueError(
      f'The constructor of the encoder {name} takes no argument {" and no ".join(missing)}; expected both: the seed of its '
      'weights and the Keras policy that it computes in.'
    )


def check_features(encoder: keras.Model, clips: tf.Tensor) -> None:
  """Calls an encoder, which makes the weights of a subclassed model.

  Args:
    encoder: the model.
    clips: float32, of the shape that it is trained with.

  Raises:
    ValueError: when its features are no float32 [B, feature_dimension].
  """
  name, dimension = type(encoder).__name__, getattr(encoder, 'feature_dimension', None)
  if not isinstance(dimension, int):
    raise ValueError(
      f'The encoder {name} has feature_dimension = {dimension!r}; expected the length of its features, an int.'
    )
  features = encoder(clips)
  shape, dtype = tuple(features.shape), tf.as_dtype(features.dtype).name
  if (shape, dtype) != ((len(clips), dimension), 'float32'):
    raise ValueError(
      f'The encoder {name} makes {dtype} {list(shape)} of {len(clips)} clip, and has feature_dimension = {dimension}: expected '
      f'float32 [{len(clips)}, {dimension}].'
    )
