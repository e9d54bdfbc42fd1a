"""Cross-modal deep clustering from random weights: cluster, train, cluster again (Section 3 and Supplement A). Start reading here.

iteration-00/features/ENCODER   features of the random encoders       (stages.extract_features)
iteration-00/clusters/NAME      their clusters: the pseudo-labels     (stages.cluster_features)
iteration-00/train/ENCODER      encoders that predict them            (stages.train_encoder)
iteration-01/features/ENCODER   features of those encoders, and so on
iteration-NN                    the last has features and clusters only: what the final encoders see
"""

import dataclasses
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any

import gin
import tensorflow as tf

from xdc_tf.clustering.kmeans import KMeansOptions
from xdc_tf.data.reader import AudioInput, VideoInput
from xdc_tf.data.schema import Records
from xdc_tf.deep_clustering import stages, supervision
from xdc_tf.deep_clustering.run_directory import RunDirectory
from xdc_tf.training import distribution
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.seeds import derive_seed
from xdc_tf.training.trainer import EncoderTrainer, TrainingOptions


@gin.configurable
@dataclasses.dataclass(frozen=True)
class Pretraining:
  """What decides the result of a pretraining run, together with the records.

  Attributes:
    encoders: the model class of each encoder; its modality decides what it is fed.
    clusterings: the method (see supervision.py).
    video_input: how video encoders are fed.
    audio_input: how audio encoders are fed.
    schedule: of every training (Table 10).
    kmeans: of every clustering.
    training: how to compute.
    num_iterations: of clustering and training; the paper needs 5 to 6 on Kinetics (Section 4.2).
    feature_clips: clips at uniform distances over each span, whose mean feature is clustered; the paper does not say. 1: the
      centre. Several make the first clusters better, at as many times the cost.
    concurrent_encoders: train all encoders at the same time, each in a thread, and extract their features so: pays for small
      encoders on a CPU, whose cores one of them leaves idle. It does not change the result.
    seed: of everything random.
  """

  encoders: dict[str, type]
  clusterings: list[supervision.Clustering]
  video_input: VideoInput
  audio_input: AudioInput
  schedule: Schedule
  kmeans: KMeansOptions
  training: TrainingOptions
  num_iterations: int = 5
  feature_clips: int = 1
  concurrent_encoders: bool = False
  seed: int = 0

  def __post_init__(self):
    supervision.check(self.clusterings, list(self.encoders))
    if self.num_iterations < 0:
      raise ValueError(f'Pretraining.num_iterations must not be negative. Received: {self.num_iterations}.')
    if self.feature_clips < 1:
      raise ValueError(f'Pretraining.feature_clips must be at least 1. Received: {self.feature_clips}.')

  def input_of(self, encoder: str) -> VideoInput | AudioInput:
    """How an encoder is fed."""
    return {'video': self.video_input, 'audio': self.audio_input}[self.encoders[encoder].modality]

  def heads_of(self, encoder: str) -> dict[str, int]:
    """The number of classes of each head of an encoder."""
    return {c.name: c.num_clusters for c in self.clusterings if encoder in c.teaches}


def make_trainers(config: Pretraining, records: Records, strategy: tf.distribute.Strategy) -> dict[str, EncoderTrainer]:
  """Builds the encoders, and refuses what cannot be trained before anything is written.

  Args:
    config: what to do.
    records: clips with the splits 'train' and 'validation'; the validation clips choose when a training stops, and its best epoch.
    strategy: the distribution strategy.

  Raises:
    ValueError: when the configuration, the records and the machine do not fit together.
  """
  stages.check_records(records, config.clusterings, distribution.num_workers(strategy))
  if config.concurrent_encoders and strategy.num_replicas_in_sync > 1:
    raise ValueError(
      f'Pretraining.concurrent_encoders is for one replica, and there are {strategy.num_replicas_in_sync}: replicas of two '
      'encoders would wait for each other. Leave it False.'
    )
  return {
    name: EncoderTrainer(
      name,
      model,
      config.input_of(name),
      records,
      config.heads_of(name),
      config.training,
      strategy,
      derive_seed(config.seed, 'weights', name),
    )
    for name, model in config.encoders.items()
  }


def pretrain(
  config: Pretraining,
  trainers: dict[str, EncoderTrainer],
  run: RunDirectory,
  records: Records,
  strategy: tf.distribute.Strategy,
) -> None:
  """Pretrains encoders by deep clustering, in a run directory that can be killed and resumed at any moment.

  Args:
    config: what to do.
    trainers: what make_trainers returned for the rest.
    run: where everything is written.
    records: the data set.
    strategy: the distribution strategy.
  """
  for name, trainer in trainers.items():
    trainer.load(run.once(f'initial/{name}', stages.save_initial_weights, trainer))

  clusters = {}
  for iteration in range(config.num_iterations + 1):
    here, before = iteration_name(iteration), clusters
    features = for_each_encoder(
      trainers,
      lambda name, trainer, here=here: run.once(
        f'{here}/features/{name}', stages.extract_features, trainer, config.feature_clips
      ),
      config.concurrent_encoders,
    )
    clusters = {
      c.name: run.once(
        f'{here}/clusters/{c.name}',
        stages.cluster_features,
        [features[s] for s in c.sources],
        c,
        records,
        config.kmeans,
        strategy,
        derive_seed(config.seed, 'clusters', iteration, c.name),
        before.get(c.name),
      )
      for c in config.clusterings
    }
    run.once(f'{here}/metrics', stages.compare_clusterings, clusters, records)
    if iteration == config.num_iterations:
      break

    def train(name: str, trainer: EncoderTrainer, iteration=iteration, here=here, clusters=clusters) -> None:
      teachers = [c for c in config.clusterings if name in c.teaches]
      seed = derive_seed(config.seed, 'train', iteration, name)
      folder = run.once(
        f'{here}/train/{name}', stages.train_encoder, trainer, teachers, clusters, config.schedule, seed
      )
      trainer.load(folder)
      trainer.forget_training(folder)

    for_each_encoder(trainers, train, config.concurrent_encoders)


def iteration_name(iteration: int) -> str:
  """The folder of an iteration: its features come from encoders that were trained `iteration` times."""
  return f'iteration-{iteration:02d}'


def for_each_encoder(items: Mapping[str, Any], function: Callable[[str, Any], Any], concurrent: bool) -> dict[str, Any]:
  """Returns {name: function(name, item)}, made one after the other, or each in a thread.

  Every thread is waited for, so what one encoder finishes is kept where another one fails. Models are to be built before, in one
  thread: TensorFlow 2.15 has crashed when two threads built theirs.
  """
  if not concurrent:
    return {name: function(name, item) for name, item in items.items()}
  with futures.ThreadPoolExecutor(len(items)) as pool:
    running = {name: pool.submit(function, name, item) for name, item in items.items()}
  return {name: future.result() for name, future in running.items()}
