"""The moving picture of the README: its pictures, and that dots of one digit come together."""

import types

import numpy as np
import pytest

from benchmarks import moving_picture
from xdc_tf.clustering.feature_store import write_shard


@pytest.mark.slow
def test_clips_that_are_alike_come_together(tmp_path):
  """Features of two kinds in the last iteration: each dot is nearer to those of its kind than to the others."""
  random, kind = np.random.default_rng(0), np.arange(80) % 2
  for number, distance in enumerate((0.0, 8.0)):
    features = random.normal(0, 1, [80, 6]) + distance * np.eye(6)[kind]
    order = random.permutation(80)
    write_shard(str(tmp_path / str(number)), 'train', 0, 1, order, features[order].astype(np.float32))
  run = types.SimpleNamespace(
    config=types.SimpleNamespace(num_iterations=1),
    iteration=lambda number: types.SimpleNamespace(features=lambda encoder: str(tmp_path / str(number))),
  )
  assert moving_picture.lay_out(run, 'video', np.arange(8))[0].shape == (8, 2)
  clips = np.arange(70)
  first, last = moving_picture.lay_out(run, 'video', clips)
  for places, together in ((first, False), (last, True)):
    assert places.shape == (70, 2) and np.abs(places).max() == 1.0
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + 10 * np.eye(70)
    share = (kind[clips][distances.argmin(axis=1)] == kind[clips]).mean()
    assert (share > 0.95) == together


@pytest.mark.slow
def test_dots_rest_and_move_and_rest():
  layouts = {encoder: [np.full([1, 2], place) for place in (-1.0, 1.0)] for encoder in ('video', 'audio')}
  shown = [np.asarray(picture, int) for picture in moving_picture.pictures(layouts, np.array([3]))]
  assert len(shown) == 4 * moving_picture.STILL + moving_picture.MOVING
  red = [(p[..., 0] > p[..., 1] + 80).any(axis=1).nonzero()[0] for p in shown]  # tab10's fourth colour.
  rows = [float(found.mean()) for found in red]
  assert all(row == rows[0] for row in rows[: moving_picture.STILL - 1]) and rows[0] > rows[-1]
  assert all(after <= before for before, after in zip(rows, rows[1:], strict=False))
