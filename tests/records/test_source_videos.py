"""Sources by the names of the real data sets, and a draw of whole sources, against loops over all clips."""

import types

import numpy as np
import pytest

from xdc_tf.cli import configuration
from xdc_tf.evaluation.finetuning import Finetuning
from xdc_tf.manifest import manifest
from xdc_tf.records import source_videos

# (video_id, what its source is to have in common with others), as the data sets call their clips.
NAMES = {
  'ucf101': [
    ('v_ApplyEyeMakeup_g08_c01', 0),
    ('v_ApplyEyeMakeup_g08_c05', 0),
    ('v_ApplyEyeMakeup_g09_c01', 1),
    ('v_HandStandPushups_g08_c01', 2),
    ('UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c02.avi', 0),
  ],
  'hmdb51': [
    ('TrumanShow_wave_f_nm_np1_fr_med_26', 0),
    ('TrumanShow_wave_u_cm_np2_ba_bad_3', 0),
    ('TrumanShow_talk_h_nm_np1_fr_goo_26', 1),
    ('#20_Rhythm_clap_u_nm_np1_le_goo_4', 2),
    ('#20_Rhythm_clap_u_nm_np1_fr_goo_0', 2),
    ('wave_and_say_hi_wave_u_nm_np1_fr_med_0', 3),
    ('(Rad)Schlag_die_Bank!_cartwheel_f_cm_np1_le_med_0', 4),
    ('8YearOldHitsaHomeRunBaseball_swing_baseball_f_cm_np1_fr_bad_0', 5),
    ('AgentCodyBanks_climb_stairs_f_cm_np1_fr_med_9', 6),
    ('AgentCodyBanks_climb_stairs_l_cm_np1_ri_med_10', 6),
  ],
  'esc50': [('5-9032-A-0', 0), ('1-100032-A-0', 1), ('1-100032-B-0', 1), ('5-9032-C-36', 0), ('4-100323-A-1', 2)],
}


def fake_records(directory, video_ids):
  rows = [('train', manifest.Row(0, video_id, 'x.mp4')) for video_id in video_ids]
  manifest.write_manifest(str(directory), 'set', rows)
  return types.SimpleNamespace(manifest_directory=str(directory), num_rows=lambda split: len(rows))


@pytest.mark.parametrize('data_set', NAMES)
def test_the_patterns_of_the_data_sets(tmp_path, data_set):
  configuration.load([f'transfer/{data_set}.gin', 'transfer/full.gin'], [], Finetuning)
  pattern = configuration.finetuning().held_out_group
  names, expected = zip(*NAMES[data_set], strict=True)
  found = source_videos.read_sources(fake_records(tmp_path, names), 'train', pattern)
  assert found.tolist() == list(expected)


def test_without_a_pattern_every_video_is_a_source(tmp_path):
  records = fake_records(tmp_path, ['a', 'a', 'b c', 'b\nc', 'a'])
  assert source_videos.read_sources(records, 'train', '').tolist() == [0, 0, 1, 2, 0]


@pytest.mark.parametrize('pattern', ['(v_.+)_c[0-9]+$', 'v_|(x)'])
def test_a_video_that_the_pattern_does_not_match_is_named(tmp_path, pattern):
  records = fake_records(tmp_path, ['v_A_g01_c01', 'v_B'])
  with pytest.raises(ValueError) as error:
    source_videos.read_sources(records, 'train', pattern)
  assert repr(pattern) in str(error.value) and "'v_" in str(error.value)


def cut_films(seed: int, num_classes: int, num_films: int, longest: int) -> tuple[np.ndarray, np.ndarray]:
  """Classes of films of 1 to `longest` clips each, in random order, as UCF101's groups."""
  random = np.random.default_rng(seed)
  pairs = [
    (c, (c, f)) for c in range(num_classes) for f in range(num_films) for _ in range(random.integers(1, longest + 1))
  ]
  films = sorted({film for _, film in pairs})
  pairs = [pairs[i] for i in random.permutation(len(pairs))]
  return np.array([c for c, _ in pairs]), np.array([films.index(film) for _, film in pairs])


@pytest.mark.parametrize(('num_films', 'longest'), [(25, 7), (3, 30), (2, 9), (1, 5)])
@pytest.mark.parametrize('share', [0.2, 0.5, 0.9])
def test_every_class_gives_whole_sources_that_make_its_share(num_films, longest, share):
  for seed in range(5):
    labels, films = cut_films(seed, 4, num_films, longest)
    drawn = source_videos.draw(labels, films, share, seed)
    for film in set(films):
      assert len({bool(d) for d, f in zip(drawn, films, strict=True) if f == film}) == 1
    for label in range(4):
      given = {f for d, f, c in zip(drawn, films, labels, strict=True) if d and c == label}
      kept = {f for d, f, c in zip(drawn, films, labels, strict=True) if not d and c == label}
      assert kept and (given or num_films == 1)
      sizes = {f: sum(films == f) for f in given | kept}
      missing = share * sum(sizes.values()) - sum(sizes[f] for f in given)
      # As near as whole sources come, up to rounding, unless a source more would be the last one or one less none.
      assert missing <= max(sizes.values()) / 2 + 0.5 or len(kept) == 1
      assert -missing <= max(sizes.values()) / 2 + 0.5 or len(given) == 1


def test_sources_of_several_classes_are_drawn_whole_and_leave_every_class_one():
  for seed in range(50):
    random = np.random.default_rng(seed)
    labels, films = random.integers(0, 6, 60), random.integers(0, 12, 60)
    drawn = source_videos.draw(labels, films, 0.4, seed)
    assert not set(films[drawn]) & set(films[~drawn])
    for label in range(6):
      assert (~drawn & (labels == label)).any()
    assert 0.3 < drawn.mean() < 0.55


def test_the_draw_depends_on_the_seed_alone():
  labels, films = cut_films(0, 5, 10, 6)
  first = source_videos.draw(labels, films, 0.2, 7)
  np.testing.assert_array_equal(source_videos.draw(labels, films, 0.2, 7), first)
  assert (source_videos.draw(labels, films, 0.2, 8) != first).any()
  renamed = source_videos.draw(labels, films * 10 + 3, 0.2, 7)
  np.testing.assert_array_equal(renamed, first)
