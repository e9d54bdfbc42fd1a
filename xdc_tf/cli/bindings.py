"""Writes a Pretraining that was built in Python as bindings: a run is always opened from text."""

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from xdc_tf.cli import configuration
from xdc_tf.cli.bound_encoders import BoundEncoder, plain
from xdc_tf.cli.strict_gin import ConfigurationError, apart
from xdc_tf.deep_clustering import methods
from xdc_tf.deep_clustering.outer_loop import Pretraining


@apart()
def bindings_of(config: Pretraining) -> list[str]:
  """Writes a Pretraining that was built in Python as bindings, which `configuration.load` reads as the same one.

  Raises:
    ConfigurationError: for what bindings cannot say: other methods than those of methods.py, and classes that are no encoders of
      `bound_encoders.bound_encoder`.
  """
  config = _with_plain_values(config)
  lines = [f'Pretraining.{name} = {getattr(config, name)!r}' for name in _PLAIN]
  for name in _PARTS:
    value = getattr(config, name)
    if value is not None:
      lines.append(f'Pretraining.{name} = @{type(value).__name__}()')
      lines += [
        f'{type(value).__name__}.{f.name} = {getattr(value, f.name)!r}' for f in dataclasses.fields(value) if f.init
      ]
  lines += _encoder_bindings(config.encoders) + _method_bindings(config.clusterings)
  configuration.load([], lines)
  if dataclasses.replace(configuration.pretraining(), encoders=config.encoders) != config:
    raise ConfigurationError('A Pretraining with a last_schedule, or with classes of your own in it, needs a gin file.')
  return lines


_PLAIN = ('num_iterations', 'feature_clips', 'mfcc_iterations', 'concurrent_encoders', 'seed')
_PARTS = ('video_input', 'audio_input', 'schedule', 'kmeans', 'training', 'retraining')


def _with_plain_values(config: Pretraining) -> Pretraining:
  """Returns the same with what bindings can say: Python's numbers in place of NumPy's, and a list of clusterings."""
  clusterings = [dataclasses.replace(c, num_clusters=plain(c.num_clusters)) for c in config.clusterings]
  changed: dict[str, Any] = {'clusterings': clusterings}
  changed |= {name: plain(getattr(config, name)) for name in _PLAIN}
  for name in _PARTS:
    part = getattr(config, name)
    if part is not None:
      values = {f.name: plain(getattr(part, f.name)) for f in dataclasses.fields(part) if f.init}
      changed[name] = dataclasses.replace(part, **values)
  return dataclasses.replace(config, **changed)


def _encoder_bindings(encoders: Mapping[str, Any]) -> list[str]:
  lines, named = [], []
  first: dict[str, BoundEncoder] = {}
  for name, encoder in encoders.items():
    if not isinstance(encoder, BoundEncoder):
      raise ConfigurationError(f'The encoder {name!r} is {encoder!r}; expected what xdc_tf.bound_encoder returns.')
    if first.setdefault(encoder.__name__, encoder).bindings != encoder.bindings:
      raise ConfigurationError(
        f'The encoder {name!r} is a {encoder.__name__} of other arguments than the one before it: {dict(encoder.bindings)} and '
        f'{dict(first[encoder.__name__].bindings)}. In a run, encoders of one class have the same ones.'
      )
    named.append(f'{name!r}: @{encoder.__name__}')
    lines += [f'{encoder.__name__}.{argument} = {value!r}' for argument, value in encoder.bindings]
  return [f'Pretraining.encoders = {{{", ".join(named)}}}', *dict.fromkeys(lines)]


def _method_bindings(clusterings: Sequence[methods.ClusteringSpec]) -> list[str]:
  """The bindings of whichever method of METHODS makes these clusterings."""
  sizes, names = [c.num_clusters for c in clusterings], tuple(c.name for c in clusterings)
  known = {'num_clusters': sizes[0], 'num_video_clusters': sizes[0], 'num_audio_clusters': sizes[-1], 'encoders': names}
  if len(names) != 2:
    del known['encoders']
  for name, method in methods.METHODS.items():
    parameters = inspect.signature(method).parameters
    arguments = {parameter: known[parameter] for parameter in parameters if parameter in known}
    if len(arguments) == len(parameters) and method(**arguments) == list(clusterings):
      bindings = [f'{name}.{parameter} = {value!r}' for parameter, value in arguments.items()]
      return [f'Pretraining.clusterings = @{name}()', *bindings]
  raise ConfigurationError(
    'The clusterings are of no method that xdc-tf knows. docs/extending.md says how to add one. Methods with arguments of other '
    f'names than {", ".join(known)} need a gin file.'
  )
