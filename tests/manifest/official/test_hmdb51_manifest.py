import pytest
from official_factory import literal, touch, write

from xdc_tf.manifest.official import hmdb51
from xdc_tf.manifest.official.listing import Skipped

ODD = 'Best Of (Skype) [HD] #1 & more; really! 2_brush_hair_u_nm_np1_ba_goo_0'
LISTS = {
  'brush_hair_test_split1.txt': f'{ODD}.avi 1 \nplain_brush_hair_1.avi 2 \nunused_brush_hair_2.avi 0 \n',
  'brush_hair_test_split2.txt': f'{ODD}.avi 2 \nplain_brush_hair_1.avi 1 \nunused_brush_hair_2.avi 0 \n',
  'brush_hair_test_split3.txt': f'plain_brush_hair_1.avi 0 \n{ODD}.avi 1 \nunused_brush_hair_2.avi 0 \n',
  'wave_test_split1.txt': 'hello_wave_0.avi 1 \nmissing one_wave_0.avi 2 \n',
  'wave_test_split2.txt': 'hello_wave_0.avi 1\nmissing one_wave_0.avi 2\n',
  'wave_test_split3.txt': 'hello_wave_0.avi 2 \r\nmissing one_wave_0.avi 2 \r\nhello_wave_0.avi 2 \r\n',
  'README.txt': 'Flags: 0, 1 and 2.\n',
}
MEDIA = (
  f'brush_hair/{ODD}.avi',
  'brush_hair/plain_brush_hair_1.avi',
  'brush_hair/unused_brush_hair_2.avi',
  'wave/hello_wave_0.avi',
  'wave/new_wave_0.avi',
  'fly/fly_0.avi',
)


@pytest.fixture
def media(tmp_path):
  return touch(tmp_path / 'media', *MEDIA)


def test_every_row_and_everything_left_out(tmp_path, media):
  lists = write(tmp_path / 'lists', LISTS)
  skipped = Skipped()
  listing = hmdb51.read(lists, media, skipped)
  assert listing.label_names == ('brush_hair', 'wave')
  assert literal(listing, media) == [
    ('official', ODD, MEDIA[0], ('brush_hair',), (1, 2, 1)),
    ('official', 'plain_brush_hair_1', MEDIA[1], ('brush_hair',), (2, 1, 0)),
    ('official', 'unused_brush_hair_2', MEDIA[2], ('brush_hair',), (0, 0, 0)),
    ('official', 'hello_wave_0', MEDIA[3], ('wave',), (1, 1, 2)),
  ]
  assert skipped.entries == [
    ('duplicate_entry', 'hello_wave_0', f'{lists}/wave_test_split3.txt, line 3'),
    ('missing_media', 'missing one_wave_0', f'{lists}/wave_test_split1.txt, line 2'),
    ('unlisted_media', MEDIA[5], ''),
    ('unlisted_media', MEDIA[4], ''),
  ]


@pytest.mark.parametrize(
  ('text', 'message'),
  [
    ('hello_wave_0.avi\n', "line 1: found 'hello_wave_0.avi'; expected the name of a video, a blank, and 0"),
    ('hello_wave_0.avi 1\nhello (2)_wave_0.avi 3\n', r"line 2: found 'hello \(2\)_wave_0.avi 3'; expected the name"),
    ('1 \n', "line 1: found '1'; expected the name"),
    ('hello_wave_0.avi 1\nhello_wave_0.avi 2\n', 'line 2: found .*for test.*split 1 has it for train too'),
    (f'{ODD}.avi 1\n', 'line 1: found .* of class wave.*expected class brush_hair'),
  ],
)
def test_a_damaged_line_is_named(tmp_path, media, text, message):
  lists = write(tmp_path / 'lists', {**LISTS, 'wave_test_split1.txt': text})
  with pytest.raises(ValueError, match=rf'wave_test_split1\.txt, {message}'):
    hmdb51.read(lists, media, Skipped())


def test_missing_lists_are_named(tmp_path, media):
  lists = write(tmp_path / 'lists', LISTS)
  (tmp_path / 'lists' / 'wave_test_split2.txt').unlink()
  with pytest.raises(
    FileNotFoundError, match=r'wave_test_split2\.txt is not a file; expected split 2 of the class wave'
  ):
    hmdb51.read(lists, media, Skipped())
  with pytest.raises(FileNotFoundError, match='holds no list of HMDB51'):
    hmdb51.read(media, media, Skipped())
