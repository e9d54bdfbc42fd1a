"""ImageNet (Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, IJCV 2015): images as videos of one frame.

The images lie in folders that are called by the WordNet id of their class, `train/n01440764/n01440764_10026.JPEG`. A label is that
id: the names of the classes are not unique. A clip of several frames is cut from one frame by repeating it.

The official archive of the validation images is flat, `val/ILSVRC2012_val_00000001.JPEG`. Then their labels are read from the
development kit, `ILSVRC2012_devkit_t12/data`, or from Kaggle's `LOC_val_solution.csv`, whichever lies in the folder.
"""

import io
import os
import re
from collections.abc import Iterator

import tensorflow as tf

from xdc_tf import files
from xdc_tf.manifest.manifest import Row
from xdc_tf.manifest.official import listing
from xdc_tf.manifest.official.listing import Listing, Skipped

KAGGLE_FILE = 'LOC_val_solution.csv'
DEVKIT_FOLDER = 'ILSVRC2012_devkit_t12/data'
GROUND_TRUTH_FILE = 'ILSVRC2012_validation_ground_truth.txt'
SPLITS = {'train': 'train', 'val': 'validation', 'validation': 'validation'}


def read(folder: str, skipped: Skipped) -> Listing:
  """Finds the images, a folder at a time: memory is that of one folder's names.

  Args:
    folder: holds folders of WordNet ids, directly or in `train` and `val` at any depth; flat validation images with the labels
      beside them, see above.
    skipped: takes images in other folders, such as flat validation images without a label, validation images of a class
      without training images, and labels without an image.

  Returns:
    a Listing with the splits 'train' and 'validation'; all is 'train' when no folder says otherwise.

  Raises:
    FileNotFoundError: when there is no such folder, or the development kit lacks its meta.mat.
    ValueError: for the first damaged line of the labels.
  """
  files.use_file_system(folder)
  return Listing(_rows(folder, _validation_labels(folder), skipped))


def _rows(folder: str, flat_labels: dict[str, str], skipped: Skipped) -> Iterator[tuple[str, Row]]:
  # 'train' comes before 'val': its classes are known by the time that they are needed.
  classes: set[str] = set()
  missing = set(flat_labels)
  for path in listing.walk(folder, listing.IMAGE_EXTENSIONS):
    name = listing.stem(path)
    missing.discard(name)
    *parts, label = ['', *os.path.dirname(path).split(os.sep)]
    split = next((SPLITS[part] for part in reversed(parts) if part in SPLITS), 'train')
    if not re.fullmatch(r'n\d{8}', label):
      split, lies_in, label = 'validation', label, flat_labels.get(name, '')
      if not label:
        skipped.add('unknown_class', path, f'lies in {lies_in or folder!r}; expected a folder such as n01440764')
        continue
    if split == 'train':
      classes.add(label)
    elif classes and label not in classes:
      skipped.add('unknown_class', path, f'{label} has no training images')
      continue
    yield split, Row(0, name, files.absolute_path(os.path.join(folder, path)), labels=(label,))
  for name in sorted(missing):
    skipped.add('missing_media', name, f'{flat_labels[name]} by the labels of the validation images')


def _validation_labels(folder: str) -> dict[str, str]:
  """Returns {name of a validation image: WordNet id}, empty where no file lies there that says so."""
  kaggle, devkit = os.path.join(folder, KAGGLE_FILE), os.path.join(folder, DEVKIT_FOLDER)
  if tf.io.gfile.exists(kaggle):
    return _kaggle_labels(kaggle)
  if tf.io.gfile.exists(os.path.join(devkit, GROUND_TRUTH_FILE)):
    return _devkit_labels(devkit)
  return {}


def _kaggle_labels(path: str) -> dict[str, str]:
  """Reads lines such as `ILSVRC2012_val_00048981,n03995372 85 1 499 272`, an id and a box for each object."""
  labels = {}
  for line, fields in listing.read_table(path, "Kaggle's validation labels", ('ImageId', 'PredictionString')):
    ids = set(re.findall(r'n\d{8}', fields['PredictionString']))
    if len(ids) != 1:
      raise listing.damaged(path, line, fields['PredictionString'], 'the WordNet id of one class and its boxes')
    labels[fields['ImageId']] = ids.pop()
  return labels


def _devkit_labels(folder: str) -> dict[str, str]:
  """Reads the numbers of the classes, line i that of image i, and the WordNet ids of these numbers."""
  ids = _synsets(os.path.join(folder, 'meta.mat'))
  path = os.path.join(folder, GROUND_TRUTH_FILE)
  labels = {}
  for line, text in listing.read_lines(path, 'the validation labels of ImageNet'):
    if not text.isdecimal() or int(text) not in ids:
      raise listing.damaged(path, line, text, 'a number of a class in meta.mat')
    labels[f'ILSVRC2012_val_{line:08d}'] = ids[int(text)]
  return labels


def _synsets(path: str) -> dict[int, str]:
  """Returns {ILSVRC2012_ID: WordNet id}; the table has more rows than the 1,000 classes, for the nodes above them."""
  from scipy.io import matlab

  if not tf.io.gfile.exists(path):
    raise FileNotFoundError(
      f'{path} does not exist; expected the file beside {GROUND_TRUTH_FILE} in the development kit.'
    )
  with tf.io.gfile.GFile(path, 'rb') as file:
    data = file.read()
  try:
    rows = matlab.loadmat(io.BytesIO(data), squeeze_me=True, variable_names=['synsets'])['synsets']
    return {int(row['ILSVRC2012_ID']): str(row['WNID']) for row in rows}
  except (KeyError, NotImplementedError, TypeError, ValueError, matlab.MatReadError) as error:
    raise ValueError(
      f'{path} is not the table of the classes of ImageNet ({error}). Restore it from the data set.'
    ) from error
