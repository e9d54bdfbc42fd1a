import pytest
from official_factory import literal, touch, write

from xdc_tf.manifest.official import thumos14
from xdc_tf.manifest.official.listing import Skipped

VAL, TEST = 'TH14_Temporal_annotations_validation/annotation', 'TH14_Temporal_Annotations_Test/annotations/annotation'
LISTS = {
  f'{VAL}/Ambiguous_val.txt': 'video_validation_0000051 1.0 2.0\nvideo_validation_0000090  1.0 2.0\n',
  f'{VAL}/CliffDiving_val.txt': 'video_validation_0000051  67.5 75.9\n',
  f'{VAL}/Diving_val.txt': 'video_validation_0000051  67.5 75.9\r\nvideo_validation_0000051  5.0 9.25\r\n'
  'video_validation_0000160  0 3\r\nvideo_validation_0000051  9.0 9.0\r\n',
  f'{VAL}/../README.txt': 'The folder annotations ...\n',
  f'{TEST}/Ambiguous_test.txt': '',
  f'{TEST}/Diving_test.txt': 'video_test_0000004  0.2 1.1\nvideo_test_0000006  7.0 8.0\n',
  f'{TEST}/Sailing_test.txt': 'video_test_0000004  3.0 4.0\nvideo_test_0000028  3.0 4.0\n',
}
MEDIA = (
  'validation/video_validation_0000051.mp4',
  'validation/video_validation_0000160.mp4',
  'validation/video_validation_0000090.mp4',
  'test/video_test_0000004.mp4',
  'test/video_test_0000028.mp4',
)


def test_every_row_and_everything_left_out(tmp_path):
  lists, media = write(tmp_path / 'lists', LISTS), touch(tmp_path / 'media', *MEDIA)
  skipped = Skipped()
  listing = thumos14.read(lists, media, skipped)
  assert listing.label_names == ('CliffDiving', 'Diving')
  assert literal(listing, media) == [
    ('official', 'video_validation_0000051', MEDIA[0], ('CliffDiving', 'Diving'), (1,)),
    ('official', 'video_validation_0000160', MEDIA[1], ('Diving',), (1,)),
    ('official', 'video_test_0000004', MEDIA[3], ('Diving',), (2,)),
  ]
  assert skipped.entries == [
    ('empty_interval', 'video_validation_0000051', f'Diving from 9.0 to 9.0 s ({lists}/{VAL}/Diving_val.txt, line 4)'),
    ('unknown_class', 'video_test_0000004', 'Sailing has no list Sailing_val.txt'),
    ('unknown_class', 'video_test_0000028', 'Sailing has no list Sailing_val.txt'),
    ('missing_media', 'video_test_0000006', "annotations of part 'test'"),
    ('unlisted_media', MEDIA[4], ''),
    ('unlisted_media', MEDIA[2], ''),
  ]


def test_the_annotations_in_the_order_of_time(tmp_path):
  lists = write(tmp_path, LISTS)
  assert thumos14.read_annotations(lists, 'val') == {
    'video_validation_0000051': [
      ('Ambiguous', 1.0, 2.0),
      ('Diving', 5.0, 9.25),
      ('CliffDiving', 67.5, 75.9),
      ('Diving', 67.5, 75.9),
    ],
    'video_validation_0000090': [('Ambiguous', 1.0, 2.0)],
    'video_validation_0000160': [('Diving', 0.0, 3.0)],
  }
  assert list(thumos14.read_annotations(lists, 'test')) == [
    'video_test_0000004',
    'video_test_0000006',
    'video_test_0000028',
  ]


@pytest.mark.parametrize(
  ('text', 'message'),
  [
    (
      'video_validation_0000051 1.0\n',
      "line 1: found 'video_validation_0000051 1.0'; expected video_validation_0000001",
    ),
    ('video_validation_0000051 1.0 2.0\nvideo_validation_0000051 one 2.0\n', 'line 2: .*start and end in seconds'),
    ('video_test_0000004 1.0 2.0\n', 'line 1: .*expected video_validation_0000001'),
  ],
)
def test_a_damaged_line_is_named(tmp_path, text, message):
  lists = write(tmp_path, {**LISTS, f'{VAL}/Diving_val.txt': text})
  with pytest.raises(ValueError, match=rf'Diving_val\.txt, {message}'):
    thumos14.read_annotations(lists, 'val')


def test_missing_and_doubled_lists_are_named(tmp_path):
  lists = write(tmp_path, {name: text for name, text in LISTS.items() if VAL in name})
  with pytest.raises(FileNotFoundError, match="no list of part 'test'; expected files such as Diving_test.txt"):
    thumos14.read(lists, lists, Skipped())
  with pytest.raises(ValueError, match="part is 'validation'; expected one of val, test"):
    thumos14.read_annotations(lists, 'validation')
  write(tmp_path, {'copy/Diving_val.txt': ''})
  with pytest.raises(ValueError, match='holds both .*Diving_val.txt and .*Diving_val.txt'):
    thumos14.read_annotations(lists, 'val')
