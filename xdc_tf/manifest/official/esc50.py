"""ESC-50 (Piczak, ESC: Dataset for Environmental Sound Classification, ACM Multimedia 2015): 2,000 sounds of 5 s, no picture.

`meta/esc50.csv` has the columns filename, fold, target, category, esc10, src_file, take; the sounds lie in `audio/`. In official
split i (from 1) fold i is the test and the other four are for training.
"""

import os
from collections.abc import Iterator

from xdc_tf.manifest.manifest import TEST, TRAIN
from xdc_tf.manifest.official import listing
from xdc_tf.manifest.official.listing import Entry, Listing, MediaFolder, Skipped

NUM_FOLDS = 5


def read(folder: str, skipped: Skipped) -> Listing:
  """Reads the list and finds the sounds.

  Args:
    folder: the unpacked data set, with `meta` and `audio`.
    skipped: takes what does not become a row.

  Returns:
    a Listing of one split, 'official', with five official splits; classes in the order of `target`.

  Raises:
    FileNotFoundError: when the list or the folder `audio` is missing.
    ValueError: for the first damaged line.
  """
  targets: dict[str, int] = {}
  entries = list(_entries(os.path.join(folder, 'meta', 'esc50.csv'), targets))
  clips = MediaFolder(os.path.join(folder, 'audio'), listing.AUDIO_EXTENSIONS, skipped)
  return Listing(listing.find_rows(entries, clips, skipped), tuple(sorted(targets, key=lambda name: targets[name])))


def _entries(path: str, targets: dict[str, int]) -> Iterator[Entry]:
  """Yields the entries and fills `targets` with {class: number}."""
  categories: dict[int, str] = {}
  for line, fields in listing.read_table(path, 'the list of ESC-50', ('filename', 'fold', 'target', 'category')):
    name, fold, target, category = (fields[column] for column in ('filename', 'fold', 'target', 'category'))
    if not name or not category or not target.isdecimal() or fold not in ('1', '2', '3', '4', '5'):
      raise listing.damaged(
        path, line, ','.join(fields.values()), 'filename, fold (1 to 5), target (a number), category'
      )
    if categories.setdefault(int(target), category) != category or targets.setdefault(category, int(target)) != int(
      target
    ):
      expected = 'each target with one category, as in the lines before'
      raise listing.damaged(path, line, f'target {target} with category {category}', expected)
    official = tuple(TEST if int(fold) == test else TRAIN for test in range(1, NUM_FOLDS + 1))
    clip = listing.stem(name)
    yield Entry(clip, (clip,), listing.OFFICIAL_SPLIT, (category,), official, listed_in=f'{path}, line {line}')
