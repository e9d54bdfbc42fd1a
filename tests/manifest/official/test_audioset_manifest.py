import hashlib
import json

import pytest
from official_factory import literal, times, touch, write

from xdc_tf.manifest.official import audioset
from xdc_tf.manifest.official.listing import Skipped

COMMENTS = (
  '# Segments csv created Sun Mar  5 10:54:31 2017\n'
  '# num_ytids=22160, num_segs=22160, num_unique_labels=527, num_positive_labels=52882\n'
  '# YTID, start_seconds, end_seconds, positive_labels\n'
)
LISTS = {
  'balanced_train_segments.csv': COMMENTS
  + '--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"\n'
  + '_xxxxxxxxx_, 0.000, 10.000, "/m/03fwl"\n',
  'unbalanced_train_segments.csv': COMMENTS
  + 'a_b_c_d_e_f, 420.500, 430.500, "/m/09x0r,/m/zzz"\n'
  + 'never_down1, 0.000, 10.000, "/m/09x0r"\n'
  + 'ggggggggggg, 21.000, 31.000, "/m/bell1,/m/bell2"\n',
  'eval_segments.csv': COMMENTS + '-0123456789, 5.000, 15.000, "/m/03fwl"\n',
}
ONTOLOGY = [
  {'id': '/m/09x0r', 'name': 'Speech', 'child_ids': []},
  {'id': '/t/dd00088', 'name': 'Gush', 'child_ids': []},
  {'id': '/m/03fwl', 'name': 'Goat; kid', 'child_ids': []},
  {'id': '/m/bell1', 'name': 'Bell', 'child_ids': []},
  {'id': '/m/bell2', 'name': 'Bell', 'child_ids': []},
]
MEDIA = (
  '--PJHxphWEs_30.000_40.000.mp4',
  'sound/_xxxxxxxxx_.wav',
  'a_b_c_d_e_f_420500_430500.mkv',
  'ggggggggggg_000021_000031.mp4',
  'eval/-0123456789_5_15.flac',
  'eval/-0123456789_6_16.flac',
)


@pytest.fixture
def folders(tmp_path):
  lists = write(tmp_path / 'lists', {**LISTS, 'ontology.json': json.dumps(ONTOLOGY)})
  return [f'{lists}/{name}' for name in LISTS], f'{lists}/ontology.json', touch(tmp_path / 'media', *MEDIA)


def test_every_row_and_everything_left_out(folders):
  lists, ontology, media = folders
  skipped = Skipped()
  listing = audioset.read(lists, ontology, media, skipped)
  assert literal(listing, media) == [
    ('train', '--PJHxphWEs', MEDIA[0], ('Speech', 'Gush'), ()),
    ('train', '_xxxxxxxxx_', MEDIA[1], ('Goat, kid',), ()),
    ('train', 'a_b_c_d_e_f', MEDIA[2], ('Speech',), ()),
    ('train', 'ggggggggggg', MEDIA[3], ('Bell (/m/bell1)', 'Bell (/m/bell2)'), ()),
    ('validation', '-0123456789', MEDIA[4], ('Goat, kid',), ()),
  ]
  assert skipped.entries == [
    ('unknown_class', 'a_b_c_d_e_f', f'/m/zzz is not in the ontology ({lists[1]}, line 4); the clip is kept'),
    ('missing_media', 'never_down1', f'{lists[1]}, line 5'),
    ('unlisted_media', MEDIA[5], ''),
  ]
  assert {(start, end) for _, start, end in times(audioset.read(lists, ontology, media, Skipped()))} == {(0.0, None)}


def test_whole_videos_are_cut_as_listed(folders, tmp_path):
  lists, ontology, _ = folders
  media = touch(tmp_path / 'whole', 'a_b_c_d_e_f.mp4', '-0123456789.mp4', '--PJHxphWEs_30.000_40.000.mp4')
  skipped = Skipped()
  listing = audioset.read(lists, ontology, media, skipped, whole_videos=True)
  assert times(listing) == [('a_b_c_d_e_f', 420.5, 430.5), ('-0123456789', 5.0, 15.0)]
  assert ('unlisted_media', '--PJHxphWEs_30.000_40.000.mp4', '') in skipped.entries


def test_the_subset_is_a_function_of_seed_and_names(tmp_path):
  names = [f'video{number:06d}' for number in range(200)]
  ontology = write(tmp_path, {'ontology.json': json.dumps(ONTOLOGY)}) + '/ontology.json'
  lines = [f'{name}, 0.000, 10.000, "/m/09x0r"\n' for name in names]
  write(tmp_path, {'a_train.csv': COMMENTS + ''.join(lines), 'b_train.csv': COMMENTS + ''.join(reversed(lines))})
  write(tmp_path, {'eval.csv': COMMENTS + 'held_out_01, 0, 10, "/m/09x0r"\n'})
  media = touch(tmp_path / 'media', 'held_out_01.mp4', *(f'{name}.mp4' for name in names if name != 'video000007'))

  def draw(name, subset, seed):
    skipped = Skipped()
    paths = [f'{tmp_path}/{name}', f'{tmp_path}/eval.csv']
    rows = list(audioset.read(paths, ontology, media, skipped, subset=subset, seed=seed).rows)
    assert [row.video_id for split, row in rows if split == 'validation'] == ['held_out_01']
    return [row.video_id for split, row in rows if split == 'train'], skipped.entries

  chosen, entries = draw('a_train.csv', 50, 0)
  order = sorted(names, key=lambda name: hashlib.sha256(f'0 {name}'.encode()).digest())
  assert chosen == sorted([name for name in order if name != 'video000007'][:50])
  # What the draw leaves aside has not been lost; what is missing has.
  assert entries == [('missing_media', 'video000007', f'{tmp_path}/a_train.csv, line 11')]
  assert sorted(draw('b_train.csv', 50, 0)[0]) == chosen
  assert set(draw('a_train.csv', 60, 0)[0]) > set(chosen)
  assert draw('a_train.csv', 50, 1)[0] != chosen
  everything, entries = draw('a_train.csv', 201, 0)
  assert len(everything) == 199
  assert [entry for entry in entries if entry[0] == 'subset_short'] == [
    ('subset_short', '201', 'only 199 training clips have a media file')
  ]


@pytest.mark.parametrize(
  'line',
  [
    '--PJHxphWEs, 30.000, 40.000, /m/09x0r,/t/dd00088',
    '--PJHxphWEs, 30.000, 40.000',
    '--PJHxphWEs, 40.000, 30.000, "/m/09x0r"',
    '--PJHxphWEs, thirty, 40.000, "/m/09x0r"',
    '--PJHxphWEs, 30.000, 40.000, ""',
  ],
)
def test_a_damaged_line_is_named(folders, tmp_path, line):
  _, ontology, media = folders
  write(tmp_path, {'train.csv': COMMENTS + f'{line}\n'})
  with pytest.raises(ValueError, match=r'train\.csv, line 4: found .--PJH.*; expected YTID, start, end, "mid,mid"'):
    list(audioset.read([f'{tmp_path}/train.csv'], ontology, media, Skipped()).rows)


def test_what_cannot_be_is_refused(folders, tmp_path):
  lists, ontology, media = folders
  write(tmp_path, {'segments.csv': COMMENTS, 'ontology.json': '{"classes": 3}'})
  with pytest.raises(ValueError, match=r'segments\.csv does not tell its split'):
    audioset.read([f'{tmp_path}/segments.csv'], ontology, media, Skipped())
  with pytest.raises(ValueError, match=r'ontology\.json is not the ontology of AudioSet'):
    audioset.read(lists, f'{tmp_path}/ontology.json', media, Skipped())
  with pytest.raises(ValueError, match='subset is -1'):
    audioset.read(lists, ontology, media, Skipped(), subset=-1)
