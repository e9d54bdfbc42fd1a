"""Makes the corpus: all of its clips, and the list of them.

DIR/avdigits.json                   how it was made; written first, so that a run can be continued
DIR/videos/train/000000.mp4 ...     2 s each, 80x80 pixels at 30 frames a second, mono at 22,050 Hz
DIR/clips.csv                       what was drawn for every clip
DIR/list.csv                        path, label, split; written last, so that its presence proves the rest
"""

import collections
import contextlib
import csv
import dataclasses
import io
import json
import os
from importlib import metadata
from typing import Any

import tensorflow as tf

from xdc_tf import files, progress
from xdc_tf.avdigits import classes, nuisances, rendering, speech
from xdc_tf.avdigits.curation import Curation
from xdc_tf.avdigits.digits import WORDS
from xdc_tf.avdigits.recipe import Clip, Recipe, plan
from xdc_tf.avdigits.streams import SPLITS

_SETTINGS, _LIST, _CLIPS = 'avdigits.json', 'list.csv', 'clips.csv'
_MAX_SEED = 2**32 - 1


def make(
  output_dir: str,
  level: str,
  train: int,
  test: int,
  seed: int,
  num_workers: int,
  curation: Curation = Curation(),  # noqa: B008 - it is frozen.
  num_classes: int = 10,
) -> str:
  """Renders what is missing of a corpus.

  Args:
    output_dir: new, empty, or with a part of the same corpus.
    level: one of nuisances.LEVELS.
    train: number of clips.
    test: number of clips.
    seed: the seed of everything drawn by chance, 0 to 2**32 - 1.
    num_workers: processes that render.
    curation: the curation of the training clips.
    num_classes: one of classes.NUMBERS.

  Returns:
    what was made, in a few lines.

  Raises:
    ValueError: for arguments out of range, and for a folder that holds something else.
    RuntimeError: when the extra [avdigits] is not installed.
  """
  _check(level, train, test, seed, num_workers, num_classes)
  recipe = Recipe.make(seed, level, curation, num_classes)
  counts = zip(SPLITS, (train, test), strict=True)
  clips = [clip for split, count in counts for clip in plan(seed, split, count, curation, num_classes)]
  settings = _settings(recipe, level, clips)
  _claim(output_dir, settings)
  missing = [clip for clip in clips if not tf.io.gfile.exists(os.path.join(output_dir, clip.path))]
  _render_all(output_dir, recipe, missing, num_workers)
  rows = [{'path': clip.path, 'label': recipe.shown(clip), 'split': clip.split} for clip in clips]
  described = [{**row, **recipe.describe(clip)} for row, clip in zip(rows, clips, strict=True)]
  _write_csv(os.path.join(output_dir, _CLIPS), described)
  _write_csv(os.path.join(output_dir, _LIST), rows)
  return _summary(output_dir, settings, len(missing))


def _check(level: str, train: int, test: int, seed: int, num_workers: int, num_classes: int) -> None:
  if num_classes not in classes.NUMBERS:
    raise ValueError(f'num_classes is {num_classes}; expected one of {", ".join(map(str, classes.NUMBERS))}.')
  if level not in nuisances.LEVELS:
    raise ValueError(f'level is {level!r}; expected one of {", ".join(nuisances.LEVELS)}.')
  if min(train, test, num_workers) < 1:
    raise ValueError(f'train={train}, test={test} and num_workers={num_workers}; expected at least 1 of each.')
  if not 0 <= seed <= _MAX_SEED:
    raise ValueError(f'seed is {seed}; expected a whole number from 0 to {_MAX_SEED}.')


def _settings(recipe: Recipe, level: str, clips: list[Clip]) -> dict[str, Any]:
  """Returns all that decides what the files hold, as JSON gives it back."""
  packages = ('mlxtend', 'espeakng-loader', 'numpy', 'scipy', 'av')
  counts = {split: collections.Counter(recipe.shown(c) for c in clips if c.split == split) for split in SPLITS}
  # Named only where they are not the usual, so that corpora from before there was a choice can be gone on with.
  chosen: dict[str, Any] = {} if recipe.curation == Curation() else {'curation': dataclasses.asdict(recipe.curation)}
  if recipe.num_classes != len(WORDS):
    chosen['num_classes'] = recipe.num_classes
  return chosen | {
    'corpus': 'AV digits (synthetic)',
    'level': level,
    'seed': recipe.seed,
    'clips': {split: sum(counts[split].values()) for split in SPLITS},
    'clips_of_a_class': {split: dict(counts[split]) for split in SPLITS},
    'images_of_a_class': {split: recipe.image_numbers[split].shape[1] for split in SPLITS},
    'voices': recipe.voices,
    'accents': list(speech.ACCENTS),
    'nuisances': {
      name: list(value) if isinstance(value, tuple) else value
      for name, value in dataclasses.asdict(recipe.level).items()
    },
    'versions': {'espeak-ng': speech.espeak_version(), **{name: metadata.version(name) for name in packages}},
  }


def _claim(output_dir: str, settings: dict[str, Any]) -> None:
  """Makes the folder, or checks that it was begun with the same settings."""
  path = os.path.join(output_dir, _SETTINGS)
  files.use_file_system(output_dir)
  if not tf.io.gfile.exists(path):
    if tf.io.gfile.exists(output_dir) and not tf.io.gfile.isdir(output_dir):
      raise ValueError(f'{output_dir} is a file. Give a new or empty --output_dir.')
    files.check_new(output_dir, f'was not made by make-avdigits (it has no {_SETTINGS})')
    files.write_json(path, settings)
    return
  there = files.read_json(path)
  # The counts of the classes follow from those of the clips, and would only make the message longer.
  names = sorted((settings.keys() | there.keys()) - {'clips_of_a_class'})
  different = [name for name in names if there.get(name) != settings.get(name)]
  if different:
    changes = '; '.join(
      f'{name} {_short(there.get(name))} instead of {_short(settings.get(name))}' for name in different
    )
    raise ValueError(
      f'{output_dir} holds another corpus: {changes}. Give a new --output_dir, or repeat its arguments and versions.'
    )


def _render_all(output_dir: str, recipe: Recipe, clips: list[Clip], num_workers: int) -> None:
  # Closed at once when this is interrupted, or the processes would render what is left before they end.
  with contextlib.closing(rendering.render(recipe, clips, num_workers)) as contents:
    bar = progress.bar(contents, description='render AV digits', total=len(clips), unit='clip')
    for clip, content in zip(clips, bar, strict=True):
      with files.atomic_write(os.path.join(output_dir, clip.path)) as file:
        file.write(content)


def _write_csv(path: str, rows: list[dict[str, Any]]) -> None:
  text = io.StringIO()
  writer = csv.DictWriter(text, list(rows[0]), lineterminator='\n')
  writer.writeheader()
  writer.writerows(rows)
  with files.atomic_write(path, 'w') as file:
    file.write(text.getvalue())


def _short(value: Any) -> str:
  text = json.dumps(value, sort_keys=True)
  return text if len(text) <= 60 else text[:57] + '...'


def _summary(output_dir: str, settings: dict[str, Any], rendered: int) -> str:
  clips, voices, images = (settings[name] for name in ('clips', 'voices', 'images_of_a_class'))
  lines = [
    f'{output_dir}: AV digits (synthetic), level {settings["level"]}, seed {settings["seed"]}, {rendered} clips new'
  ]
  for split in SPLITS:
    of_a_class = settings['clips_of_a_class'][split].values()
    lines.append(
      f'  {split}: {clips[split]} clips, {min(of_a_class)} to {max(of_a_class)} a class, '
      f'{images[split]} images a class, {len(voices[split])} voices in {len(settings["accents"])} accents'
    )
  return '\n'.join(
    [*lines, f'  {_LIST}: path, label, split; {_CLIPS}: all that was drawn; {_SETTINGS}: how it was made']
  )
