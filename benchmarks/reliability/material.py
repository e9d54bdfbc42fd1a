"""What the campaign works on: small films, and what the commands make of them when nobody disturbs them."""

import csv
import hashlib
import os
import pathlib
import sys
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.reliability.processes import Commands

# The tests' makers of films and their stand-in for TF Serving.
TESTS = pathlib.Path(__file__).resolve().parents[2] / 'tests'
sys.path += [str(TESTS), str(TESTS / 'serving'), str(TESTS / 'localization')]

LIMIT_SECONDS = 120.0
# Names and labels are text that anybody may have written: none of it may become markup of a page.
MARKUP = '<img src=x onerror=alert(1)>'
FILMS = ('one.mp4', 'two.mp4', f'{MARKUP}.mp4')
LABELS = ('cat', 'dog & "owl"', MARKUP)
SPANS = 6
_ENCODERS = (
  'R2Plus1D18.base_width = 4', 'R2Plus1D18.blocks_per_stage = 1', 'AudioResNet18.base_width = 4',
  'AudioResNet18.blocks_per_stage = 1', 'VideoInput.num_frames = 4', 'VideoInput.crop_size = 16',
)  # fmt: skip
_SCHEDULE = (
  'Schedule.epoch_size = 16', 'Schedule.batch_size = 4', 'Schedule.base_learning_rate = 0.0001', 'Schedule.total_epochs = 2',
  'Schedule.warmup_epochs = 0', 'TrainingOptions.checkpoint_steps = 1', 'TrainingOptions.evaluation_batch_size = 4',
)  # fmt: skip
_CLUSTERS = (
  'num_video_clusters = 3',
  'num_audio_clusters = 4',
  'KMeansOptions.num_passes = 4',
  'KMeansOptions.tolerance = 0.0',
)

TINY = (*_CLUSTERS, *_ENCODERS, *_SCHEDULE)


def _bindings(*bindings: str) -> list[str]:
  return [word for binding in bindings for word in ('--gin_param', binding)]


def clips_words(manifest: str, output: str, *more: str) -> list[str]:
  """The command that makes records."""
  words = ['make_clips', '--manifest', manifest, '--output_dir', output, '--short_side', '24', '--frame_rate', '15']
  return [*words, '--clips_per_shard', '3', *more]


def pretrain_words(records: str, run: str, *more: str, iterations: int = 1) -> list[str]:
  """The command that pretrains."""
  words = [
    'xdc',
    'pretrain',
    '--records',
    records,
    '--run_dir',
    run,
    '--gin_file',
    'methods/xdc.gin',
    '--deterministic',
  ]
  return [*words, *_bindings(f'Pretraining.num_iterations = {iterations}', *TINY), *more]


def finetune_words(verb: str, records: str, output: str) -> list[str]:
  """The command that finetunes, at one learning rate or (`sweep`) at two."""
  words = ['xdc', verb, '--records', records, '--output_dir', output, '--random', 'AudioResNet18', '--deterministic']
  words += ['--gin_file', 'transfer/esc50.gin', '--gin_file', 'transfer/full.gin']
  # A class has one film, so that none could be held out.
  settings = ('Finetuning.num_clips = 1', 'Finetuning.held_out_share = 0.0', 'Finetuning.learning_rates = (1e-4, 1e-3)')
  return [*words, *_bindings(*_ENCODERS[2:4], *_SCHEDULE, *settings)]


def localize_words(actions: str, output: str) -> list[str]:
  """The command that localises the actions of a synthetic corpus."""
  import synthetic_actions

  words = ['xdc', 'localize', '--features', f'{actions}/features', '--records', f'{actions}/records']
  words += ['--annotations', f'{actions}/annotations', '--output_dir', output, '--deterministic']
  settings = ('Localization.epochs = 3', 'Localization.step_epochs = 2')
  return [*words, '--gin_file', 'transfer/thumos14.gin', *_bindings(*synthetic_actions.TINY, *settings)]


class Material:
  """Folders that are made when first asked for.

  Attributes:
    folder: holds all of them.
    commands: runs what makes them.
    seconds: how long the command ran that made a folder or file of this name.
  """

  def __init__(self, folder: str, commands: Commands):
    self.folder, self.commands = folder, commands
    self.seconds: dict[str, float] = {}

  def make(self, name: str, words: list[str]) -> str:
    """Returns the path of what a command makes under this name when nobody disturbs it; all parts share it.

    Raises:
      RuntimeError: when the command fails.
    """
    path = os.path.join(self.folder, name)
    if name not in self.seconds:
      ended = self.commands.run(words, LIMIT_SECONDS)
      if ended.status:
        raise RuntimeError(f'The campaign cannot start, {" ".join(words[:2])} failed: {ended.output[-2000:]}')
      self.seconds[name] = ended.seconds
    return path

  @property
  def films(self) -> str:
    """A folder of films with list.csv."""
    folder = os.path.join(self.folder, 'films')
    if not os.path.exists(folder):
      import media_factory

      os.makedirs(folder)
      for name, pitch in zip(FILMS, (220.0, 440.0, 1500.0), strict=True):
        path = os.path.join(folder, name)
        media_factory.write_video(path, seconds=SPANS, frame_rate=15, size=(64, 48), audio_rate=16_000, pitch=pitch)
      with open(os.path.join(folder, 'list.csv'), 'w', newline='') as file:
        rows = csv.writer(file)
        rows.writerow(('path', 'start', 'end', 'label', 'split'))
        for film, label in zip(FILMS, LABELS, strict=True):
          for second in range(SPANS):
            rows.writerow((film, second, second + 1, label, 'validation' if second == SPANS - 1 else 'train'))
    return folder

  @property
  def manifest(self) -> str:
    """The manifest of the films."""
    words = ['xdc', 'manifest', 'csv', '--csv', f'{self.films}/list.csv', '--media_root', self.films]
    return self.make('manifest', [*words, '--output_dir', f'{self.folder}/manifest'])

  @property
  def records(self) -> str:
    """Their records: 15 clips to train on and 3 to validate."""
    return self.make('records', clips_words(self.manifest, f'{self.folder}/records'))

  @property
  def run(self) -> str:
    """A pretraining of one iteration on them."""
    return self.make('run', pretrain_words(self.records, f'{self.folder}/run'))

  @property
  def models(self) -> str:
    """Its SavedModels: xdc_video/1 and xdc_audio/1."""
    return self.make('models', ['xdc', 'export', '--run_dir', self.run, '--output_dir', f'{self.folder}/models'])

  @property
  def actions(self) -> str:
    """Snippet features, records and annotations of actions in time."""
    folder = os.path.join(self.folder, 'actions')
    if not os.path.exists(folder):
      import synthetic_actions

      videos = {part: [synthetic_actions.make_video(i, part) for i in range(8)] for part in ('val', 'test')}
      records = synthetic_actions.write_records(pathlib.Path(folder, 'records'), videos)
      synthetic_actions.write_annotations(pathlib.Path(folder, 'annotations'), videos)
      synthetic_actions.write_features(pathlib.Path(folder, 'features'), records, videos)
    return folder

  @property
  def weight_file(self) -> str:
    """The audio encoder as a .pth file."""
    words = [
      'xdc',
      'export-weights',
      '--run_dir',
      self.run,
      '--encoder',
      'audio',
      '--output',
      f'{self.folder}/audio.pth',
    ]
    return self.make('audio.pth', words)


# They hold times, paths or the names of temporary files; graphs hold their nodes in no particular order.
_NOT_COMPARED = (
  'events.out.', 'iteration-00.tfevents', 'iteration-01.tfevents', 'run.json', 'config.gin', 'operative_config.gin',
  'saved_model.pb', 'fingerprint.pb',
)  # fmt: skip


def contents(folder: str) -> dict[str, object]:
  """Returns what a command made: {path below the folder: bytes, or the tensors of a checkpoint}; nothing that is left behind."""
  by_path: dict[str, object] = {}
  for parent, _, names in os.walk(folder):
    for name in names:
      path = os.path.join(parent, name)
      key = os.path.relpath(path, folder)
      if is_left_behind(key) or name.startswith(_NOT_COMPARED) or '.data-' in name or name == 'settings.json':
        continue
      if name == 'variables.index':
        by_path[key] = _digests(path.removesuffix('.index'))
      elif name.endswith('.index'):
        by_path |= {f'{key}: {tensor}': value for tensor, value in _tensors(path.removesuffix('.index')).items()}
      else:
        by_path[key] = pathlib.Path(path).read_bytes()
  return by_path


def _tensors(prefix: str) -> dict[str, np.ndarray]:
  """Reads a checkpoint without the description of its objects, which is in no particular order."""
  reader = tf.train.load_checkpoint(prefix)
  return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map() if name.endswith('VALUE')}


def _digests(prefix: str) -> list[str]:
  """What the variables of a SavedModel hold: TensorFlow numbers them in another order each time."""
  values = _tensors(prefix).values()
  return sorted(f'{value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}' for value in values)


def is_left_behind(path: str) -> bool:
  """Whether a file is a temporary one of a killed process."""
  return '.tmp.' in path or 'unfinished.' in path or '.tempstate' in path


def count_left_behind(folder: str) -> int:
  """Returns how many files of killed processes a folder still holds."""
  return sum(is_left_behind(os.path.join(parent, name)) for parent, _, names in os.walk(folder) for name in names)


def difference(expected: dict[str, Any], found: dict[str, Any]) -> str:
  """Returns the first difference of two contents in words, '' when there is none."""
  for key in sorted(expected.keys() | found.keys()):
    if key not in found:
      return f'{key} is missing'
    if key not in expected:
      return f'{key} is left over'
    if not np.array_equal(expected[key], found[key]):
      return f'{key} differs'
  return ''
