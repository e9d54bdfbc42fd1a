"""The moving picture of the README: how the features of a run on AV digits (synthetic) part into digits that nobody named.

  xdc make-avdigits --output_dir picture_run/corpus --level easy
  python -m benchmarks.table1_miniature --corpus picture_run/corpus --methods xdc --seeds 3 --probes_only \\
    --output picture_run/results.json
  python -m benchmarks.moving_picture --run_dir picture_run/results/seed-3/xdc/run --output docs/clusters.webp

A dot is a clip; clips of one digit have one colour. t-SNE lays out the features of each iteration and begins where the layout of
the iteration before it ended, so that dots move no further than they have to.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from PIL import Image
from sklearn.manifold import TSNE

from benchmarks import command_line
from xdc_tf import plots
from xdc_tf.cli import configuration
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.records.human_labels import first_labels
from xdc_tf.runs.run_info import FinishedRun

PANELS = {'video': 'what it sees', 'audio': 'what it hears'}
SIZE, DOTS_PER_INCH = (7.0, 3.7), 100
STILL, MOVING, MILLISECONDS = 9, 14, 60  # Pictures of each layout, of each way to the next, and the time of one.


def parser() -> argparse.ArgumentParser:
  """Returns the parser of the command line."""
  result = command_line.parser('benchmarks.moving_picture', __doc__)
  result.add_argument('--run_dir', required=True, help='of an XDC run on labelled records')
  result.add_argument('--output', required=True, help='a .webp')
  result.add_argument('--clips', type=int, default=700, help='how many are drawn; default %(default)s')
  return result


def main() -> None:
  """Writes the picture."""
  options = parser().parse_args()
  run = configuration.open_run(options.run_dir)
  labels = first_labels(run.records, 'train')
  present, _ = _features(run, 'video', 0)
  clips = np.sort(np.random.default_rng(0).permutation(present)[: options.clips])
  layouts = {encoder: lay_out(run, encoder, clips) for encoder in PANELS}
  first, *others = pictures(layouts, labels[clips])
  first.save(options.output, save_all=True, append_images=others, duration=MILLISECONDS, loop=0, quality=60, method=4)


def lay_out(run: FinishedRun, encoder: str, clips: np.ndarray) -> list[np.ndarray]:
  """Returns a layout of every iteration, float [n, 2] between -1 and 1."""
  layouts: list[np.ndarray] = []
  for number in range(run.config.num_iterations + 1):
    index, features = _features(run, encoder, number)
    order = np.argsort(index)
    table = features[order[np.searchsorted(index, clips, sorter=order)]].astype(np.float32)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    start = layouts[-1] * 1e-2 if layouts else 'pca'
    places = TSNE(
      perplexity=min(30, (len(clips) - 1) / 3), init=start, early_exaggeration=4.0, random_state=0
    ).fit_transform(table)
    places -= places.mean(axis=0)
    layouts.append(places / np.abs(places).max())
  return layouts


def _features(run: FinishedRun, encoder: str, number: int) -> tuple[np.ndarray, np.ndarray]:
  """Returns which rows of the manifest have features in an iteration, int64 [m], and these, float16 [m, d]."""
  store = FeatureStore(run.iteration(number).features(encoder), 'train')
  index, features = zip(*store.blocks(4096), strict=True)
  return np.concatenate(index), np.concatenate(features)


def pictures(layouts: dict[str, list[np.ndarray]], labels: np.ndarray) -> Iterator[Image.Image]:
  """Yields every picture of the film."""
  pyplot = plots.pyplot()
  figure, axes = pyplot.subplots(1, 2, figsize=SIZE, dpi=DOTS_PER_INCH)
  figure.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=0.84, wspace=0.02)
  colours, dots = pyplot.get_cmap('tab10')(labels), []
  for axis, title in zip(axes, PANELS.values(), strict=True):
    axis.set(title=title, xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xticks=[], yticks=[])
    axis.spines[:].set_color('0.85')
    dots.append(axis.scatter([], [], s=11, linewidths=0))
  heading = figure.suptitle('')
  last = len(layouts['video']) - 1
  for number in range(last + 1):
    heading.set_text(f'after {number} of {last} iterations' if number else 'random weights')
    for step in range(STILL * (3 if number == last else 1) + (MOVING if number < last else 0)):
      share = max(0.0, (step - STILL + 1) / MOVING) if number < last else 0.0
      share = share * share * (3 - 2 * share)  # Slow at both ends.
      for collection, places in zip(dots, layouts.values(), strict=True):
        following = places[min(number + 1, last)]
        collection.set_offsets(places[number] * (1 - share) + following * share)
        collection.set_facecolors(colours)
      figure.canvas.draw()
      yield Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy())
  pyplot.close(figure)


if __name__ == '__main__':
  main()
