import pytest
from official_factory import literal, times, touch, write

from xdc_tf.manifest.official import kinetics
from xdc_tf.manifest.official.listing import Skipped

LISTS = {
  'train.csv': 'label,youtube_id,time_start,time_end,split\r\n'
  '"abseiling",-3B32lodo2M,59,69,train\r\n'
  'tying knot (not on a tie),_dbcJuKJQNs,0,10,train\r\n'
  '"jump, style ""x""",0123456789a,100000,100010,train\r\n'
  'abseiling,never_down1,7,17,train\r\n'
  'abseiling,-3B32lodo2M,59,69,train\r\n'
  'abseiling,-3B32lodo2M,69,79,train\r\n',
  'validate.csv': '\ufefflabel,youtube_id,time_start,time_end,split,is_cc\n'
  'abseiling,aaaaaaaaaaa,1,11,val,0\n'
  'abseiling,bbbbbbbbbbb,2,12,validate,0\n'
  'flying,ccccccccccc,3,13,val,0\n',
  'test.csv': 'youtube_id,time_start,time_end,split\nddddddddddd,4,9,test\n',
}
MEDIA = (
  '-3B32lodo2M_000059_000069.mp4',
  'train/-3B32lodo2M_000069_000079.mp4',
  'train/tying knot (not on a tie)/_dbcJuKJQNs_000000_000010.MKV',
  'replacement/0123456789a_100000_100010.mp4',
  'train/0123456789a_100000_100010.mp4',
  'val/aaaaaaaaaaa_000001_000011.webm',
  'val/bbbbbbbbbbb_000002_000012.mp4',
  'val/ccccccccccc_000003_000013.mp4',
  'test/ddddddddddd_000004_000009.mp4',
  'test/ddddddddddd_000004_000015.mp4',
  'test/._ddddddddddd_000004_000009.mp4',
  'train/never_down1_000007_000017.mp4.part',
)


@pytest.fixture
def folders(tmp_path):
  lists = write(tmp_path / 'lists', LISTS)
  return [f'{lists}/{name}' for name in LISTS], touch(tmp_path / 'media', *MEDIA)


def test_every_row_and_everything_left_out(folders):
  lists, media = folders
  skipped = Skipped()
  assert literal(kinetics.read(lists, media, skipped), media) == [
    ('train', '-3B32lodo2M_000059_000069', MEDIA[0], ('abseiling',), ()),
    ('train', '_dbcJuKJQNs_000000_000010', MEDIA[2], ('tying knot (not on a tie)',), ()),
    ('train', '0123456789a_100000_100010', MEDIA[3], ('jump, style "x"',), ()),
    ('train', '-3B32lodo2M_000069_000079', MEDIA[1], ('abseiling',), ()),
    ('validation', 'aaaaaaaaaaa_000001_000011', MEDIA[5], ('abseiling',), ()),
    ('validation', 'bbbbbbbbbbb_000002_000012', MEDIA[6], ('abseiling',), ()),
    ('test', 'ddddddddddd_000004_000009', MEDIA[8], (), ()),
  ]
  assert skipped.entries == [
    ('duplicate_media', MEDIA[4], f'{MEDIA[3]} is taken'),
    ('missing_media', 'never_down1_000007_000017', f'{lists[0]}, line 5'),
    ('duplicate_entry', '-3B32lodo2M_000059_000069', f'{lists[0]}, line 6'),
    ('unknown_class', 'ccccccccccc_000003_000013', "'flying' is not a class of the training list"),
    ('unlisted_media', MEDIA[9], ''),
  ]
  assert set(times(kinetics.read(lists, media, Skipped()))) >= {('aaaaaaaaaaa_000001_000011', 0.0, None)}


def test_without_the_training_list_every_class_is_taken(folders):
  lists, media = folders
  rows = literal(kinetics.read(lists[1:2], media, Skipped()), media)
  assert [row[3] for row in rows] == [('abseiling',), ('abseiling',), ('flying',)]


@pytest.mark.parametrize(
  ('line', 'message'),
  [
    ('abseiling,-3B32lodo2M,59,69', r"found 'abseiling,-3B32lodo2M,59,69'; expected 5 fields"),
    ('abseiling,-3B32lodo2M,59,69,training', 'as split one of train, val'),
    ('abseiling,-3B32lodo2M,fifty,69,train', "found '.*fifty.*'; expected .*time_start < time_end in seconds"),
    ('abseiling,-3B32lodo2M,69,59,train', 'time_start < time_end'),
    ('abseiling,-3B32lodo2M,59,nan,train', 'time_start < time_end'),
    ('abseiling,,59,69,train', 'a youtube_id'),
    ('"abseiling,-3B32lodo2M,59,69,train', 'a list of Kinetics'),
  ],
)
def test_a_damaged_line_is_named(folders, tmp_path, line, message):
  _, media = folders
  header = 'label,youtube_id,time_start,time_end,split\n'
  write(tmp_path, {'bad.csv': f'{header}abseiling,aaaaaaaaaaa,1,11,train\n{line}\n'})
  with pytest.raises(ValueError, match=rf'bad\.csv, line 3: .*{message}'):
    list(kinetics.read([f'{tmp_path}/bad.csv'], media, Skipped()).rows)


def test_a_damaged_file_is_named(folders, tmp_path):
  lists, media = folders
  write(tmp_path, {'head.csv': 'label,id,time_start,time_end,split\n', 'empty.csv': ''})
  (tmp_path / 'film.csv').write_bytes(b'label\n\xff\xfe\x00')
  for name, message in [
    ('head.csv', "line 1: found 'label,id,time_start,time_end,split'; expected a header with the columns youtube_id"),
    ('empty.csv', "line 1: found ''; expected a header"),
    ('film.csv', 'line 2: .*in UTF-8'),
  ]:
    with pytest.raises(ValueError, match=message):
      kinetics.read([f'{tmp_path}/{name}'], media, Skipped())
  with pytest.raises(FileNotFoundError, match='nowhere.csv is not a file; expected a list of Kinetics'):
    kinetics.read([f'{tmp_path}/nowhere.csv'], media, Skipped())
  with pytest.raises(FileNotFoundError, match='nowhere is not a folder'):
    kinetics.read(lists, f'{tmp_path}/nowhere', Skipped())
  with pytest.raises(FileNotFoundError, match='holds no media file; expected files that end in .* .mp4 '):
    kinetics.read(lists, str(tmp_path / 'lists'), Skipped())
