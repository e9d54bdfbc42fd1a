"""ImageNet (Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, IJCV 2015): images as videos of one frame.

The images lie in folders that are called by the WordNet id of their class, `train/n01440764/n01440764_10026.JPEG`. A label is that
id: the names of the classes are not unique. A clip of several frames is cut from one frame by repeating it.
"""

import os
import re
from collections.abc import Iterator

from xdc_tf import files
from xdc_tf.data.manifest import Row
from xdc_tf.data.official import listing
from xdc_tf.data.official.listing import Listing, Skipped

SPLITS = {'train': 'train', 'val': 'validation', 'validation': 'validation'}


def read(folder: str, skipped: Skipped) -> Listing:
  """Finds the images, a folder at a time: memory is that of one folder's names.

  Args:
    folder: holds folders of WordNet ids, directly or in `train` and `val` at any depth.
    skipped: takes images in other folders, such as the flat validation images of the official archive, and validation
      images of a class without training images.

  Returns:
    a Listing with the splits 'train' and 'validation'; all is 'train' when no folder says otherwise.

  Raises:
    FileNotFoundError: when there is no such folder.
  """
  return Listing(_rows(folder, skipped))


def _rows(folder: str, skipped: Skipped) -> Iterator[tuple[str, Row]]:
  # 'train' comes before 'val': its classes are known by the time that they are needed.
  classes: set[str] = set()
  for path in listing.walk_media(folder, listing.IMAGE_EXTENSIONS):
    *parts, label = ['', *os.path.dirname(path).split(os.sep)]
    if not re.fullmatch(r'n\d{8}', label):
      skipped.add('unknown_class', path, f'lies in {label or folder!r}; expected a folder such as n01440764')
      continue
    split = next((SPLITS[part] for part in reversed(parts) if part in SPLITS), 'train')
    if split == 'train':
      classes.add(label)
    elif classes and label not in classes:
      skipped.add('unknown_class', path, f'{label} has no training images')
      continue
    yield split, Row(0, listing.stem(path), files.absolute_path(os.path.join(folder, path)), labels=(label,))
