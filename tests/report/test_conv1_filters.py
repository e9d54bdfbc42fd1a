"""The picture of the filters, pixel by pixel."""

import sys

import numpy as np
import pytest
import tensorflow as tf

from xdc_tf import plots
from xdc_tf.models import AudioResNet18, R2Plus1D18, ResNet3D18
from xdc_tf.report import conv1_filters


def set_kernel(layer, function):
  """Sets a kernel to function(*places), and returns it."""
  kernel = getattr(layer, 'convolution', layer).kernel
  kernel.assign(np.fromfunction(function, tuple(kernel.shape), dtype=np.float32))
  return np.asarray(kernel)


@pytest.fixture(scope='module')
def encoder():
  """R(2+1)D with 5 spatial and 8 temporal filters, all different, in no order of strength."""
  made = R2Plus1D18(base_width=8, blocks_per_stage=1)
  stem = made.stem.convolution
  set_kernel(stem.spatial, lambda y, x, c, f: (1 + (f * 3) % 5) * np.sin(1 + y + 2 * x + 3 * c + f))
  set_kernel(stem.temporal, lambda t, _, p, f: (1 + (f * 3) % 8) * np.cos(1 + t + 2 * p + f))
  return made


def slow_order(kernel):
  norms = [float(np.sqrt((kernel[..., f].astype(np.float64) ** 2).sum())) for f in range(kernel.shape[-1])]
  return sorted(range(len(norms)), key=lambda f: (-norms[f], f))


def test_spatial_filters_are_tiles_of_their_own_range_the_strongest_first(encoder):
  kernel = np.asarray(encoder.stem.convolution.spatial.convolution.kernel)
  panel = conv1_filters.panels(encoder)[0]
  assert panel.title == 'spatial 7x7'
  assert panel.order.tolist() == slow_order(kernel) != list(range(5))
  assert panel.picture.shape == (3 * 8 + 1, 2 * 8 + 1, 3)
  expected = np.ones_like(panel.picture)
  for place, number in enumerate(panel.order):
    weights = kernel[..., number]
    for y, x, c in np.ndindex(7, 7, 3):
      expected[1 + place // 2 * 8 + y, 1 + place % 2 * 8 + x, c] = 0.5 + weights[y, x, c] / np.abs(weights).max() / 2
  np.testing.assert_allclose(panel.picture, expected, atol=1e-6)


def test_temporal_filters_are_rows_over_the_spatial_ones_in_their_order(encoder):
  kernel = np.asarray(encoder.stem.convolution.temporal.convolution.kernel)
  spatial, panel = conv1_filters.panels(encoder)
  assert panel.title.startswith('temporal 3x1x1')
  assert panel.order.tolist() == slow_order(kernel)
  assert panel.picture.shape == (8, 5 * 4 + 1)
  expected = np.full([8, 21], np.nan, np.float32)
  for row, number in enumerate(panel.order):
    for column, plane in enumerate(spatial.order):
      for t in range(3):
        expected[row, 1 + 4 * column + t] = kernel[t, 0, plane, number] / np.abs(kernel[..., number]).max()
  np.testing.assert_allclose(panel.picture, expected, atol=1e-6)


def test_other_encoders_have_one_panel():
  (panel,) = conv1_filters.panels(ResNet3D18(base_width=4, blocks_per_stage=1))
  assert (panel.title, panel.picture.shape) == ('spatio-temporal 3x7x7', (4 * 8 + 1, 22 + 1, 3))
  audio = AudioResNet18(base_width=4, blocks_per_stage=1)
  kernel = set_kernel(audio.stem.convolution, lambda m, t, _, f: (m + 10 * t) * (4 - f))
  (panel,) = conv1_filters.panels(audio)
  assert (panel.title, panel.picture.shape, panel.order.tolist()) == ('mel x time 7x7', (17, 17), [0, 1, 2, 3])
  # The lowest mel filter is the lowest row.
  np.testing.assert_allclose(panel.picture[7, 1:8], kernel[0, :, 0, 0] / kernel[..., 0].max(), atol=1e-6)
  small = AudioResNet18(base_width=8, blocks_per_stage=1, stem='vmz')
  assert conv1_filters.panels(small)[0].title == 'mel x time 3x3'


def test_equal_filters_keep_their_order_and_zeros_stay_in_the_middle():
  kernel = np.zeros([2, 2, 1, 3], np.float32)
  kernel[0, 0, 0, 1:] = (2.0, -2.0)
  assert conv1_filters.strongest_first(kernel).tolist() == [1, 2, 0]
  np.testing.assert_array_equal(conv1_filters.normalized(kernel)[0, 0, 0], [0, 1, -1])


def test_the_figure_has_every_panel_and_the_colours_of_a_known_filter(tmp_path, encoder, monkeypatch):
  figures = []
  save = plots.save
  monkeypatch.setattr(plots, 'save', lambda figure, path: (figures.append(figure), save(figure, path)))
  path = str(tmp_path / 'filters.png')
  panels = conv1_filters.panels(encoder)
  audio = conv1_filters.panels(AudioResNet18(base_width=4, blocks_per_stage=1))
  conv1_filters.draw([('ours', panels), ('imported', audio)], path)
  (figure,) = figures
  assert [axis.get_title().split('\n')[0] for axis in figure.axes] == [
    '5 spatial 7x7', '8 temporal 3x1x1', '4 mel x time 7x7'
  ]  # fmt: skip
  assert [part.get_suptitle() for part in figure.subfigs] == ['ours', 'imported']
  image = tf.io.decode_png(tf.io.read_file(path), channels=3).numpy()

  def pixel(axis, y, x):
    """The colour of the file where an axis shows a place of its picture."""
    right, up = axis.transData.transform((x, y)) / figure.dpi * 150
    return image[image.shape[0] - 1 - int(up), int(right)]

  for y, x in ((1, 1), (4, 6), (15, 9), (23, 3)):
    np.testing.assert_allclose(pixel(figure.axes[0], y, x), 255 * panels[0].picture[y, x], atol=1.5)
  weights = panels[1].picture
  red, blue = (np.unravel_index(find(weights), weights.shape) for find in (np.nanargmax, np.nanargmin))
  assert weights[red] == 1.0
  np.testing.assert_array_equal(pixel(figure.axes[1], *red), [103, 0, 31])  # The red end of matplotlib's RdBu_r.
  r, g, b = pixel(figure.axes[1], *blue).astype(int)
  assert b > g > r
  np.testing.assert_array_equal(pixel(figure.axes[1], 3, 4), [178] * 3)  # A gap.


@pytest.mark.parametrize(('ending', 'start'), [('svg', b'<?xml'), ('pdf', b'%PDF')])
def test_the_ending_says_the_format_and_the_same_filters_give_the_same_file(tmp_path, encoder, ending, start):
  # The second stands for what TensorFlow alone can write to.
  paths = [f'{tmp_path}/a.{ending}', f'ram://filters/b.{ending}']
  for path in paths:
    conv1_filters.draw([('ours', conv1_filters.panels(encoder))], path)
  first, second = (tf.io.read_file(path).numpy() for path in paths)
  assert first == second and first.startswith(start)


def test_what_cannot_be_drawn_is_an_error_that_helps(tmp_path, encoder, monkeypatch):
  rows = [('ours', conv1_filters.panels(encoder))]
  with pytest.raises(ValueError, match=r'ends in \.png, \.svg, \.pdf\. Received: .*filters\.jpg'):
    conv1_filters.draw(rows, str(tmp_path / 'filters.jpg'))
  monkeypatch.setitem(sys.modules, 'matplotlib', None)
  with pytest.raises(RuntimeError, match=r"pip install 'xdc-tf\[plots\]'"):
    conv1_filters.draw(rows, str(tmp_path / 'filters.png'))
  assert not list(tmp_path.iterdir())
