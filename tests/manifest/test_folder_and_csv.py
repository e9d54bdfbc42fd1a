import hashlib
import os
import pathlib
import types

import media_factory
import pytest
import tensorflow as tf

from xdc_tf.manifest import folder_and_csv
from xdc_tf.manifest.manifest import Row
from xdc_tf.manifest.media_files import VIDEO_EXTENSIONS, PassedOver, walk
from xdc_tf.media import media


def write_csv(tmp_path, text):
  path = tmp_path / 'clips.csv'
  path.write_text(text)
  return str(path)


def test_csv_rows(tmp_path):
  path = write_csv(
    tmp_path,
    '\ufeffpath, start,end,labels,split,video_id,official_split\n'
    'a.mp4,1.5,3.5,dog; cat,validation,film,1;0\n'
    '/abs/b.mp4,,,,,,\n'
    '"gs://x/c, d.mp4",2,,owl,train,,2;1\n',
  )
  assert list(folder_and_csv.csv_rows(path, '/media')) == [
    ('validation', Row(0, 'film', '/media/a.mp4', 1.5, 3.5, ('dog', 'cat'), (1, 0))),
    ('train', Row(0, '/abs/b.mp4', '/abs/b.mp4', 0.0, None)),
    ('train', Row(0, 'gs://x/c, d.mp4', 'gs://x/c, d.mp4', 2.0, None, ('owl',), (2, 1))),
  ]
  here = list(folder_and_csv.csv_rows(write_csv(tmp_path, 'path,label\nx.mp4,dog\n')))
  assert here == [('train', Row(0, 'x.mp4', os.path.abspath('x.mp4'), labels=('dog',)))]


@pytest.mark.parametrize(
  ('text', 'message'),
  [
    ('file\na.mp4\n', r'clips.csv, line 1: found the columns \[.file.\]; expected "path"'),
    ('path,start,strat\n', 'line 1: found the columns'),
    ('', 'line 1: found the columns'),
    ('path,label,labels\n', 'line 1: found the columns'),
    ('path,start\na.mp4,0\n,1\n', 'clips.csv, line 3: the path is empty'),
    ('path,start\na.mp4,zero\n', "line 2: start is 'zero'; expected seconds"),
    ('path,start,end\na.mp4,2,1\n', 'line 2: .*ends at 1.0'),
    ('path,start\na.mp4,0,7\n', 'line 2: found a line with another number of fields than the 2'),
    ('path,start\n', 'clips.csv, line 1: no video stands below it'),
    ('path,start\na.mp4\n', 'line 2: found a line with another number of fields'),
    ('path,split\na.mp4,Train\n', "line 2: The split name 'Train'"),
  ],
)
def test_csv_errors_name_the_file_and_the_line(tmp_path, text, message):
  with pytest.raises(ValueError, match=message):
    list(folder_and_csv.csv_rows(write_csv(tmp_path, text)))


@pytest.fixture
def folder(tmp_path, monkeypatch):
  """Eleven videos in two folders; their names tell how long they are, 'broken' cannot be opened."""

  def probe(path):
    name = os.path.splitext(os.path.basename(path))[0]
    if name == 'broken':
      raise media.MediaError('unreadable', path)
    return types.SimpleNamespace(duration_seconds=float(name.split('_')[1]), has_audio=True)

  monkeypatch.setattr(folder_and_csv.media, 'probe', probe)
  names = [f'cats/v{number}_6.mp4' for number in range(7)] + [
    'dogs/v7_7.5.MKV',
    'dogs/v8_6.9.webm',
    'dogs/v9_1.mp4',
    'dogs/broken.avi',
  ]
  for name in [*names, 'dogs/readme.txt']:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('')
  return tmp_path, names


def test_folder_rows_cut_videos_without_losing_the_rest(folder):
  root, names = folder
  rows = [row for _, row in folder_and_csv.folder_rows(str(root), 2.0, validation_fraction=0, labels_from_folders=True)]
  spans = {}
  for row in rows:
    spans.setdefault(row.video_id, []).append((row.start_seconds, row.end_seconds))
  assert list(spans) == sorted(names)
  assert spans['cats/v0_6.mp4'] == [(0.0, 2.0), (2.0, 4.0), (4.0, 7.0)]  # It ends at 6.
  assert spans['dogs/v7_7.5.MKV'] == [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 9.0)]
  assert spans['dogs/v8_6.9.webm'] == [(0.0, 2.0), (2.0, 4.0), (4.0, 7.0)]
  assert spans['dogs/v9_1.mp4'] == [(0.0, 3.0)]
  assert spans['dogs/broken.avi'] == [(0.0, None)]
  assert all(row.labels == (row.video_id.split('/')[0],) for row in rows)
  assert rows[0].path == str(root / 'cats/v0_6.mp4')
  whole = [row for _, row in folder_and_csv.folder_rows(str(root), None, validation_fraction=0)]
  assert [(row.start_seconds, row.end_seconds, row.labels) for row in whole] == [(0.0, None, ())] * 11
  assert whole == [row for _, row in folder_and_csv.folder_rows(str(root), 0.0, validation_fraction=0)]


def test_folder_rows_hold_out_whole_videos(folder):
  root, names = folder
  splits = {}
  for split, row in folder_and_csv.folder_rows(str(root), 2.0, 'video', 0.2):
    splits.setdefault(row.video_id, set()).add(split)
  held_out = {name for name, found in splits.items() if found == {'validation'}}
  assert all(len(found) == 1 for found in splits.values())
  whole = set(names) - {'dogs/broken.avi'}  # What cannot be opened comes last.
  assert held_out == set(sorted(whole, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:2])


def test_a_mute_film_is_not_all_that_is_held_out(tmp_path):
  """The one film that was held out had no sound, so that no clip was left of the split, after all the decoding."""
  ids = sorted((f'{n}.mp4' for n in range(4)), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
  for name in ids[1:]:
    media_factory.write_video(tmp_path / name, seconds=1.0, audio_rate=44_100 if name != ids[1] else None)
  (tmp_path / ids[0]).write_bytes(b'no film')
  rows = list(folder_and_csv.folder_rows(str(tmp_path), 2.0, validation_fraction=0.25))
  assert [row.video_id for split, row in rows if split == 'validation'] == [ids[2]]
  rows = list(folder_and_csv.folder_rows(str(tmp_path), 2.0, validation_fraction=0.75))
  assert {row.video_id for split, row in rows if split == 'validation'} == {ids[2], ids[3], ids[0]}


def test_folder_rows_hold_out_spans_evenly(folder):
  root, _ = folder
  splits = [split for split, _ in folder_and_csv.folder_rows(str(root), 2.0, 'span', 0.2)]
  assert [index for index, split in enumerate(splits) if split == 'validation'] == list(range(4, len(splits), 5))
  assert set(split for split, _ in folder_and_csv.folder_rows(str(root), 2.0, 'span', 0)) == {'train'}


def test_folder_rows_take_one_file_and_refuse_what_cannot_be(folder, tmp_path_factory):
  root, _ = folder
  film = str(root / 'cats/v0_6.mp4')
  rows = list(folder_and_csv.folder_rows(film, 2.0, 'span', 0.3))
  assert [row.video_id for _, row in rows] == ['v0_6.mp4'] * 3
  # Three are too few for every tenth: without any the records could not be trained on.
  assert [split for split, _ in folder_and_csv.folder_rows(film, 2.0, 'span', 0.1)] == ['train', 'train', 'validation']
  with pytest.raises(ValueError, match='v0_6.mp4 is one span, which cannot be trained on and held out'):
    list(folder_and_csv.folder_rows(film, 0, 'span', 0.1))
  with pytest.raises(ValueError, match='there must be at least two.*--hold_out span'):
    list(folder_and_csv.folder_rows(film, 2.0, 'video', 0.3))
  with pytest.raises(ValueError, match='hold_out is'):
    list(folder_and_csv.folder_rows(film, 2.0, 'clip'))
  with pytest.raises(ValueError, match='validation_fraction is 1.0'):
    list(folder_and_csv.folder_rows(film, 2.0, 'span', 1.0))
  with pytest.raises(ValueError, match='span_seconds is -2'):
    list(folder_and_csv.folder_rows(film, -2))
  with pytest.raises(FileNotFoundError, match='holds no video file'):
    list(folder_and_csv.folder_rows(str(tmp_path_factory.mktemp('empty'))))
  with pytest.raises(FileNotFoundError, match='nowhere does not exist'):
    list(folder_and_csv.folder_rows(str(root / 'nowhere')))


def test_a_file_that_is_no_csv_is_named(tmp_path):
  film = tmp_path / 'film.mp4'
  film.write_bytes(b'\x00\x00\x00 ftyp\xff\xfe\xb5')
  with pytest.raises(ValueError, match=r'film\.mp4 is not a CSV file in UTF-8'):
    list(folder_and_csv.csv_rows(str(film)))


# Links, hidden files, joined recordings.


def _ids(folder, **options):
  return [(split, row.video_id) for split, row in folder_and_csv.folder_rows(str(folder), 0, **options)]


def test_a_named_file_that_is_no_video_is_refused():
  """It became a row, and the mistake showed when clips were made."""
  with pytest.raises(ValueError, match='test_folder_and_csv.py cannot be read as a video'):
    list(folder_and_csv.folder_rows(__file__, 2.0, 'span', 0.3))


def test_links_make_no_copies_and_no_loops(tmp_path):
  """`ln -s day1 v/latest` doubled every film and put validation films into train as well; `ln -s .. v/day1/up` never ended."""
  (tmp_path / 'v/day1').mkdir(parents=True)
  for name in 'abcd':
    media_factory.write_empty(tmp_path / f'v/day1/{name}.mp4')
  expected = _ids(tmp_path / 'v', validation_fraction=0.25)
  (tmp_path / 'v/a_latest').symlink_to('day1')  # Sorts before what it leads to.
  (tmp_path / 'v/day1/up').symlink_to('..')
  (tmp_path / 'v/best.mp4').symlink_to('day1/a.mp4')
  (tmp_path / 'v/day1/same.mp4').hardlink_to(tmp_path / 'v/day1/b.mp4')
  (tmp_path / 'v/lost.mp4').symlink_to('nowhere.mp4')
  passed_over = PassedOver()
  assert _ids(tmp_path / 'v', validation_fraction=0.25, passed_over=passed_over) == expected
  assert len(expected) == 4 and [split for split, _ in expected].count('validation') == 1
  assert ('best.mp4', 'day1/a.mp4') in passed_over.copies and ('day1/same.mp4', 'day1/b.mp4') in passed_over.copies
  assert 'further links to files' in passed_over.summary()


def test_a_link_to_elsewhere_is_followed_once(tmp_path):
  (tmp_path / 'v').mkdir()
  (tmp_path / 'elsewhere').mkdir()
  media_factory.write_empty(tmp_path / 'elsewhere/a.mp4')
  for name in ('one', 'two'):
    (tmp_path / 'v' / name).symlink_to(tmp_path / 'elsewhere')
  assert _ids(tmp_path / 'v', validation_fraction=0) == [('train', 'one/a.mp4')]


def test_a_folder_with_the_name_of_a_film_is_a_folder(tmp_path):
  """A Synology keeps thumbnails in @eaDir/clip.mp4/: every film had a twin that cannot be read. Some films lie in Film.mkv/."""
  for name in ('clip.mp4', '@eaDir/clip.mp4/thumbnail.jpg', 'Film.mkv/film.mkv', 'Film.mkv/notes.txt'):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text('')
  os.mkfifo(tmp_path / 'pipe.mp4')  # To read it would be to wait for ever.
  passed_over = PassedOver()
  assert list(walk(str(tmp_path), VIDEO_EXTENSIONS, passed_over)) == ['clip.mp4', 'Film.mkv/film.mkv']
  assert passed_over.suffixes == {'.txt': 1, '.mp4': 1}


def test_hidden_files_are_no_films_and_others_are_counted(tmp_path):
  """A Mac writes ._clip.mp4 beside clip.mp4; those became the whole validation split."""
  for name in ('clip.mp4', '._clip.mp4', 'two.MTS', 'notes.txt', 'more.txt', 'README'):
    (tmp_path / name).write_bytes(b'1')
  (tmp_path / '.trash').mkdir()
  (tmp_path / '.trash/old.mp4').write_bytes(b'1')
  passed_over = PassedOver()
  assert [video for _, video in _ids(tmp_path, passed_over=passed_over)] == ['clip.mp4', 'two.MTS']
  assert passed_over.summary() == 'files that are no videos: 1 without a suffix, 2 .txt'


def test_folders_that_must_not_be_read_are_passed_over(tmp_path, monkeypatch):
  """lost+found, which every disk has, belongs to root and stopped the whole manifest."""
  for name in ('a.mp4', 'lost+found/b.mp4', 'more/c.mp4'):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b'1')
  listdir = tf.io.gfile.listdir

  def refusing(path):
    if path.rstrip('/').endswith('lost+found'):
      raise tf.errors.PermissionDeniedError(None, None, f'{path}; Permission denied')
    return listdir(path)

  monkeypatch.setattr(tf.io.gfile, 'listdir', refusing)
  passed_over = PassedOver()
  assert [video for _, video in _ids(tmp_path, passed_over=passed_over)] == ['a.mp4', 'more/c.mp4']
  assert passed_over.summary() == '1 folders without permission to read, first lost+found'
  with pytest.raises(tf.errors.PermissionDeniedError):
    _ids(tmp_path / 'lost+found')


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
  monkeypatch.setenv('HOME', '/home/me')
  (tmp_path / 'list.csv').write_text('path\n~/a.mp4\n')
  ((_, row),) = folder_and_csv.csv_rows(str(tmp_path / 'list.csv'), str(tmp_path))
  assert row.path == '/home/me/a.mp4'


def test_a_quoted_column_after_a_byte_order_mark_is_that_column(tmp_path):
  (tmp_path / 'list.csv').write_text('\ufeff"path","label"\n"a.mp4","cat"\n', encoding='utf-8')
  ((split, row),) = folder_and_csv.csv_rows(str(tmp_path / 'list.csv'), str(tmp_path))
  assert (split, row.path, list(row.labels)) == ('train', str(tmp_path / 'a.mp4'), ['cat'])


def test_blanks_before_a_quoted_value_are_no_part_of_it(tmp_path):
  """The label was '"jazz"', with its quotes: another class than jazz."""
  (tmp_path / 'a.csv').write_text('path, label\na.mp4, "jazz"\nb.mp4, "rock; jazz"\n')
  rows = [row for _, row in folder_and_csv.csv_rows(str(tmp_path / 'a.csv'))]
  assert [row.labels for row in rows] == [('jazz',), ('rock', 'jazz')]


def test_suffixes_that_ffmpeg_names_are_videos(tmp_path):
  names = [f'a{suffix}' for suffix in ('.mts', '.m2ts', '.vob', '.mpe', '.asf', '.f4v', '.mp4')]
  for name in names:
    (tmp_path / name).write_bytes(b'1')
  assert [video for _, video in _ids(tmp_path)] == sorted(names)


def test_joined_recordings_become_one_row_for_the_job_to_set_aside(tmp_path):
  parts = [pathlib.Path(media_factory.write_video(tmp_path / f'{i}.ts', 5)).read_bytes() for i in range(2)]
  (tmp_path / 'joined').mkdir()
  (tmp_path / 'joined/a.ts').write_bytes(b''.join(parts))
  rows = [row for _, row in folder_and_csv.folder_rows(str(tmp_path / 'joined'), 2.0, validation_fraction=0)]
  assert [(row.start_seconds, row.end_seconds) for row in rows] == [(0.0, None)]


def test_a_file_in_two_splits_is_an_error(tmp_path):
  for name in ('a.mp4', 'b.mp4'):
    (tmp_path / name).write_bytes(b'1')
  (tmp_path / 'again.mp4').symlink_to('a.mp4')
  table = tmp_path / 'list.csv'
  lines = ['path,start,end,split', 'a.mp4,0,4,train', 'b.mp4,0,4,train', 'b.mp4,4,8,validation']
  table.write_text('\n'.join(lines))
  assert len(list(folder_and_csv.csv_rows(str(table), str(tmp_path)))) == 3  # Parts that do not touch.
  table.write_text('\n'.join([*lines, 'again.mp4,3,,validation']))
  with pytest.raises(ValueError, match='line 5: .*again.mp4 is in the splits train and validation at the same time'):
    list(folder_and_csv.csv_rows(str(table), str(tmp_path)))
