"""The filters of an encoder's first convolution as pictures (Figure 3 of the paper).

R(2+1)D's conv1 is a 7x7 convolution of each frame and then one over 3 frames: two panels. ResNet3D's is one of 3x7x7, whose three
frames stand side by side; an audio encoder's is one of 7x7 over mel filters and time.

- Normalisation: every filter is divided by its largest absolute weight, so that each uses the whole range of colours and filters of
  different strength can be compared in form. Zero is in the middle. A filter of zeros stays in the middle.
- Order: the strongest filter first, by the L2 norm of its weights before the normalisation; equal ones by their number in the
  network. Filters that never learned fade under weight decay and come last. The network's own order means nothing.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from xdc_tf import plots

_PIXEL_INCHES = 0.045
_LONGEST_PANEL_INCHES = 7.0


@dataclasses.dataclass(frozen=True)
class FilterPanel:
  """All filters of one kind of one encoder.

  Attributes:
    title: e.g. 'spatial 7x7'.
    order: int64 [n], the filters' numbers in the network, in the order in which they are shown.
    picture: float32 [height, width, 3], colours in 0 .. 1 between white gaps; or [height, width], weights in -1 .. 1 with nan in
      the gaps; drawn from blue by white to red.
  """

  title: str
  order: np.ndarray
  picture: np.ndarray


def normalized(kernel: np.ndarray) -> np.ndarray:
  """Divides every filter by its largest absolute weight: float32 [..., filters] -> [..., filters] in -1 .. 1; zeros stay zeros."""
  largest = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))
  return kernel / np.where(largest > 0, largest, 1)


def strongest_first(kernel: np.ndarray) -> np.ndarray:
  """Returns the numbers of the filters of [..., filters], the largest L2 norm first: int64 [filters]."""
  norms = np.square(kernel.reshape(-1, kernel.shape[-1]), dtype=np.float64).sum(axis=0)
  return np.argsort(-norms, kind='stable')


def mosaic(tiles: np.ndarray, columns: int, filling: float, row_gap: int = 1) -> np.ndarray:
  """Lays tiles out in rows, a pixel apart and a pixel from the border.

  Args:
    tiles: float32 [n, height, width, *channels].
    columns: tiles in a row.
    filling: the filling of the gaps, and of what the last row lacks.
    row_gap: pixels between two rows, instead of one.

  Returns:
    float32 [rows * (height + row_gap) + row_gap, columns * (width + 1) + 1, *channels].
  """
  n, height, width, *channels = tiles.shape
  rows = -(-n // columns)
  shape = [rows * (height + row_gap) + row_gap, columns * (width + 1) + 1]
  picture = np.full([*shape, *channels], filling, np.float32)
  for number, tile in enumerate(tiles):
    row, column = divmod(number, columns)
    y, x = row * (height + row_gap) + row_gap, column * (width + 1) + 1
    picture[y : y + height, x : x + width] = tile
  return picture


def panels(encoder: Any) -> list[FilterPanel]:
  """Returns the panels of an encoder of xdc_tf.models: two of R(2+1)D (spatial, temporal), one of the others."""
  stem = encoder.stem.convolution
  if hasattr(stem, 'spatial'):
    spatial, temporal = _kernel(stem.spatial), _kernel(stem.temporal)
    panel = _colour_panel(spatial[np.newaxis], 'spatial')
    return [panel, _temporal_panel(temporal[:, 0], panel.order)]
  kernel = _kernel(stem)
  return [_audio_panel(kernel) if encoder.modality == 'audio' else _colour_panel(kernel, 'spatio-temporal')]


def _kernel(layer: Any) -> np.ndarray:
  """The kernel of a ConvNorm or of one of Keras's convolutions: float32 [sizes ..., in, filters]."""
  return np.asarray(getattr(layer, 'convolution', layer).kernel, np.float32)


def _colour_panel(kernel: np.ndarray, kind: str) -> FilterPanel:
  """Draws filters on frames, [T, height, width, 3, filters]: their colours are red, green and blue, zero is grey."""
  frames, height, width, _, filters = kernel.shape
  order = strongest_first(kernel)
  tiles = (normalized(kernel)[..., order] + 1) / 2
  tiles = tiles.transpose(4, 1, 0, 2, 3).reshape(filters, height, frames * width, 3)
  size = f'{height}x{width}' if frames == 1 else f'{frames}x{height}x{width}'
  return FilterPanel(f'{kind} {size}', order, mosaic(tiles, _square_columns(filters, frames), filling=1.0))


def _audio_panel(kernel: np.ndarray) -> FilterPanel:
  """Draws filters on a spectrogram, [mel filters, frames, 1, filters]: low frequencies below, as spectrograms are drawn."""
  order = strongest_first(kernel)
  tiles = normalized(kernel)[::-1, :, 0, order].transpose(2, 0, 1)
  columns = _square_columns(len(tiles), 1)
  return FilterPanel(f'mel x time {kernel.shape[0]}x{kernel.shape[1]}', order, mosaic(tiles, columns, filling=np.nan))


def _temporal_panel(kernel: np.ndarray, planes: np.ndarray) -> FilterPanel:
  """Draws filters on time, [T, planes, filters]: a row each, with its T weights for every spatial filter, in that panel's order."""
  order = strongest_first(kernel)
  tiles = normalized(kernel)[:, planes][..., order].transpose(2, 1, 0).reshape(-1, 1, len(kernel))
  title = f'temporal {len(kernel)}x1x1\na row a filter: {len(kernel)} weights for every spatial one'
  return FilterPanel(title, order, mosaic(tiles, len(planes), filling=np.nan, row_gap=0))


def _square_columns(filters: int, width: int) -> int:
  """Columns of tiles `width` times as wide as high, so that the whole is about square."""
  return max(1, round((filters / width) ** 0.5))


def draw(rows: Sequence[tuple[str, Sequence[FilterPanel]]], path: str) -> None:
  """Draws a row of panels for every encoder, in the format that the path's ending says.

  Args:
    rows: what to call the encoder, and its panels.
    path: the path of the picture: .png, .svg or .pdf.

  Raises:
    RuntimeError: when matplotlib is not installed.
    ValueError: for another ending.
  """
  plots.check_path(path)
  pyplot = plots.pyplot()
  # Zero is white, so gaps are not.
  colours = pyplot.get_cmap('RdBu_r').with_extremes(bad='0.7')
  # Every row is a figure of its own in the picture: encoders of different widths must not squeeze each other's panels.
  sizes = [[_inches(panel.picture) for panel in row] for _, row in rows]
  width = max(sum(w + 0.5 for w, _ in row) for row in sizes)
  heights = [max(h for _, h in row) + 0.9 for row in sizes]
  figure = pyplot.figure(figsize=(max(width, 6.0), sum(heights)), dpi=150, layout='constrained')
  parts = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
  for part, (name, row), row_sizes in zip(parts, rows, sizes, strict=True):
    part.suptitle(name, fontsize=10, fontweight='bold')
    axes = part.subplots(1, len(row), squeeze=False, width_ratios=[w for w, _ in row_sizes])[0]
    for panel, axis in zip(row, axes, strict=True):
      axis.imshow(panel.picture, cmap=colours, vmin=-1, vmax=1, interpolation='nearest')
      axis.set_anchor('N')
      axis.set_title(f'{len(panel.order)} {panel.title}', fontsize=8)
      axis.set_axis_off()
  plots.save(figure, path)


def _inches(picture: np.ndarray) -> tuple[float, float]:
  """The width and height of a panel."""
  height, width = (side * _PIXEL_INCHES for side in picture.shape[:2])
  scale = max(1.0, 3.0 / max(width, height)) * min(1.0, _LONGEST_PANEL_INCHES / max(width, height))
  return width * scale, height * scale
