"""Renders the corpus: which clip shows what, all clips in parallel, and the list of them.

DIR/avdigits.json                   how it was made; written first, so that a run can be continued
DIR/videos/train/000000.mp4 ...     2 s each, 80x80 pixels at 30 frames a second, mono at 22,050 Hz
DIR/clips.csv                       what was drawn for every clip
DIR/list.csv                        path, label, split; written last, so that its presence proves the rest
"""

import collections
import csv
import dataclasses
import functools
import io
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent import futures
from importlib import metadata
from typing import Any

import numpy as np
import tensorflow as tf

from xdc_tf import files, progress
from xdc_tf.avdigits import classes, digits, mp4, nuisances, picture, sound, speech
from xdc_tf.avdigits.curation import Curation
from xdc_tf.avdigits.digits import WORDS
from xdc_tf.avdigits.streams import SPLITS, stream

_SETTINGS, _LIST, _CLIPS = 'avdigits.json', 'list.csv', 'clips.csv'
_MAX_SEED = 2**32 - 1


@dataclasses.dataclass(frozen=True)
class Clip:
  """One clip of a corpus.

  Attributes:
    split: 'train' or 'test'.
    number: within its split.
    label: the number of its class, 0 to num_classes - 1.
  """

  split: str
  number: int
  label: int

  @property
  def path(self) -> str:
    """The file, relative to the corpus."""
    return f'videos/{self.split}/{self.number:06d}.mp4'


@dataclasses.dataclass(frozen=True)
class Recipe:
  """What every clip of a corpus is made from.

  Attributes:
    seed: 0 to 2**32 - 1.
    level: the nuisances.
    voices: the voices of each split.
    image_numbers: the numbers of the images of each split, int64 [10, images of a class].
    images: uint8 [5000, 28, 28].
    curation: the curation of the training clips.
    num_classes: one of classes.NUMBERS.
  """

  seed: int
  level: nuisances.Nuisances
  voices: dict[str, list[str]]
  image_numbers: dict[str, np.ndarray]
  images: np.ndarray
  curation: Curation = Curation()
  num_classes: int = 10

  @classmethod
  def make(cls, seed: int, level: str, curation: Curation = Curation(), num_classes: int = 10) -> 'Recipe':  # noqa: B008 - it is frozen.
    """Divides images and voices between the splits; `level` is one of nuisances.LEVELS."""
    images, digit_of_image = digits.load_images()
    voices, numbers = speech.split_voices(seed), digits.split_images(digit_of_image, seed)
    return cls(seed, nuisances.LEVELS[level], voices, numbers, images, curation, num_classes)

  def shown(self, clip: Clip) -> str:
    """Returns the name of a clip's class."""
    return classes.name_of(clip.label, self.num_classes)

  def said(self, clip: Clip) -> int:
    """Returns the class that is said in a clip; in a test clip it is the one that is shown."""
    if clip.split != 'train':
      return clip.label
    return self.curation.said(clip.label, self.num_classes, stream(self.seed, 'said', clip.split, clip.number))

  def images_of(self, clip: Clip, drawn: picture.PictureDraw) -> tuple[int, ...]:
    """Returns which of the images a clip shows, one a digit."""
    first, *second = classes.digits_of(clip.label, self.num_classes)
    shares = [drawn.image, *(stream(self.seed, 'second image', clip.split, clip.number).uniform() for _ in second)]
    tables = [self.image_numbers[clip.split][digit] for digit in (first, *second)]
    return tuple(int(table[int(share * len(table))]) for table, share in zip(tables, shares, strict=True))

  def picture(self, clip: Clip) -> tuple[picture.PictureDraw, np.random.Generator]:
    """Draws the picture of a clip; the generator goes on with its noise."""
    random, background = stream(self.seed, 'picture', clip.split, clip.number), None
    if self.curation.shared_background and clip.split == 'train':
      speaker = speech.VOICES.index(self.sound(clip)[0].voice)
      background = picture.draw_background(stream(self.seed, 'speaker', number=speaker), self.level)
    return picture.draw(random, self.level, background), random

  def sound(self, clip: Clip) -> tuple[sound.SoundDraw, np.random.Generator]:
    """Draws the sound of a clip; the generator goes on with its noise."""
    random = stream(self.seed, 'sound', clip.split, clip.number)
    return sound.draw(random, self.level, self.voices[clip.split]), random

  def render(self, clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """Returns the frames uint8 [60, 80, 80, 3] and the waveform float32 [44100] of a clip."""
    seen, random = self.picture(clip)
    frames = picture.render(seen, picture.side_by_side(self.images[list(self.images_of(clip, seen))]), random)
    heard, random = self.sound(clip)
    return frames, sound.render(heard, classes.name_of(self.said(clip), self.num_classes), random).waveform()

  def describe(self, clip: Clip) -> dict[str, Any]:
    """Returns what was drawn for a clip, as flat names and values, e.g. 'picture.motion.speed'."""
    seen, heard = self.picture(clip)[0], self.sound(clip)[0]
    drawn = {'picture': dataclasses.asdict(seen), 'sound': dataclasses.asdict(heard)}
    said = classes.name_of(self.said(clip), self.num_classes)
    return dict(_flat({'said': said, 'image_number': self.images_of(clip, seen), **drawn}))


def plan(
  seed: int,
  split: str,
  count: int,
  curation: Curation = Curation(),  # noqa: B008 - it is frozen.
  num_classes: int = 10,
) -> list[Clip]:
  """Returns the clips of a split, of which more change none before.

  Each `num_classes` of them show all classes in random order; in training clips with a long tail each class is drawn by itself.
  """
  rounds = range(-(-count // num_classes))
  if split == 'train' and curation.long_tail > 1:
    shares = curation.shares(num_classes)
    labels = [stream(seed, 'label', split, n).choice(num_classes, num_classes, p=shares) for n in rounds]
  else:
    labels = [stream(seed, 'label', split, n).permutation(num_classes) for n in rounds]
  return [Clip(split, number, int(labels[number // num_classes][number % num_classes])) for number in range(count)]


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
    if tf.io.gfile.exists(output_dir) and (not tf.io.gfile.isdir(output_dir) or tf.io.gfile.listdir(output_dir)):
      raise ValueError(
        f'{output_dir} exists and was not made by make-avdigits: it has no {_SETTINGS}. Give a new or empty --output_dir.'
      )
    files.write_json(path, settings)
    return
  found = files.read_json(path)
  # The counts of the classes follow from those of the clips, and would only make the message longer.
  names = sorted((settings.keys() | found.keys()) - {'clips_of_a_class'})
  different = [name for name in names if found.get(name) != settings.get(name)]
  if different:
    changes = '; '.join(
      f'{name} {_short(found.get(name))} instead of {_short(settings.get(name))}' for name in different
    )
    raise ValueError(
      f'{output_dir} holds another corpus: {changes}. Give a new --output_dir, or repeat its arguments and versions.'
    )


def _render_all(output_dir: str, recipe: Recipe, clips: list[Clip], num_workers: int) -> None:
  bar = functools.partial(progress.bar, description='render AV digits', total=len(clips), unit='clip')
  if min(num_workers, len(clips)) < 2:
    for clip in bar(clips):
      _write_clip(output_dir, recipe, clip)
    return
  # Started anew, not forked: forked processes inherit TensorFlow's locks.
  executor = futures.ProcessPoolExecutor(
    min(num_workers, len(clips)), multiprocessing.get_context('spawn'), _start_process, (recipe,)
  )
  with executor:
    for _ in bar(executor.map(functools.partial(_write_in_process, output_dir), clips, chunksize=4)):
      pass


_recipe_of_process: Recipe | None = None  # Sent once, not with every clip, as it holds all images.


def _start_process(recipe: Recipe) -> None:
  global _recipe_of_process
  _recipe_of_process = recipe
  signal.signal(signal.SIGINT, signal.SIG_IGN)  # Control-C ends the process that waits for this one.


def _write_in_process(output_dir: str, clip: Clip) -> None:
  assert _recipe_of_process is not None  # _start_process has run.
  _write_clip(output_dir, _recipe_of_process, clip)


def _write_clip(output_dir: str, recipe: Recipe, clip: Clip) -> None:
  frames, waveform = recipe.render(clip)
  content = mp4.encode(frames, picture.FRAME_RATE, waveform, speech.SAMPLE_RATE)
  with files.atomic_write(os.path.join(output_dir, clip.path)) as file:
    file.write(content)


def _write_csv(path: str, rows: list[dict[str, Any]]) -> None:
  text = io.StringIO()
  writer = csv.DictWriter(text, list(rows[0]), lineterminator='\n')
  writer.writeheader()
  writer.writerows(rows)
  with files.atomic_write(path, 'w') as file:
    file.write(text.getvalue())


def _flat(values: dict[str, Any], prefix: str = '') -> Iterator[tuple[str, Any]]:
  """Yields the leaves of nested dictionaries with their dotted names; numbers of a tuple become one text."""
  for name, value in values.items():
    if isinstance(value, dict):
      yield from _flat(value, f'{prefix}{name}.')
    else:
      yield prefix + name, ' '.join(map(str, value)) if isinstance(value, tuple) else value


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
