"""The linear probe on features whose answer is known."""

import numpy as np
import pytest

from xdc_tf.evaluation.linear_probe import choose_per_class, linear_probe


def test_it_reads_what_is_linear_and_nothing_else():
  random = np.random.default_rng(0)
  labels = np.repeat(np.arange(4), 50).astype(np.int32)
  angle = np.pi / 2 * labels + random.uniform(-0.6, 0.6, 200)
  # The scale of a feature must not matter, nor must noise beside it.
  features = np.stack([1e-3 * np.cos(angle), 1e3 * np.sin(angle), random.normal(size=200)], axis=1)
  assert linear_probe(features[::2], labels[::2], features[1::2], labels[1::2]) == 1.0
  noise = random.normal(size=(200, 3))
  assert linear_probe(noise[::2], labels[::2], noise[1::2], labels[1::2]) < 0.5


def test_clips_without_a_label_count_nowhere():
  features = np.array([[-1.0], [-1.1], [1.0], [1.1], [-9.0]])
  labels = np.array([0, 0, 1, 1, -1])
  test_labels = np.array([0, 1, 1, -1, -1])
  # Of the three labelled test clips, the second looks like class 0.
  assert linear_probe(features, labels, features, test_labels) == pytest.approx(2 / 3)
  with pytest.raises(ValueError, match='Received: 1 classes and 3 labelled test clips'):
    linear_probe(features, np.array([0, 0, -1, -1, -1]), features, test_labels)


def test_few_clips_of_every_class():
  labels = np.array([0] * 30 + [1] * 5 + [2] * 30 + [-1] * 20)
  chosen = choose_per_class(labels, 10, seed=1)
  assert np.bincount(labels[chosen]).tolist() == [10, 5, 10]
  np.testing.assert_array_equal(chosen, choose_per_class(labels, 10, seed=1))
  assert (chosen != choose_per_class(labels, 10, seed=2)).any()
