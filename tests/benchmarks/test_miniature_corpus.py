"""Lists of any corpus."""

import os

import pytest

from benchmarks.miniature import corpus
from xdc_tf.manifest import manifest

ENTRIES = [('a b.mp4', 'cat', 'train'), ('sub/b.mp4', 'dog', 'test')]


def write(folder, name, text):
  path = folder / name
  path.write_text(text, encoding='utf-8')
  return str(path)


@pytest.mark.parametrize(
  'text',
  [
    'path,label,split\na b.mp4,cat,train\nsub/b.mp4,dog,test\n',
    'a b.mp4,cat,train\nsub/b.mp4,dog,test',
    '\ufeffsplit,path,extra,label\r\ntrain,a b.mp4,1,cat\r\n\r\ntest,sub/b.mp4,,dog\r\n',
    'path\tlabel\tsplit\na b.mp4\tcat\ttrain\nsub/b.mp4\tdog\ttest\n',
    '"a b.mp4", cat, train\nsub/b.mp4, dog, test\n',
  ],
  ids=['header', 'no header', 'other columns', 'tabs', 'quotes'],
)
def test_lists_with_and_without_a_header(text, tmp_path):
  assert corpus.read_list(write(tmp_path, 'list.csv', text)) == ENTRIES


@pytest.mark.parametrize(
  ('text', 'message'),
  [
    (
      'path,label,split\na.mp4,cat\n',
      r"list.csv, line 2: found 'a.mp4,cat'; expected path,label,split with one of train",
    ),
    ('a.mp4,cat,training\n', "line 1: found 'a.mp4,cat,training'"),
    ('a.mp4,,train\n', "line 1: found 'a.mp4,,train'"),
    ('a.mp4,cat,train\n', 'no clip of the split test'),
    ('', 'no clip of the split test and train'),
  ],
)
def test_damaged_lists_are_refused_with_their_line(text, message, tmp_path):
  with pytest.raises(ValueError, match=message):
    corpus.read_list(write(tmp_path, 'list.csv', text))


def test_the_list_is_found(tmp_path):
  with pytest.raises(FileNotFoundError, match='holds 0 files that may be its list'):
    corpus.find_list(str(tmp_path))
  other = write(tmp_path, 'official.txt', '')
  assert corpus.find_list(str(tmp_path)) == other
  write(tmp_path, 'clips.csv', '')
  with pytest.raises(FileNotFoundError, match=r'2 files that may be its list \(clips.csv, official.txt\).*--list'):
    corpus.find_list(str(tmp_path))
  expected = write(tmp_path, 'list.csv', '')
  assert corpus.find_list(str(tmp_path)) == expected


def test_validation_clips_come_from_the_training_split_of_every_class(tmp_path):
  entries = [(f'{i}.mp4', f'class {i // 60}', 'train') for i in range(180)] + [('t.mp4', 'class 0', 'test')]
  rows = list(corpus._rows(str(tmp_path), entries))
  held_out = [row.labels[0] for split, row in rows if split == 'validation']
  assert held_out == ['class 0', 'class 0', 'class 1', 'class 1', 'class 2', 'class 2']
  assert [row.path for split, row in rows if split == 'test'] == [os.path.join(tmp_path, 't.mp4')]
  own = [*entries, ('v.mp4', 'class 1', 'validation')]
  assert [row.video_id for split, row in corpus._rows('', own) if split == 'validation'] == ['v.mp4']


def test_a_folder_of_another_corpus_is_refused(tmp_path):
  path = write(tmp_path, 'list.csv', 'a.mp4,cat,train\nb.mp4,dog,test\n')
  rows = list(corpus._rows(str(tmp_path), corpus.read_list(path)))
  manifest.write_manifest(str(tmp_path / 'work' / 'manifest'), 'corpus', rows)
  corpus._check_same(str(tmp_path / 'work' / 'manifest'), rows, path)
  with pytest.raises(ValueError, match='was made from another list'):
    corpus._check_same(str(tmp_path / 'work' / 'manifest'), rows[:1], path)
