import os

import pytest

from xdc_tf import files, lease
from xdc_tf.manifest import manifest
from xdc_tf.manifest.manifest import Row

ROWS = [
  ('train', Row(99, 'a', '/v/a.mp4', 0.0, 2.0, ('dog', 'cat'), (1, 2))),
  ('test', Row(0, 'b', 'gs://bucket/b, "x".mp4', 0.1, None, (), (2, 0))),
  ('train', Row(0, 'c', '/v/ü.mp4', 1 / 3, 2.5, ('cat',), (0, 0))),
  ('train', Row(0, 'd', '/v/d.mp4', 4.0, 1e6, (), (1, 1))),
]


def numbered(count):
  return (('train', Row(0, f'v{number}', f'/v/{number}.mp4', number, number + 2.0)) for number in range(count))


def test_rows_come_back_as_they_were_written_but_for_their_index(tmp_path):
  written = manifest.write_manifest(tmp_path / 'm', 'tiny', ROWS, rows_per_file=2)
  assert sorted(os.listdir(tmp_path / 'm')) == [
    'manifest.json',
    'tiny-test.csv-00000-of-00001',
    'tiny-train.csv-00000-of-00002',
    'tiny-train.csv-00001-of-00002',
  ]
  read = manifest.read_manifest(tmp_path / 'm')
  assert read.splits == written.splits == {'test': 1, 'train': 3}
  assert (read.name, read.label_names, read.num_official_splits) == ('tiny', ('cat', 'dog'), 2)
  train = [row for split, row in ROWS if split == 'train']
  assert list(read.rows('train')) == [
    Row(index, row.video_id, row.path, row.start_seconds, row.end_seconds, row.labels, row.official_split)
    for index, row in enumerate(train)
  ]
  assert read.row('test', 0) == ROWS[1][1]
  assert (tmp_path / 'm' / 'tiny-train.csv-00001-of-00002').read_text() == (
    'index,video_id,path,start,end,labels,official_split\n2,d,/v/d.mp4,4.0,1000000.0,,1;1\n'
  )


def test_rows_opens_only_the_files_it_needs(tmp_path):
  read = manifest.write_manifest(tmp_path, 'tiny', numbered(23), rows_per_file=5)
  for number in (0, 1, 4):
    os.remove(read.paths('train')[number])
  assert [row.index for row in read.rows('train', 10, 20)] == list(range(10, 20))
  assert [row.start_seconds for row in read.rows('train', 13, 16)] == [13.0, 14.0, 15.0]
  assert list(read.rows('train', 7, 7)) == []
  with pytest.raises(ValueError, match='csv-00004-of-00005 is missing'):
    list(read.rows('train', 18, 21))
  with pytest.raises(ValueError, match='Rows 20..24 .* has 23'):
    list(read.rows('train', 20, 24))
  with pytest.raises(ValueError, match="no split 'test'"):
    read.num_rows('test')


def test_writing_holds_one_file_of_rows(tmp_path):
  """A row may be forgotten by the time the next file is full: the writer streams."""
  seen = []

  def rows():
    for number in range(12):
      seen.append(len([name for name in os.listdir(tmp_path) if 'part' in name]))
      yield 'train', Row(0, 'v', '/v.mp4', number)

  manifest.write_manifest(tmp_path, 'tiny', rows(), rows_per_file=3)
  assert seen == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_edited_files_are_noticed(tmp_path):
  read = manifest.write_manifest(tmp_path, 'tiny', numbered(4), rows_per_file=4)
  before = read.fingerprint()
  path = tmp_path / 'tiny-train.csv-00000-of-00001'
  text = path.read_text()
  path.write_text(text.replace('/v/2.mp4', '/w/2.mp4'))
  assert manifest.read_manifest(tmp_path).fingerprint() != before
  path.write_text(text.replace('2,v2', '3,v2'))
  with pytest.raises(ValueError, match='row 4 has index 3; expected 2'):
    list(read.rows('train'))
  path.write_text(text.replace('3,v3,/v/3.mp4,3.0,5.0,,\n', ''))
  with pytest.raises(ValueError, match='has 3 rows; expected 4'):
    list(read.rows('train'))
  path.write_text(text.replace(',2.0,', ',zwei,'))
  with pytest.raises(ValueError, match='row 2: .* is damaged'):
    list(read.rows('train'))
  path.write_text(text)
  assert manifest.read_manifest(tmp_path).fingerprint() == before


@pytest.mark.parametrize(
  ('row', 'message'),
  [
    (Row(0, 'a', ''), 'has no path'),
    (Row(0, '', '/a'), 'has no video_id'),
    (Row(0, 'a', '/a\r.mp4'), 'has a carriage return'),
    (Row(0, 'a', '/a', -1.0), 'starts at -1.0'),
    (Row(0, 'a', '/a', float('nan')), 'starts at nan'),
    (Row(0, 'a', '/a', 2.0, 2.0), 'ends at 2.0, which is not behind'),
    (Row(0, 'a', '/a', labels=('x;y',)), 'without ";"'),
    (Row(0, 'a', '/a', labels=('cats', 'cats ')), 'blanks at their ends'),  # TFDS made one class of two.
    (Row(0, 'a', '/a', labels=('new\nline',)), 'line breaks'),  # And two of one.
    (Row(0, 'a', '/a', official_split=(3,)), 'expected 0'),
  ],
)
def test_damaged_rows_are_refused(tmp_path, row, message):
  with pytest.raises(ValueError, match=message):
    manifest.write_manifest(tmp_path, 'tiny', [('train', row)])
  assert not (tmp_path / 'manifest.json').exists()


def test_manifests_that_make_no_sense_are_refused(tmp_path):
  with pytest.raises(ValueError, match='no row to write'):
    manifest.write_manifest(tmp_path, 'tiny', [])
  with pytest.raises(ValueError, match="data set name 'Tiny'"):
    manifest.write_manifest(tmp_path, 'Tiny', numbered(1))
  with pytest.raises(ValueError, match='0 official splits, the first row has 2'):
    manifest.write_manifest(tmp_path, 'tiny', [*ROWS, *numbered(1)])
  with pytest.raises(ValueError, match=r"not among the label names: \['dog'\]"):
    manifest.write_manifest(tmp_path, 'tiny', ROWS, label_names=['cat'])
  with pytest.raises(ValueError, match=r"The label names for .* hold \['owl '\]; expected names"):
    manifest.write_manifest(tmp_path, 'tiny', ROWS, label_names=['dog', 'owl ', 'cat'])
  with pytest.raises(FileNotFoundError, match='xdc manifest'):
    manifest.read_manifest(tmp_path)
  assert manifest.write_manifest(tmp_path, 'tiny', ROWS, label_names=['dog', 'owl', 'cat']).label_names == (
    'dog',
    'owl',
    'cat',
  )


def test_a_manifest_is_never_changed_and_the_same_one_does_no_harm(tmp_path):
  first = manifest.write_manifest(tmp_path, 'tiny', ROWS)
  before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
  again = manifest.write_manifest(tmp_path, 'tiny', ROWS)
  assert (again.splits, again.label_names) == (first.splits, first.label_names)
  for rows, names, differing in (
    (ROWS[:-1], None, r'tiny-\w+.csv-00000-of-00001|manifest.json'),
    (ROWS, ('dog', 'owl', 'cat'), 'manifest.json'),
  ):
    with pytest.raises(ValueError, match=rf'^{tmp_path} holds another manifest \(({differing}) differs\)'):
      manifest.write_manifest(tmp_path, 'tiny', rows, label_names=names)
  assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before


def test_two_at_once_do_not_mix_their_rows(tmp_path):
  """Both wrote parts of the same names: the manifest of one had rows of the other, and nothing noticed."""

  def rows():
    yield ROWS[0]
    with pytest.raises(lease.LeaseError, match=f'^{tmp_path} is being filled by process'):
      manifest.write_manifest(tmp_path, 'tiny', ROWS)
    yield from ROWS[1:]

  assert sum(manifest.write_manifest(tmp_path, 'tiny', rows()).splits.values()) == len(ROWS)


@pytest.mark.parametrize(
  ('key', 'value'),
  [
    ('name', '../elsewhere/x'), ('name', 3), ('splits', '../../outside'), ('splits', {'../x': 1}), ('splits', {'train': -1}),
    ('splits', {'train': '1'}), ('rows_per_file', 0), ('num_official_splits', None), ('label_names', [1]), ('label_names', 3),
    ('label_names', 'owl'), ('label_names', ['a', 'a']),
  ],
)  # fmt: skip
def test_a_manifest_that_was_edited_leads_nowhere(key, value, tmp_path):
  """Its names become names of files: '../' would have written shards beside the output folder."""
  made = manifest.write_manifest(tmp_path / 'manifest', 'tiny', [('train', manifest.Row(0, 'a', '/a.mp4', 0.0, 1.0))])
  path = os.path.join(made.directory, 'manifest.json')
  files.write_json(path, files.read_json(path) | {key: value})
  with pytest.raises(ValueError, match=f'^{path} is damaged or was edited'):
    manifest.read_manifest(made.directory)


@pytest.mark.parametrize(
  ('old', 'new', 'message'),
  [
    (b'owl', b'own', "has the labels .'own'., which manifest.json does not list"),
    (b'/a', b'\xff', 'is not text in UTF-8'),
  ],
)
def test_rows_that_were_edited_are_named(old, new, message, tmp_path):
  row = manifest.Row(0, 'a', '/a.mp4', 0.0, 1.0, ('owl',))
  made = manifest.write_manifest(tmp_path / 'manifest', 'tiny', [('train', row)])
  (path,) = (tmp_path / 'manifest').glob('*.csv-*')
  path.write_bytes(path.read_bytes().replace(old, new))
  with pytest.raises(ValueError, match=f'^{path}.*{message}'):
    next(made.rows('train'))
