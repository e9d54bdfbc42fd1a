"""Which clip of a corpus shows and says what, and its frames and waveform."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from xdc_tf.avdigits import classes, digits, nuisances, picture, sound, speech
from xdc_tf.avdigits.curation import Curation
from xdc_tf.avdigits.streams import stream


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


def _flat(values: dict[str, Any], prefix: str = '') -> Iterator[tuple[str, Any]]:
  """Yields the leaves of nested dictionaries with their dotted names; numbers of a tuple become one text."""
  for name, value in values.items():
    if isinstance(value, dict):
      yield from _flat(value, f'{prefix}{name}.')
    else:
      yield prefix + name, ' '.join(map(str, value)) if isinstance(value, tuple) else value
