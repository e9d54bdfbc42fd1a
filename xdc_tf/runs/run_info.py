"""What a run directory says of itself, and how later verbs open it."""

import dataclasses
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import tensorflow as tf

from xdc_tf import __version__, files
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.records.schema import Records, open_records
from xdc_tf.runs import layout
from xdc_tf.runs.layout import Iteration
from xdc_tf.training import checkpoints
from xdc_tf.training.options import TrainingOptions

# Version 0.1 wrote "# precision: 'auto' is bfloat16 here", or nothing for float32, and never chose XLA.
_PRECISION = re.compile(r"^# precision: (?:'auto' is )?(\w+)(?: here|, (with|without) XLA)$", re.MULTILINE)


def begun_in(run_dir: str) -> tuple[str, bool] | None:
  """Returns the precision that the run in `run_dir` began with, and whether with XLA; None where there is none."""
  path = os.path.join(run_dir, layout.CONFIG_FILE)
  if not tf.io.gfile.exists(path):
    return None
  with tf.io.gfile.GFile(path, 'r') as file:
    begun = _PRECISION.search(file.read())
  precision, xla = begun.groups() if begun else ('float32', None)
  return precision, xla == 'with'


def as_begun(options: TrainingOptions, run_dir: str) -> TrainingOptions:
  """Makes every choice that is left to the machine: as the run in `run_dir` made it at its start, or as suits this machine."""
  begun = begun_in(run_dir)
  if begun is not None:
    precision, jit_compile = begun
    options = dataclasses.replace(
      options,
      precision=precision if options.precision == 'auto' else options.precision,
      jit_compile=jit_compile if options.jit_compile == 'auto' else options.jit_compile,
    )
  return options.resolved()


def header(records: Records, strategy: tf.distribute.Strategy, options: TrainingOptions) -> str:
  """Comment lines before the configuration: what else decides the result of a run; `options` are resolved."""
  clips = ', '.join(f'{records.num_clips(split)} {split}' for split in sorted(records.shard_lengths))
  return (
    f'# xdc-tf {__version__}, TensorFlow {tf.__version__}, {strategy.num_replicas_in_sync} replicas\n'
    f'# records: {records.name}, {clips} clips, {records.fingerprint()}\n'
    f'# precision: {options.precision}, {"with" if options.jit_compile else "without"} XLA\n'
  )


def save(run_dir: str, records: Records) -> None:
  """Notes where the records are, which may be moved between two resumes, and what of them later verbs rely on."""
  files.write_json(
    os.path.join(run_dir, layout.RUN_FILE), {'records': files.absolute_path(records.directory), 'made': _made(records)}
  )


def _made(records: Records) -> dict[str, Any]:
  """How records were made. Videos that are tried again add clips to them and change none of this."""
  return {
    'name': records.name,
    'rows': {split: records.num_rows(split) for split in sorted(records.splits)},
    'frame_rate': records.frame_rate,
    'short_side': records.short_side,
    'audio_track': records.audio_track,
    **dataclasses.asdict(records.log_mel_spec),
  }


def save_operative(run_dir: str, text: str) -> None:
  """Saves the operative configuration: every value that was used, defaults included."""
  with files.atomic_write(os.path.join(run_dir, layout.OPERATIVE_CONFIG_FILE), 'w') as file:
    file.write(text)


class RunConfiguration(Protocol):
  """What of a run's configuration (deep_clustering.outer_loop.Pretraining) later steps want to know."""

  @property
  def num_iterations(self) -> int:
    """Of clustering and training."""

  @property
  def encoders(self) -> Mapping[str, Any]:
    """What makes each encoder, by its name."""

  @property
  def clusterings(self) -> Sequence[Any]:
    """The method."""

  @property
  def feature_clips(self) -> int:
    """How many clips of a span the feature that is clustered is the mean of."""

  @property
  def kmeans(self) -> Any:
    """KMeansOptions of every clustering."""

  @property
  def retrained_encoders(self) -> Collection[str]:
    """The encoders that are trained again after the last iteration."""

  def final_input_of(self, encoder: str) -> VideoInput | AudioInput:
    """How the final encoder is fed."""


@dataclasses.dataclass(frozen=True)
class FinishedRun:
  """A run directory that later verbs read.

  Attributes:
    path: the path of the run directory.
    config: the configuration of the run.
    records: that it was trained on.
  """

  path: str
  config: RunConfiguration
  records: Records

  def iteration(self, number: int | None = None) -> Iteration:
    """The folders of an iteration.

    Args:
      number: from 0 on; None: the last, with the features and clusters of the final encoders. Where encoders are trained again
        after it (Pretraining.retraining), those of the encoders before that.

    Raises:
      ValueError: when the run has no such iteration.
    """
    last = self.config.num_iterations
    if number is not None and not 0 <= number <= last:
      raise ValueError(f'The run in {self.path} has no iteration {number}: give 0 to {last}.')
    return Iteration(self.path, last if number is None else number)

  def weights_folder(self, encoder: str, iteration: int | None = None) -> str:
    """The folder of an encoder's weights.

    Args:
      encoder: its name.
      iteration: the weights that its features in this iteration were taken with; None: the final ones.

    Raises:
      ValueError: when the run has no such iteration.
    """
    if iteration is None and encoder in self.config.retrained_encoders:
      return layout.retrained_weights(self.path, encoder)
    number = self.iteration(iteration).number
    return Iteration(self.path, number - 1).train(encoder) if number else layout.initial_weights(self.path, encoder)

  def input_of(self, encoder: str) -> VideoInput | AudioInput:
    """How the encoder of these weights is fed."""
    return self.config.final_input_of(encoder)

  def load_encoder(self, encoder: str, iteration: int | None = None, dtype: str | None = None) -> Any:
    """Returns an encoder with its weights, built: its variables may come with the first call.

    Args:
      encoder: its name.
      iteration: as in `weights_folder`.
      dtype: name of a Keras dtype policy; None: the class's default.
    """
    made = self.config.encoders[encoder](**({'dtype': dtype} if dtype else {}))
    made(tf.zeros([1, *self.input_of(encoder).shape]))
    checkpoints.load_weights(made, self.weights_folder(encoder, iteration))
    return made


def open_run(run_dir: str, read_configuration: Callable[[str], RunConfiguration]) -> FinishedRun:
  """Opens a complete run.

  Args:
    run_dir: its folder.
    read_configuration: a reader of its config.gin; cli.configuration.open_run gives it.

  Raises:
    FileNotFoundError: when `run_dir` is no run directory.
    ValueError: when its run has not finished, or its records have been made anew in another way.
  """
  files.use_file_system(run_dir)
  config_file = os.path.join(run_dir, layout.CONFIG_FILE)
  if not tf.io.gfile.exists(config_file):
    raise FileNotFoundError(f'{run_dir} is not the directory of a run: it has no config.gin. `xdc pretrain` makes one.')
  try:
    config = read_configuration(config_file)
  except ValueError as error:
    if any(name.startswith('fold-') for name in files.list_folder(run_dir)):
      raise ValueError(
        f'{run_dir} is no pretraining but what xdc finetune or sweep made. Its encoders are known by their weights, such as '
        f'--weights {os.path.join(run_dir, "fold-1/test/rate-0.01")}.'
      ) from error
    raise ValueError(f'{config_file} is not the configuration of a run; it was damaged or edited: {error}') from error
  run = FinishedRun(run_dir, config, _open_records(os.path.join(run_dir, layout.RUN_FILE)))
  # Retraining comes after the last metrics.
  for folder in (run.iteration().metrics, *map(run.weights_folder, run.config.encoders)):
    if not tf.io.gfile.exists(os.path.join(folder, 'DONE')):
      raise ValueError(f'The run in {run_dir} has not finished ({folder} is not done). Run xdc pretrain again.')
  return run


def _open_records(path: str) -> Records:
  """Opens the records that a run.json names, if they are still made as they were."""
  if not tf.io.gfile.exists(path):
    raise FileNotFoundError(
      f'{path}, which names the records of the run, is gone. The same xdc pretrain writes it again, and does nothing else again.'
    )
  noted = files.read_json(path)
  folder = noted.get('records') if isinstance(noted, dict) else None
  if not isinstance(folder, str) or not folder or '\0' in folder:
    raise ValueError(f'{path} does not name the folder of the records; found {str(noted)[:200]!r}. Correct it by hand.')
  files.use_file_system(folder)
  try:
    records = open_records(folder)
  except FileNotFoundError as error:
    raise FileNotFoundError(
      f'{path} says where the records of the run are: {error} Were they moved? The same xdc pretrain with '
      '--records NEW_FOLDER notes it, and does nothing again.'
    ) from error
  now, before = _made(records), noted.get('made')
  if not isinstance(before, dict):  # Runs of version 0.1 note nothing.
    return records
  changed = [f'{name} is {now[name]} and was {before.get(name)}' for name in now if now[name] != before.get(name)]
  if changed:
    raise ValueError(
      f'The records in {folder} are not those that the run was trained on: {"; ".join(changed)}. Put these back, or write into '
      f'{path} where they are.'
    )
  return records
