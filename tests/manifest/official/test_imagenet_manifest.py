import io

import numpy as np
import pytest
from official_factory import literal, touch, write
from PIL import Image
from scipy.io import savemat

from xdc_tf.manifest.official import imagenet
from xdc_tf.manifest.official.listing import Skipped
from xdc_tf.media import media

MEDIA = (
  'CLS-LOC/train/n01440764/n01440764_10026.JPEG',
  'CLS-LOC/train/n01440764/n01440764_10027.JPEG',
  'CLS-LOC/train/n02123045/n02123045_1.jpg',
  'CLS-LOC/val/n01440764/ILSVRC2012_val_00000293.JPEG',
)


def test_every_row_and_everything_left_out(tmp_path):
  odd = ('CLS-LOC/train/cats/a.JPEG', 'CLS-LOC/val/ILSVRC2012_val_00000001.JPEG', 'CLS-LOC/val/n09999999/b.JPEG')
  folder = touch(tmp_path, *MEDIA, *odd, 'CLS-LOC/train/n01440764/n01440764_1.xml', 'CLS-LOC/train/n01440764/.c.JPEG')
  skipped = Skipped()
  assert literal(imagenet.read(folder, skipped), folder) == [
    ('train', 'n01440764_10026', MEDIA[0], ('n01440764',), ()),
    ('train', 'n01440764_10027', MEDIA[1], ('n01440764',), ()),
    ('train', 'n02123045_1', MEDIA[2], ('n02123045',), ()),
    ('validation', 'ILSVRC2012_val_00000293', MEDIA[3], ('n01440764',), ()),
  ]
  assert skipped.entries == [
    ('unknown_class', odd[0], "lies in 'cats'; expected a folder such as n01440764"),
    ('unknown_class', odd[1], "lies in 'val'; expected a folder such as n01440764"),
    ('unknown_class', odd[2], 'n09999999 has no training images'),
  ]


def test_folders_of_classes_alone_are_for_training(tmp_path):
  folder = touch(tmp_path / 'val_of_mine', 'n01440764/a.JPEG', 'b.JPEG')
  skipped = Skipped()
  assert literal(imagenet.read(folder, skipped), folder) == [('train', 'a', 'n01440764/a.JPEG', ('n01440764',), ())]
  assert skipped.entries == [('unknown_class', 'b.JPEG', f"lies in '{folder}'; expected a folder such as n01440764")]


FLAT = (
  'train/n01440764/a.JPEG',
  'train/n02123045/b.JPEG',
  *(f'val/ILSVRC2012_val_0000000{n}.JPEG' for n in (1, 2, 4, 5)),
)
KAGGLE = (
  'ImageId,PredictionString\nILSVRC2012_val_00000002,n02123045 85 1 499 272 n02123045 1 1 9 9 \n'
  'ILSVRC2012_val_00000001,n01440764 9 9 30 30 \nILSVRC2012_val_00000003,n01440764 1 2 3 4\n'
  'ILSVRC2012_val_00000004,n02124075 1 2 3 4\n'
)
DEVKIT = 'ILSVRC2012_devkit_t12/data'
# As in meta.mat: numbers in another order than the ids', and a node above the classes.
SYNSETS = [(1, 'n02123045'), (2, 'n02124075'), (3, 'n01440764'), (4, 'n00001740')]


def write_devkit(root, truth='3\n1\n3\n2\n'):
  folder = touch(root, *FLAT)
  write(root / DEVKIT, {'ILSVRC2012_validation_ground_truth.txt': truth})
  fields = [('ILSVRC2012_ID', 'O'), ('WNID', 'O'), ('words', 'O')]
  rows = [(float(number), wordnet_id, 'words, of it') for number, wordnet_id in SYNSETS]
  savemat(root / DEVKIT / 'meta.mat', {'synsets': np.array(rows, fields).reshape(-1, 1)})
  return folder


@pytest.mark.parametrize('labels', ['Kaggle', 'development kit'])
def test_flat_validation_images_have_the_published_labels(tmp_path, labels):
  if labels == 'Kaggle':
    folder = write(tmp_path, {'LOC_val_solution.csv': KAGGLE})
    touch(tmp_path, *FLAT)
  else:
    folder = write_devkit(tmp_path)
  skipped = Skipped()
  assert literal(imagenet.read(folder, skipped), folder)[2:] == [
    ('validation', 'ILSVRC2012_val_00000001', FLAT[2], ('n01440764',), ()),
    ('validation', 'ILSVRC2012_val_00000002', FLAT[3], ('n02123045',), ()),
  ]
  assert skipped.entries == [
    ('unknown_class', FLAT[4], 'n02124075 has no training images'),
    ('unknown_class', FLAT[5], "lies in 'val'; expected a folder such as n01440764"),
    ('missing_media', 'ILSVRC2012_val_00000003', 'n01440764 by the labels of the validation images'),
  ]


def test_damaged_labels_are_named(tmp_path):
  with pytest.raises(
    ValueError, match=r"ground_truth.txt, line 2: found '5'; expected a number of a class in meta.mat"
  ):
    imagenet.read(write_devkit(tmp_path / 'a', '3\n5\n'), Skipped())
  folder = write_devkit(tmp_path / 'b')
  (tmp_path / 'b' / DEVKIT / 'meta.mat').write_bytes(b'no such table')
  with pytest.raises(ValueError, match='meta.mat is not the table of the classes'):
    imagenet.read(folder, Skipped())
  (tmp_path / 'b' / DEVKIT / 'meta.mat').unlink()
  with pytest.raises(FileNotFoundError, match='meta.mat does not exist'):
    imagenet.read(folder, Skipped())
  folder = write(tmp_path / 'c', {'LOC_val_solution.csv': 'ImageId,PredictionString\nx,n01440764 1 2 n02123045 3 4\n'})
  with pytest.raises(ValueError, match='line 2: .*expected the WordNet id of one class'):
    imagenet.read(folder, Skipped())


def test_a_missing_folder_is_named(tmp_path):
  with pytest.raises(FileNotFoundError, match='nowhere is not a folder'):
    list(imagenet.read(f'{tmp_path}/nowhere', Skipped()).rows)


@pytest.mark.parametrize('kind', ['RGB', 'L', 'CMYK', 'PNG'])
def test_an_image_is_decoded_as_a_video_of_one_frame(tmp_path, kind):
  """ImageNet has all of these, a PNG with the suffix of a JPEG among them."""
  pixels = np.zeros((300, 400, 3), np.uint8)
  pixels[:, 200:] = (220, 30, 30)
  path = tmp_path / 'n01440764' / 'n01440764_10026.JPEG'
  path.parent.mkdir()
  Image.fromarray(pixels).convert('RGB' if kind == 'PNG' else kind).save(path, 'PNG' if kind == 'PNG' else 'JPEG')
  _, row = next(imagenet.read(str(tmp_path), Skipped()).rows)
  span = media.read_span(row.path, row.start_seconds, row.end_seconds, media.ReadOptions(want_audio=False))
  assert len(span.frames) == 1
  decoded = np.asarray(Image.open(io.BytesIO(span.frames[0])).convert('RGB')).astype(int)
  assert decoded.shape == (256, 342, 3)
  expected = (87, 87, 87) if kind == 'L' else (220, 30, 30)
  assert np.abs(decoded[:, 200:].mean(axis=(0, 1)) - expected).max() < 5
  assert decoded[:, :140].max() < 10
