"""Encoders with the arguments that a configuration, or a caller in Python, has for them."""

import dataclasses
import inspect
from typing import Any

import numpy as np

from xdc_tf import value_types
from xdc_tf.cli import strict_gin
from xdc_tf.cli.configurables import CONFIGURABLES
from xdc_tf.models import contract
from xdc_tf.models.configurable import with_signature


@dataclasses.dataclass(frozen=True)
class BoundEncoder:
  """An encoder's class with the arguments that the configuration had for it when it was read: loading another changes no other run.

  Attributes:
    model_class: the class of the encoder.
    bindings: the bindings of its arguments, sorted by name.
  """

  model_class: Any
  bindings: tuple[tuple[str, Any], ...]

  @classmethod
  def of(cls, model_class: type) -> 'BoundEncoder':
    """Binds a class to what the configuration says of it now; ValueError when it is no encoder."""
    contract.check_class(model_class)
    return cls(with_signature(model_class), strict_gin.bindings(model_class))

  @property
  def modality(self) -> str:
    """The class's."""
    return self.model_class.modality

  @property
  def __name__(self) -> str:
    return self.model_class.__name__

  def __call__(self, **arguments):
    """Makes the encoder."""
    with strict_gin.ONE_AT_A_TIME:
      # gin notes what it gives, for the operative configuration.
      if strict_gin.bindings(self.model_class) == self.bindings:
        return self.model_class(**arguments)
    parameters = inspect.signature(self.model_class.__init__).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return self.model_class(**(defaults | dict(self.bindings) | arguments))


@value_types.checked
def bound_encoder(name: str, **arguments: Any) -> BoundEncoder:
  """Returns an encoder for Pretraining.encoders.

  Examples:
    >>> encoder = xdc_tf.bound_encoder('R2Plus1D18', base_width=32)
    >>> encoder.modality
    'video'

  Args:
    name: the name of its class, one of xdc_tf/models/encoders.py: R2Plus1D18, ResNet3D18, AudioResNet18, or your own.
    **arguments: the arguments of the class.

  Raises:
    ValueError: for a class or an argument that does not exist, and for a value of a wrong type.
  """
  classes = {c.__name__: c for c in CONFIGURABLES if hasattr(c, 'modality')}
  if name not in classes:
    raise ValueError(
      f'There is no encoder {name!r}. Expected one of {", ".join(sorted(classes))}; one of your own has to be in '
      'xdc_tf/models/encoders.py.'
    )
  parameters = inspect.signature(classes[name].__init__).parameters
  unknown = sorted(set(arguments) - set(parameters))
  if unknown:
    known = ', '.join(parameter for parameter in parameters if parameter != 'self')
    raise ValueError(f'{name} has no argument {", ".join(unknown)}. It has {known}.')
  for argument, value in arguments.items():
    if wrong := value_types.complaint(f'{name}.{argument}', value, parameters[argument].annotation):
      raise strict_gin.ConfigurationError(wrong)
  return BoundEncoder(classes[name], tuple(sorted((argument, plain(value)) for argument, value in arguments.items())))


def plain(value: Any) -> Any:
  """Returns Python's number or tuple in place of NumPy's number or array; other values as they are."""
  if isinstance(value, np.generic):
    return value.item()
  return tuple(value.tolist()) if isinstance(value, np.ndarray) else value
