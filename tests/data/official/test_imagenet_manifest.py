import io

import numpy as np
import pytest
from official_factory import literal, touch
from PIL import Image

from xdc_tf.data import media
from xdc_tf.data.official import imagenet
from xdc_tf.data.official.listing import Skipped

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
