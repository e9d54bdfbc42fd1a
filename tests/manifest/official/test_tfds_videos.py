"""A small data set that TFDS itself has written, as a source of videos."""

import io

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from xdc_tf.manifest.official import tfds_videos
from xdc_tf.manifest.official.listing import Skipped
from xdc_tf.media import media

LENGTHS = {'train': [3, 5, 4], 'test': [2]}


class SmallUcf(tfds.core.GeneratorBasedBuilder):
  """The features of TFDS's ucf101."""

  VERSION = tfds.core.Version('2.0.0')

  def _info(self):
    return tfds.core.DatasetInfo(
      builder=self,
      features=tfds.features.FeaturesDict({
        'video': tfds.features.Video(shape=(None, 48, 64, 3)),
        'label': tfds.features.ClassLabel(names=['ApplyEyeMakeup', 'YoYo']),
      }),
    )  # fmt: skip

  def _split_generators(self, manager):
    return {split: self._examples(split) for split in LENGTHS}

  def _generate_examples(self):
    raise NotImplementedError

  def _examples(self, split):
    for number, length in enumerate(LENGTHS[split]):
      yield number, {'video': frames(split, number, length), 'label': number % 2}


def frames(split: str, number: int, length: int) -> np.ndarray:
  random = np.random.default_rng((len(split), number))
  # Blocks of one colour: the JPEGs that are made of them later stay near.
  return np.kron(random.integers(0, 256, [length, 3, 4, 3]), np.ones([1, 16, 16, 1])).astype(np.uint8)


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
  builder = SmallUcf(data_dir=str(tmp_path_factory.mktemp('tfds')))
  builder.download_and_prepare()
  return str(builder.data_path)


def test_every_video_is_a_file_of_the_same_pixels(dataset, tmp_path):
  skipped = Skipped()
  listing = tfds_videos.read(dataset, str(tmp_path), 25.0, skipped)
  rows = list(listing.rows)
  assert (listing.label_names, skipped.entries) == (('ApplyEyeMakeup', 'YoYo'), [])
  assert sorted((split, row.video_id) for split, row in rows) == [
    ('test', 'test/000000000'), ('train', 'train/000000000'), ('train', 'train/000000001'), ('train', 'train/000000002')
  ]  # fmt: skip
  options = media.ReadOptions(want_audio=False, frame_rate=25.0, short_side=48)
  found = {}
  for split, row in rows:
    pictures = media.read_span(row.path, 0.0, None, options).frames
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(jpeg))) for jpeg in pictures]).astype(int)
    # TFDS shuffles what it writes: videos are recognised by their length.
    number = LENGTHS[split].index(len(pixels))
    assert row.labels == (('ApplyEyeMakeup', 'YoYo')[number % 2],)
    difference = np.abs(pixels - frames(split, number, len(pixels)))[:, 4:12, 4:12]
    assert difference.max() < 12
    found[split, number] = row.path
  assert len(found) == 4

  before = {path: (tmp_path / path).stat().st_mtime_ns for path in found.values()}
  assert [row.path for _, row in tfds_videos.read(dataset, str(tmp_path), 25.0, skipped).rows] == [
    r.path for _, r in rows
  ]
  assert before == {path: (tmp_path / path).stat().st_mtime_ns for path in found.values()}


def test_what_is_no_such_data_set_is_named(dataset, tmp_path):
  with pytest.raises(FileNotFoundError, match='dataset_info.json is missing'):
    tfds_videos.read(str(tmp_path), str(tmp_path), 25.0, Skipped())
  with pytest.raises(ValueError, match='must be above 0'):
    tfds_videos.read(dataset, str(tmp_path), 0.0, Skipped())
