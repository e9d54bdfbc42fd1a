"""HMDB51 (Kuehne et al., HMDB: A large video database for human motion recognition, ICCV 2011).

The folder of lists (`testTrainMulti_7030_splits`) has CLASS_test_split1.txt to 3 for each class; a line is the name of a video and
a flag: 0 unused in this split, 1 train, 2 test. Names hold blanks, brackets, '!', '#', '&', ';': the flag is the last field, and
all before it the name.
"""

import os
import re

import tensorflow as tf

from xdc_tf import files
from xdc_tf.manifest.official import listing
from xdc_tf.manifest.official.listing import Listing, MediaFolder, Skipped
from xdc_tf.manifest.official.official_splits import ClipTable

NUM_SPLITS = 3


def read(lists: str, media: str, skipped: Skipped) -> Listing:
  """Reads the lists and finds the videos.

  Args:
    lists: the folder of the split files.
    media: the folder of the videos, unpacked into folders of their classes.
    skipped: takes what does not become a row.

  Returns:
    a Listing of one split, 'official', with three official splits; classes sorted by name. A clip that no split uses is
    a row too.

  Raises:
    FileNotFoundError: when there are no lists, a class lacks one of its three, or the folder of the videos is missing.
    ValueError: for the first damaged line.
  """
  classes = _classes(lists)
  table = ClipTable(NUM_SPLITS, skipped)
  for label in classes:
    for split in range(NUM_SPLITS):
      path = os.path.join(lists, f'{label}_test_split{split + 1}.txt')
      for line, text in listing.read_lines(path, f'split {split + 1} of the class {label} of HMDB51'):
        name, flag = text.rsplit(None, 1) if ' ' in text else (text, '')
        if flag not in ('0', '1', '2'):
          raise listing.damaged(path, line, text, 'the name of a video, a blank, and 0 (unused), 1 (train) or 2 (test)')
        table.add(listing.stem(name), label, split, int(flag), path, line)
  videos = MediaFolder(media, listing.VIDEO_EXTENSIONS, skipped)
  return Listing(listing.find_rows(table.entries(), videos, skipped), classes)


def _classes(lists: str) -> tuple[str, ...]:
  files.use_file_system(lists)
  names = tf.io.gfile.listdir(lists) if tf.io.gfile.isdir(lists) else []
  matches = [re.fullmatch(r'([^.].*)_test_split[123]\.txt', name) for name in names]
  classes = sorted({match.group(1) for match in matches if match})
  if not classes:
    raise FileNotFoundError(f'{lists} holds no list of HMDB51; expected files such as brush_hair_test_split1.txt.')
  return tuple(classes)
