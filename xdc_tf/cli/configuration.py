"""Loads gin files and bindings, and builds the experiment that they describe."""

import dataclasses
import os
import re
from collections.abc import Collection

from xdc_tf.cli import bound_types, strict_gin
from xdc_tf.cli.bound_encoders import BoundEncoder
from xdc_tf.cli.strict_gin import ConfigurationError
from xdc_tf.deep_clustering.outer_loop import Pretraining
from xdc_tf.evaluation.finetuning import Finetuning
from xdc_tf.localization.options import Localization
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.runs import run_info
from xdc_tf.runs.run_info import FinishedRun


def load(gin_files: list[str], gin_params: list[str], root: type = Pretraining, also_used: Collection[str] = ()) -> str:
  """Parses gin files and then single bindings, and forgets any configuration loaded before.

  Args:
    gin_files: paths, absolute, relative to the working directory, or relative to gin/ ('methods/xdc.gin'); a later one wins. What
      several of them include counts once, where it comes first.
    gin_params: bindings such as 'num_video_clusters = 64'; they win over the files.
    root: what is to be built, Pretraining, Finetuning or Localization; a binding that it does not reach is an error.
    also_used: names of configurables that are used beside it.

  Returns:
    The whole configuration in a stable order, which load() takes again as a file.

  Raises:
    ConfigurationError: for unknown files, configurables and parameters, for values of a wrong type or without effect, and for a
      file that includes what takes back an earlier one's own words.
  """
  text = strict_gin.parse(gin_files, gin_params)
  _check_effect(text, {root.__name__, *also_used})
  if wrong := bound_types.complaint_of_bindings(text, strict_gin.bindable()):
    raise ConfigurationError(wrong)
  return text


def _check_effect(text: str, roots: set[str]) -> None:
  """Refuses bindings that gin takes but that change nothing."""
  used = roots | set(re.findall(r'@([\w.]+)', text))
  for scope, name, parameter in re.findall(r'^((?:\w+/)*)([\w.]+)\.(\w+) =', text, re.MULTILINE):
    if scope:
      raise ConfigurationError(f'{scope}{name}.{parameter}: scopes have no meaning here; bind {name}.{parameter}.')
    if name not in used:
      raise ConfigurationError(
        f'{name}.{parameter} has no effect: this experiment does not use {name}. {strict_gin.nearest(name, _alike(name, used))}'
      )
    instead = {'seed': 'Pretraining.seed', 'dtype': 'TrainingOptions.precision'}.get(parameter)
    if instead and name in ENCODERS:
      raise ConfigurationError(f'{name}.{parameter} has no effect: every encoder of a run gets its own. Set {instead}.')


def _alike(name: str, used: set[str]) -> list[str]:
  """Returns what may have been meant by an encoder, those of its modality, or by anything else."""
  alike = [n for n in used if name in ENCODERS and n in ENCODERS and ENCODERS[n].modality == ENCODERS[name].modality]
  return sorted(alike or used)


def pretraining() -> Pretraining:
  """Builds the experiment that the loaded configuration describes; see `build`."""
  methods = ', '.join(sorted(os.listdir(os.path.join(strict_gin.gin_folder(), 'methods'))))
  config = build(
    Pretraining,
    f'Name a method, for example --gin_file methods/xdc.gin (there are {methods}), or a whole experiment such as '
    'papers/neurips2020/table1_xdc.gin.',
  )
  encoders = {name: BoundEncoder.of(model_class) for name, model_class in config.encoders.items()}
  return dataclasses.replace(config, encoders=encoders)


def open_run(run_dir: str) -> FinishedRun:
  """Opens a complete run; errors as run_info.open_run."""

  @strict_gin.apart()
  def read(config_file: str) -> Pretraining:
    load([config_file], [])
    return pretraining()

  return run_info.open_run(run_dir, read)


def finetuning() -> Finetuning:
  """Builds the transfer that the loaded configuration describes; see `build`."""
  return build(
    Finetuning, 'Name a data set and a way, for example --gin_file transfer/ucf101.gin --gin_file transfer/full.gin.'
  )


def localization() -> Localization:
  """Builds the localisation that the loaded configuration describes; see `build`."""
  return build(Localization, 'Add --gin_file transfer/thumos14.gin.')


def build(root: type, advice: str):
  """Builds `root` from the loaded configuration.

  Raises:
    ConfigurationError: when the configuration is not complete, with `advice`, or has a value of the wrong type.
    ValueError: when one of its values is not possible.
  """
  try:
    return root()
  except TypeError as error:
    reason = str(error).splitlines()[0]
    if 'missing' not in reason:
      raise ConfigurationError(f'A value of the configuration has the wrong type: {reason}.') from error
    raise ConfigurationError(f'The configuration is not complete: {reason} {advice}') from error
