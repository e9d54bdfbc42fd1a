"""The layers of G-TAD against slow numpy, one node, one proposal and one point at a time."""

import math

import numpy as np
import pytest

from xdc_tf.localization import graphs, sub_graphs
from xdc_tf.localization.network import GTADNetwork
from xdc_tf.localization.options import GTAD, SnippetWindows
from xdc_tf.models.residual import layer_seeds

RANDOM = np.random.default_rng(0)
SIZES = GTAD(width=8, feature_groups=2, paths=2, path_width=3, neighbours=3, bins=4, sub_graph_width=6, map_width=5)


def give_biases(layer) -> None:
  """New biases are 0, so that a wrong use of them would not be seen."""
  for weight in layer.trainable_variables:
    if 'bias' in weight.name:
      weight.assign(RANDOM.normal(size=weight.shape))


def neighbours(x: np.ndarray, k: int) -> np.ndarray:
  distances = ((x[:, None] - x[None]) ** 2).sum(axis=2)
  return np.argsort(distances, axis=1, kind='stable')[:, :k]


@pytest.mark.stack
def test_nearest_neighbours():
  x = RANDOM.normal(size=(2, 9, 5)).astype(np.float32)
  found = graphs.nearest_neighbours(x, 4).numpy()
  assert found.tolist() == [neighbours(window, 4).tolist() for window in x]
  assert (found[..., 0] == np.arange(9)).all()
  features = graphs.neighbour_features(x, 4).numpy()
  np.testing.assert_array_equal(features[1, 3, 2], x[1, found[1, 3, 2]])


def grouped(x: np.ndarray, layer) -> np.ndarray:
  """[T, C] -> [T, filters], group by group and snippet by snippet."""
  kernel, length = np.asarray(layer.kernel), len(x)
  padded = np.pad(x, ((1, 1), (0, 0))) if layer.kernel_size == 3 else x
  per_group = x.shape[1] // layer.groups
  rows = []
  for t in range(length):
    taps = [padded[t + i] for i in range(layer.kernel_size)]
    parts = [
      np.concatenate([tap[g * per_group : (g + 1) * per_group] for tap in taps]) @ kernel[g]
      for g in range(layer.groups)
    ]
    rows.append(np.concatenate(parts) + np.asarray(layer.bias))
  return np.maximum(rows, 0)


@pytest.mark.parametrize('kernel_size', [1, 3])
def test_grouped_convolution(kernel_size):
  layer = graphs.GroupedConvolution(6, 4, kernel_size, 2, seed=0)
  give_biases(layer)
  assert np.abs(layer.kernel).max() <= 1 / math.sqrt(kernel_size * 3)
  x = RANDOM.normal(size=(2, 5, 6)).astype(np.float32)
  np.testing.assert_allclose(layer(x), [grouped(window, layer) for window in x], rtol=1e-4, atol=1e-5)
  with pytest.raises(ValueError, match='5 channels and 4 filters cannot be shared out to 2 groups'):
    graphs.GroupedConvolution(5, 4, 1, 2, seed=0)


def test_a_block_is_the_sum_of_both_graphs():
  block = graphs.GCNeXt(8, 2, 3, 3, layer_seeds(0))
  give_biases(block)
  (x,) = RANDOM.normal(size=(1, 7, 8)).astype(np.float32)

  def linear(layer, values):
    return values @ np.asarray(layer.kernel) + np.asarray(layer.bias)

  relu = lambda values: np.maximum(values, 0)  # noqa: E731
  temporal = linear(block.temporal_out, grouped(relu(linear(block.temporal_in, x)), block.temporal_paths))
  semantic = []
  for node, edges in enumerate(neighbours(x, 3)):
    pairs = np.stack([np.concatenate([x[other], x[node]]) for other in edges])
    hidden = grouped(relu(linear(block.semantic_in, pairs)), block.semantic_paths)
    semantic.append(linear(block.semantic_out, hidden).max(axis=0))
  np.testing.assert_allclose(block(x[None])[0], relu(x + temporal + semantic), rtol=1e-4, atol=1e-5)


def sampled(x: np.ndarray, first: int, duration: int, bins: int, context: float) -> np.ndarray:
  """SGAlign of one proposal, as G-TAD's Algorithm 1 and its code say: [T, C] -> [bins, C]."""
  length = duration + 1
  begin, end = first - context * length, first + duration + context * length
  width = max(end - begin, 1) / bins
  points = math.ceil(max(end - begin, 1) / bins)
  rows = np.zeros([bins, x.shape[1]])
  for bin_ in range(bins):
    for point in range(points):
      place = begin + bin_ * width + (point + 0.5) * width / points
      if -1 <= place <= len(x):
        place = min(max(place, 0), len(x) - 1)
        low = int(place)
        high = min(low + 1, len(x) - 1)
        rows[bin_] += ((1 - (place - low)) * x[low] + (place - low) * x[high]) / points
  return rows


@pytest.mark.parametrize(('bins', 'context'), [(4, 0.5), (3, 0.25), (16, 0.0)])
def test_sgalign_samples_every_proposal(bins, context):
  x = RANDOM.normal(size=(11, 2))
  found = np.einsum('dtrs,sc->dtrc', sub_graphs.sampling_matrix(11, 6, bins, context), x)
  for duration in range(6):
    for first in range(11):
      inside = first + duration < 11
      expected = sampled(x, first, duration, bins, context) if inside else np.zeros([bins, 2])
      np.testing.assert_allclose(found[duration, first], expected, atol=1e-6)


def test_a_sub_graph_by_hand():
  # Nodes 2 to 3, widened by one on either side: from 1 to 4 in two bins of two points each.
  row = sub_graphs.sampling_matrix(8, 4, 2, 0.5)[1, 2]
  expected = np.zeros([2, 8])
  expected[0, 1:4] = [0.625 / 2, (0.375 + 0.875) / 2, 0.125 / 2]  # The points 1.375 and 2.125.
  expected[1, 2:5] = [0.125 / 2, (0.875 + 0.375) / 2, 0.625 / 2]  # 2.875 and 3.625.
  np.testing.assert_allclose(row, expected)


def test_the_layer_before_the_matrix_is_the_layer_behind_it():
  layer = sub_graphs.SubGraphs(9, 4, SIZES, seed=0)
  give_biases(layer)
  (x,) = RANDOM.normal(size=(1, 9, 8)).astype(np.float32)
  means = np.stack([x[edges].mean(axis=0) for edges in neighbours(x, 3)])
  kernel = np.asarray(layer.kernel).reshape(16, 4, 6)  # [nodes beside means, bins, filters]
  (found,) = layer(x[None]).numpy()
  assert found.shape == (4, 9, 6)
  for duration in range(4):
    for first in range(9 - duration):
      parts = np.concatenate([sampled(part, first, duration, 4, 0.5) for part in (x, means)], axis=1)  # [bins, 16]
      expected = np.maximum(np.einsum('rc,crf->f', parts, kernel) + np.asarray(layer.bias), 0)
      np.testing.assert_allclose(found[duration, first], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.stack
def test_the_network_s_scores_and_weights():
  windows = SnippetWindows(length=12, stride=6, max_duration=5)
  network = GTADNetwork(10, windows, SIZES, seed=3)
  scores = network(RANDOM.normal(size=(2, 12, 10)).astype(np.float32))
  assert [value.shape for value in scores] == [(2, 5, 12)] * 2 + [(2, 12)] * 2
  for value in scores:
    assert 0.2 < value.numpy().min() < value.numpy().max() < 0.8
  again, other = GTADNetwork(10, windows, SIZES, seed=3), GTADNetwork(10, windows, SIZES, seed=4)
  for a, b, c in zip(network.trainable_variables, again.trainable_variables, other.trainable_variables, strict=True):
    np.testing.assert_array_equal(a, b)
    assert 'bias' in a.name or not np.array_equal(a, c)
  assert not network.non_trainable_variables


def test_the_sizes_of_g_tad():
  """The number of weights of G-TAD's THUMOS14 release for features of 512 numbers, from its layers by hand."""
  block = (256 * 128 + 128) + (4 * 3 * 128 + 128) + (128 * 256 + 256)  # The temporal graph,
  block += (512 * 128 + 128) + (4 * 128 + 128) + (128 * 256 + 256)  # and the semantic one.
  maps = (2 * 16 * 256 * 512 + 512) + (512 * 128 + 128) + 2 * (9 * 128 * 128 + 128) + (128 * 2 + 2)
  expected = (512 // 4 * 3 * 256 + 256) + 4 * block + 2 * 257 + maps
  # Two times two snippets: the windows have no weights.
  assert GTADNetwork(512, SnippetWindows(2, 1, 2), GTAD()).count_params() == expected == 5_322_628


@pytest.mark.parametrize(
  ('sizes', 'message'),
  [({'paths': 0}, 'must be positive'), ({'width': 30}, 'GTAD.width must be a multiple of feature_groups')],
)
def test_sizes_that_cannot_be(sizes, message):
  with pytest.raises(ValueError, match=message):
    GTAD(**sizes)
