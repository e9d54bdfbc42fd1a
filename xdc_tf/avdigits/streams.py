"""Random numbers as a function of position: a clip is the same whatever else is made, in whatever order, by whomever."""

import numpy as np

SPLITS = ('train', 'test')
_PURPOSES = ('picture', 'sound', 'label', 'images', 'voices', 'said', 'speaker', 'second image')


def stream(seed: int, purpose: str, split: str = 'train', number: int = 0) -> np.random.Generator:
  """Returns the generator of one purpose of one clip; no two of them share their numbers.

  Args:
    seed: the seed of the corpus, 0 to 2**32 - 1.
    purpose: 'picture', 'sound' or what is 'said' of a clip, the 'second image' of a pair, 'label' of as many clips as there are
      classes, the division of the 'images' or the 'voices', or the background of a 'speaker'.
    split: 'train' or 'test'.
    number: the number of the clip, or of those clips, within its split.
  """
  # From 1 on, since SeedSequence does not tell a last 0 from nothing.
  position = [seed, SPLITS.index(split), number, 1 + _PURPOSES.index(purpose)]
  return np.random.default_rng(np.random.SeedSequence(position))
