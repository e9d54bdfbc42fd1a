"""Where everything of a run lies: the one module that knows.

RUN/config.gin, run.json, operative_config.gin     what it is (run_directory.py, run_info.py)
RUN/initial/ENCODER                                the random weights
RUN/iteration-NN/features|clusters|train|metrics   a stage each, `DONE` in it written last
RUN/retrained/ENCODER                              the video encoders that are trained once more (Section 6 of the paper)
"""

import dataclasses
import os

CONFIG_FILE = 'config.gin'
OPERATIVE_CONFIG_FILE = 'operative_config.gin'
RUN_FILE = 'run.json'
METRICS_FILE = 'metrics.json'  # Of a clustering, and of an iteration.


@dataclasses.dataclass(frozen=True)
class Iteration:
  """The folders of one iteration: its features come from encoders that were trained `number` times.

  Attributes:
    run: folder of the run; '' for names of stages, as RunDirectory.once takes them.
    number: from 0 on.
  """

  run: str
  number: int

  @property
  def path(self) -> str:
    """The folder of the iteration."""
    return os.path.join(self.run, f'iteration-{self.number:02d}')

  def features(self, encoder: str) -> str:
    """The feature stores of an encoder, a split each."""
    return os.path.join(self.path, 'features', encoder)

  def clusters(self, clustering: str) -> str:
    """The centroids of a clustering, and its assignments."""
    return os.path.join(self.path, 'clusters', clustering)

  def pseudo_labels(self, clustering: str, split: str) -> str:
    """The assignments of a split, as PseudoLabels.load reads them."""
    return os.path.join(self.clusters(clustering), split)

  def train(self, encoder: str) -> str:
    """The training of an encoder on this iteration's pseudo-labels, and its weights."""
    return os.path.join(self.path, 'train', encoder)

  @property
  def metrics(self) -> str:
    """The stage that compares the clusterings."""
    return os.path.join(self.path, 'metrics')

  @property
  def metrics_file(self) -> str:
    """What it found."""
    return os.path.join(self.metrics, METRICS_FILE)


def initial_weights(run: str, encoder: str) -> str:
  """The random weights that an encoder starts from; `run` as in Iteration."""
  return os.path.join(run, 'initial', encoder)


def retrained_weights(run: str, encoder: str) -> str:
  """The weights of an encoder that is trained once more after the last iteration; `run` as in Iteration."""
  return os.path.join(run, 'retrained', encoder)
