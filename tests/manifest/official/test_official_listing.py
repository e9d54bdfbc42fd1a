import csv
import dataclasses
import json
import os

import numpy as np
import pytest
from official_factory import touch

from xdc_tf.manifest import manifest
from xdc_tf.manifest.manifest import Row
from xdc_tf.manifest.official import listing
from xdc_tf.manifest.official.listing import Entry, Listing, MediaFolder, Skipped


def read_skipped(folder):
  with open(folder / 'skipped.csv', newline='') as file:
    return list(csv.reader(file))


def test_what_is_skipped_is_written_and_summed_up(tmp_path):
  skipped = Skipped()
  assert skipped.summary() == ''
  skipped.add('missing_media', 'a, "b"\nc', 'list.txt, line 3')
  skipped.add('unlisted_media', 'd.mp4')
  skipped.add('missing_media', 'ü', '')
  assert skipped.write(str(tmp_path)) == f'{tmp_path}/skipped.csv'
  assert read_skipped(tmp_path) == [
    ['kind', 'name', 'detail'],
    ['missing_media', 'a, "b"\nc', 'list.txt, line 3'],
    ['unlisted_media', 'd.mp4', ''],
    ['missing_media', 'ü', ''],
  ]
  assert skipped.summary() == (
    '2 listed, but there is no such media file (missing_media); 1 media files that no list mentions (unlisted_media)'
  )
  with pytest.raises(ValueError, match="kind is 'lost'; expected one of missing_media"):
    skipped.add('lost', 'a')


def test_walking_is_sorted_and_takes_only_media(tmp_path):
  names = (
    'b/2.mp4',
    'b/10.MP4',
    'a.mp4',
    'b/c/x.avi',
    'b-2/y.mp4',
    '.hidden/z.mp4',
    'b/._2.mp4',
    'b/2.txt',
    'b/2.mp4.part',
  )
  folder = touch(tmp_path, *names)
  assert list(listing.walk(folder, ('.mp4', '.avi'))) == ['a.mp4', 'b/10.MP4', 'b/2.mp4', 'b/c/x.avi', 'b-2/y.mp4']


def test_a_name_that_no_manifest_can_hold_is_an_error(tmp_path):
  try:
    open(os.fsencode(tmp_path) + b'/bad\xff.mp4', 'wb').close()
  except OSError:
    pytest.skip('this file system refuses such names itself')
  with pytest.raises(ValueError, match=r"holds the name b'bad\\xff.mp4'; expected names in UTF-8"):
    list(listing.walk(str(tmp_path), ('.mp4',)))


def test_the_first_name_that_exists_is_taken(tmp_path):
  skipped = Skipped()
  media = MediaFolder(touch(tmp_path, 'x/b.mp4', 'c.mp4', 'd.e.mp4'), ('.mp4',), skipped)
  assert media.find(('a', 'b', 'c')) == f'{tmp_path}/x/b.mp4'
  assert media.find(('d.e',)) == f'{tmp_path}/d.e.mp4'
  assert media.find(('d',)) is None
  media.note_unlisted()
  assert skipped.entries == [('unlisted_media', 'c.mp4', '')]


def test_a_listing_becomes_a_manifest_with_skipped_csv_before_it_is_finished(tmp_path, monkeypatch):
  skipped = Skipped()
  media = MediaFolder(touch(tmp_path / 'media', 'a.mp4'), ('.mp4',), skipped)
  entries = [Entry('a', ('a',), 'official', ('z',), (1, 2)), Entry('b', ('b',), 'official', ('y',), (2, 1))]
  found = Listing(listing.find_rows(entries, media, skipped), ('z', 'y'))
  order = []
  write_json = manifest.files.write_json
  monkeypatch.setattr(
    manifest.files,
    'write_json',
    lambda path, value: (order.append(sorted(os.listdir(tmp_path / 'm'))), write_json(path, value)),
  )
  written = listing.write_listing(str(tmp_path / 'm'), 'tiny', found, skipped)
  assert order == [['lease.json', 'skipped.csv', 'tiny-official.csv-00000-of-00001']]
  assert (written.splits, written.label_names, written.num_official_splits) == ({'official': 1}, ('z', 'y'), 2)
  assert read_skipped(tmp_path / 'm')[1:] == [['missing_media', 'b', '']]


def test_what_a_finished_manifest_left_out_is_told_as_it_was_made(tmp_path):
  def write(*videos):
    """Lists a.mp4 and b.mp4 where `videos` are there."""
    skipped = Skipped()
    media = MediaFolder(touch(tmp_path / '-'.join(videos), *videos), ('.mp4',), skipped)
    entries = [Entry(name, (name,), 'official') for name in 'ab']
    rows = (
      (split, dataclasses.replace(row, path='/anywhere')) for split, row in listing.find_rows(entries, media, skipped)
    )
    return listing.write_listing(str(tmp_path / 'm'), 'tiny', Listing(rows), skipped)

  write('a.mp4')
  assert read_skipped(tmp_path / 'm')[1:] == [['missing_media', 'b', '']]
  with pytest.raises(ValueError, match='A manifest is never changed'):
    write('a.mp4', 'b.mp4', 'c.mp4')
  with pytest.raises(ValueError, match=r'Nothing is left to write.*2 listed, but.*\(unlisted_media\)\.$'):
    write('c.mp4')
  assert read_skipped(tmp_path / 'm')[1:] == [['missing_media', 'b', '']]
  assert write('a.mp4', 'c.mp4').splits == {'official': 1}
  assert read_skipped(tmp_path / 'm')[1:] == [['missing_media', 'b', ''], ['unlisted_media', 'c.mp4', '']]


def test_classes_of_a_sorted_list_are_mixed(tmp_path):
  names = [f'{label}_{number:02d}' for label in 'abcdefghij' for number in range(30)]
  media = MediaFolder(touch(tmp_path / 'media', *(f'{name}.mp4' for name in names)), ('.mp4',), Skipped())
  entries = [Entry(name, (name,), 'official', (name[0],)) for name in names]
  found = Listing(listing.find_rows(entries, media, Skipped()))
  rows = list(listing.write_listing(str(tmp_path / 'm'), 'tiny', found, Skipped()).rows('official'))
  assert sorted(row.video_id for row in rows) == names and [row.index for row in rows] == list(range(300))
  # Of 32 rows drawn at random 96.6 % of ten classes are seen, of a sorted list two.
  seen = [len({row.labels for row in rows[first : first + 32]}) for first in range(0, 288, 32)]
  assert np.mean(seen) > 9
  # Spans of one video stay neighbours, in their order: make_clips decodes them in one go.
  spans = [('train', Row(0, video, f'/{video}', float(start))) for start in range(3) for video in 'pqr']
  for first in (0, 3, 6):
    videos, starts = zip(
      *((row.video_id, row.start_seconds) for _, row in listing.mixed(spans)[first : first + 3]), strict=True
    )
    assert len(set(videos)) == 1 and starts == (0, 1, 2)


def test_nothing_left_is_an_error_that_says_why(tmp_path):
  skipped = Skipped()
  media = MediaFolder(touch(tmp_path / 'media', 'a.mp4'), ('.mp4',), skipped)
  found = Listing(listing.find_rows([Entry('b', ('b',), 'train')], media, skipped))
  with pytest.raises(ValueError, match=r'Nothing is left to write.*1 listed, but.*1 media files that.*skipped\.csv'):
    listing.write_listing(str(tmp_path / 'm'), 'tiny', found, skipped)
  assert not (tmp_path / 'm' / 'manifest.json').exists()
  assert len(read_skipped(tmp_path / 'm')) == 3


def test_tfds_reads_a_split_of_this_name(tmp_path):
  """TFDS keeps some names of splits for itself, such as 'all'."""
  import tensorflow_datasets as tfds

  template = tfds.core.ShardedFileTemplate(data_dir=str(tmp_path), dataset_name='a', filetype_suffix='tfrecord')
  info = tfds.core.SplitInfo(
    name=listing.OFFICIAL_SPLIT, shard_lengths=[3, 4], num_bytes=0, filename_template=template.replace(split='official')
  )
  splits = tfds.core.SplitDict([info])
  assert splits[listing.OFFICIAL_SPLIT].num_examples == 7
  assert splits['official[3:]'].num_examples == 4
  assert json.dumps(sorted(splits)) == '["official"]'
