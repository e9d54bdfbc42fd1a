import pytest
from official_factory import literal, touch, write

from xdc_tf.manifest.official import ucf101
from xdc_tf.manifest.official.listing import Skipped

# The order of the numbers is not that of the alphabet, and the clips of HandstandPushups are spelt in another way.
APPLY, STAND = 'ApplyEyeMakeup/v_ApplyEyeMakeup', 'HandstandPushups/v_HandStandPushups'
LISTS = {
  'classInd.txt': '1 HandstandPushups\r\n2 ApplyEyeMakeup\r\n\r\n',
  'trainlist01.txt': f'{APPLY}_g08_c01.avi 2\r\n{STAND}_g01_c01.avi 1\r\nJuggling/v_Juggling_g01_c01.avi 3\r\n',
  'testlist01.txt': f'{APPLY}_g01_c01.avi\r\n{STAND}_g02_c01.avi\r\n',
  'trainlist02.txt': f'{APPLY}_g01_c01.avi 2\r\n{STAND}_g02_c01.avi 1\r\n',
  'testlist02.txt': f'{APPLY}_g08_c01.avi\r\n{STAND}_g01_c01.avi\r\n{STAND}_g01_c01.avi\r\n',
  'trainlist03.txt': f'{APPLY}_g08_c01.avi 2\r\n{APPLY}_g01_c01.avi 2\r\n{STAND}_g03_c01.avi 1\r\n',
  'testlist03.txt': f'{STAND}_g01_c01.avi\r\n',
}
MEDIA = (
  f'UCF-101/{APPLY}_g01_c01.avi',
  f'UCF-101/{APPLY}_g08_c01.avi',
  f'UCF-101/{STAND}_g01_c01.avi',
  f'UCF-101/{STAND}_g02_c01.mp4',
  f'UCF-101/{STAND}_g04_c01.avi',
  'UCF-101/Juggling/v_Juggling_g01_c01.avi',
)


def test_every_row_and_everything_left_out(tmp_path):
  lists, media = write(tmp_path / 'lists', LISTS), touch(tmp_path / 'media', *MEDIA)
  skipped = Skipped()
  listing = ucf101.read(lists, media, skipped)
  assert listing.label_names == ('HandstandPushups', 'ApplyEyeMakeup')
  assert literal(listing, media) == [
    ('official', 'v_ApplyEyeMakeup_g08_c01', MEDIA[1], ('ApplyEyeMakeup',), (1, 2, 1)),
    ('official', 'v_HandStandPushups_g01_c01', MEDIA[2], ('HandstandPushups',), (1, 2, 2)),
    ('official', 'v_ApplyEyeMakeup_g01_c01', MEDIA[0], ('ApplyEyeMakeup',), (2, 1, 1)),
    ('official', 'v_HandStandPushups_g02_c01', MEDIA[3], ('HandstandPushups',), (2, 1, 0)),
  ]
  assert skipped.entries == [
    ('unknown_class', 'v_Juggling_g01_c01', f'Juggling is not in classInd.txt ({lists}/trainlist01.txt, line 3)'),
    ('duplicate_entry', 'v_HandStandPushups_g01_c01', f'{lists}/testlist02.txt, line 3'),
    ('missing_media', 'v_HandStandPushups_g03_c01', f'{lists}/trainlist03.txt, line 3'),
    ('unlisted_media', MEDIA[4], ''),
  ]


@pytest.mark.parametrize(
  ('name', 'text', 'message'),
  [
    ('classInd.txt', 'ApplyEyeMakeup 1\n', "line 1: found 'ApplyEyeMakeup 1'; expected a number and the name"),
    ('classInd.txt', '1 A\n1 B\n', "line 2: found '1 B'; expected .* each once"),
    ('trainlist02.txt', f'{APPLY}_g01_c01.avi\n', 'line 1: .*expected CLASS/v_CLASS_g01_c01.avi and the number'),
    ('trainlist02.txt', f'{APPLY}_g01_c01.avi 1\n', 'line 1: .*the number 2 that classInd.txt gives ApplyEyeMakeup'),
    ('testlist02.txt', 'v_ApplyEyeMakeup_g01_c01.avi\n', 'line 1: .*expected CLASS/v_CLASS_g01_c01.avi'),
    ('testlist02.txt', f'{APPLY}_g01_c01.avi 1\n', 'line 1: .*expected CLASS/v_CLASS_g01_c01.avi'),
    ('testlist01.txt', f'{APPLY}_g08_c01.avi\n', 'line 1: .*g08_c01 for test.*split 1 has it for train too'),
    ('testlist01.txt', 'HandstandPushups/v_ApplyEyeMakeup_g08_c01.avi\n', 'line 1: .*expected class ApplyEyeMakeup'),
  ],
)
def test_a_damaged_line_is_named(tmp_path, name, text, message):
  lists, media = write(tmp_path / 'lists', {**LISTS, name: text}), touch(tmp_path / 'media', *MEDIA)
  with pytest.raises(ValueError, match=f'{name}, {message}'):
    ucf101.read(lists, media, Skipped())


def test_a_missing_list_is_named(tmp_path):
  lists, media = write(tmp_path / 'lists', LISTS), touch(tmp_path / 'media', *MEDIA)
  (tmp_path / 'lists' / 'testlist03.txt').unlink()
  with pytest.raises(FileNotFoundError, match=r'testlist03\.txt is not a file; expected a list of UCF101'):
    ucf101.read(lists, media, Skipped())
