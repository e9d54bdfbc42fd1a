import pytest
from official_factory import literal, touch

from xdc_tf.manifest.official import dcase2013
from xdc_tf.manifest.official.listing import Skipped

MEDIA = (
  'scenes_stereo/scenes_stereo/bus01.wav',
  'scenes_stereo/scenes_stereo/bus13.wav',
  'scenes_stereo/scenes_stereo/busystreet07.wav',
  'scenes_stereo_testset/bus01.wav',
  'scenes_stereo_testset/busystreet10.wav',
)


def test_every_row_and_everything_left_out(tmp_path):
  odd = ('scenes_stereo/scenes_stereo/notes.wav', 'scenes_stereo_testset/beach01.wav', 'events/bus02.wav')
  folder = touch(tmp_path, *MEDIA, *odd, 'scenes_stereo/README.txt', 'scenes_stereo/._bus01.wav')
  skipped = Skipped()
  listing = dcase2013.read(folder, skipped)
  assert listing.label_names == ('bus', 'busystreet')
  assert literal(listing, folder) == [
    ('official', 'scenes_stereo/bus01', MEDIA[0], ('bus',), (1,)),
    ('official', 'scenes_stereo/bus13', MEDIA[1], ('bus',), (1,)),
    ('official', 'scenes_stereo/busystreet07', MEDIA[2], ('busystreet',), (1,)),
    ('official', 'scenes_stereo_testset/bus01', MEDIA[3], ('bus',), (2,)),
    ('official', 'scenes_stereo_testset/busystreet10', MEDIA[4], ('busystreet',), (2,)),
  ]
  assert skipped.entries == [
    ('unlisted_media', odd[2], 'lies neither in scenes_stereo nor in scenes_stereo_testset'),
    ('unknown_class', odd[0], 'expected one of bus, busystreet and a number'),
    ('unknown_class', odd[1], 'expected one of bus, busystreet and a number'),
  ]


def test_a_missing_set_is_named(tmp_path):
  folder = touch(tmp_path, *MEDIA[:3])
  with pytest.raises(FileNotFoundError, match='has no recording in a folder scenes_stereo_testset'):
    dcase2013.read(folder, Skipped())
