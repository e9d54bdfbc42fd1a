import numpy as np
import pytest

from xdc_tf.evaluation import retrieval
from xdc_tf.evaluation.retrieval import recall_at, same_part_rate


def test_rate_and_chance_on_a_case_worked_out_by_hand():
  # Two parts of 20 s with spans at 0, 2, 10, 12 and 20, 22, 30, 32. Queries: the spans at 0 and at 30.
  starts = np.array([0, 2, 10, 12, 20, 22, 30, 32.0])
  angle = np.array([0, 0.01, 0.5, 2.0, 0.1, 1.5, 1.45, 1.46])
  features = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.arange(1, 9)[:, None]  # Length must not matter.
  is_query = np.isin(starts, [0, 30])
  rate, chance = same_part_rate(features, np.zeros(8), starts, is_query, part_seconds=20, neighbour_seconds=3)
  # Query 0: its neighbour in time (2 s) is left out, so the nearest is 20 s (angle .1), in the other part: a miss, of 2 in 6.
  # Query 30: 32 s is left out, the nearest is 22 s (angle 1.5), in the same part: a hit, of 2 in 6.
  assert rate == 0.5
  assert chance == pytest.approx(2 / 6)


def test_same_time_in_another_video_is_neither_a_neighbour_nor_the_same_part():
  features = np.array([[1, 0], [1, 0.01], [0.5, 1]])
  videos = np.array(['a', 'b', 'a'])
  rate, chance = same_part_rate(features, videos, np.array([0, 0, 8.0]), np.array([True, False, False]), 20, 3)
  assert (rate, chance) == (0.0, 0.5)


def test_videos_too_short_to_measure_have_no_number():
  rates = same_part_rate(np.ones([2, 3]), np.zeros(2), np.array([0, 2.0]), np.ones(2, bool), 20, 3)
  assert np.isnan(rates).all()


def test_recall_against_sorting_by_hand():
  random = np.random.default_rng(0)
  labels = {part: random.integers(0, 6, n) for part, n in (('train', 30), ('test', 25))}
  features = {part: random.normal(size=(len(found), 4, 3)) for part, found in labels.items()}
  # Length must not matter, not even that of one video among others.
  features['train'] *= random.uniform(0.1, 10, (30, 1, 1))
  expected = dict.fromkeys((1, 5, 20), 0.0)
  for query, label in zip(features['test'], labels['test'], strict=True):
    q = query.mean(axis=0)
    distances = []
    for video, its_label in zip(features['train'], labels['train'], strict=True):
      v = video.mean(axis=0)
      distances.append((1 - q @ v / np.sqrt((q @ q) * (v @ v)), its_label))
    distances.sort()
    for k in expected:
      expected[k] += (label in [its_label for _, its_label in distances[:k]]) / 25
  found = recall_at(features['train'], labels['train'], features['test'], labels['test'])
  assert found == pytest.approx(expected)
  assert 0.05 < found[1] < found[5] < found[20] <= 1


def test_recall_where_there_are_fewer_videos_than_neighbours():
  train, test = np.eye(3)[:, np.newaxis], np.eye(3)[[0, 1], np.newaxis]
  assert recall_at(train, np.array([0, 1, 2]), test, np.array([0, 2])) == {1: 0.5, 5: 1.0, 20: 1.0}
  assert recall_at(train, np.array([0, 1, 2]), test, np.array([7, 8])) == {1: 0.0, 5: 0.0, 20: 0.0}
  with pytest.raises(ValueError, match='Received: 0 and 2'):
    recall_at(train[:0], np.zeros(0), test, np.array([0, 2]))


@pytest.mark.parametrize('number', [1, 20, 49, 50])
def test_the_nearest_are_those_of_a_stable_sort_of_all(number):
  """Of equal values the first column comes first."""
  similarity = np.random.default_rng(number).integers(0, 6, [30, 50]).astype(np.float32)
  expected = np.argsort(-similarity, axis=1, kind='stable')[:, :number]
  np.testing.assert_array_equal(retrieval.nearest_columns(similarity, number), expected)
