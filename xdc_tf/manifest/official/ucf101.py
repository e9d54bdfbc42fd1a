"""UCF101 (Soomro et al., UCF101: A Dataset of 101 Human Actions Classes From Videos in The Wild, 2012).

The folder of lists has `classInd.txt` (lines '1 ApplyEyeMakeup'), `trainlist01.txt` to 03 ('ApplyEyeMakeup/v_..._g08_c01.avi 1')
and `testlist01.txt` to 03 (the same without the number). The videos lie in folders of their classes, or anywhere.
"""

import os

from xdc_tf.manifest.manifest import TEST, TRAIN
from xdc_tf.manifest.official import listing
from xdc_tf.manifest.official.listing import Listing, MediaFolder, Skipped
from xdc_tf.manifest.official.official_splits import ClipTable

NUM_SPLITS = 3


def read(lists: str, media: str, skipped: Skipped) -> Listing:
  """Reads the lists and finds the videos.

  Args:
    lists: the folder `ucfTrainTestlist`.
    media: the folder `UCF-101`; videos that were written anew in another format are found too.
    skipped: takes what does not become a row.

  Returns:
    a Listing of one split, 'official', with three official splits; the classes are in the order of `classInd.txt`.

  Raises:
    FileNotFoundError: when a list or the folder is missing.
    ValueError: for the first damaged line.
  """
  numbers = _class_numbers(os.path.join(lists, 'classInd.txt'))
  table = ClipTable(NUM_SPLITS, skipped)
  videos = MediaFolder(media, listing.VIDEO_EXTENSIONS, skipped)
  for split in range(NUM_SPLITS):
    for use, name in ((TRAIN, 'trainlist'), (TEST, 'testlist')):
      path = os.path.join(lists, f'{name}{split + 1:02d}.txt')
      for line, text in listing.read_lines(path, 'a list of UCF101'):
        label, clip = _parse(path, line, text, use, numbers)
        if label in numbers:
          table.add(clip, label, split, use, path, line)
        else:
          videos.find([clip])  # It is listed, so its file is not unlisted.
          skipped.add('unknown_class', clip, f'{label} is not in classInd.txt ({path}, line {line})')
  return Listing(
    listing.find_rows(table.entries(), videos, skipped), tuple(sorted(numbers, key=lambda name: numbers[name]))
  )


def _class_numbers(path: str) -> dict[str, int]:
  """Returns {class: number from 1}."""
  numbers: dict[str, int] = {}
  for line, text in listing.read_lines(path, 'the classes of UCF101'):
    fields = text.split()
    if len(fields) != 2 or not fields[0].isdecimal() or fields[1] in numbers or int(fields[0]) in numbers.values():
      raise listing.damaged(path, line, text, 'a number and the name of a class, each once')
    numbers[fields[1]] = int(fields[0])
  return numbers


def _parse(path: str, line: int, text: str, use: int, numbers: dict[str, int]) -> tuple[str, str]:
  """Returns (class, clip). The class is the folder: clips of HandstandPushups are called v_HandStandPushups."""
  name, number = text.rsplit(None, 1) if use == TRAIN and ' ' in text else (text, '')
  label, slash, clip = name.rpartition('/')
  expected = 'CLASS/v_CLASS_g01_c01.avi' + (' and the number of the class' if use == TRAIN else '')
  if not slash or not label or not clip or ' ' in name or (use == TRAIN and not number.isdecimal()):
    raise listing.damaged(path, line, text, expected)
  if use == TRAIN and label in numbers and numbers[label] != int(number):
    raise listing.damaged(path, line, text, f'the number {numbers[label]} that classInd.txt gives {label}')
  return label, listing.stem(clip)
