"""Cross-modal deep clustering from random weights: cluster, train, cluster again (Section 3 and Supplement A). Start reading here.

iteration-00/features/ENCODER   features of the random encoders       (stages.extract_features)
iteration-00/clusters/NAME      their clusters: the pseudo-labels     (stages.cluster_features)
iteration-00/train/ENCODER      encoders that predict them            (stages.train_encoder)
iteration-01/features/ENCODER   features of those encoders, and so on
iteration-NN                    the last has features and clusters only: what the final encoders see
retrained/ENCODER               video encoders trained once more on longer clips, where that is wanted (retraining.py)
tensorboard/clusters            for TensorBoard: the clusterings over the iterations (training curves: train/ENCODER/tensorboard)
"""

import dataclasses
import itertools
from typing import Any

import gin
import tensorflow as tf
from absl import logging

from xdc_tf import value_types
from xdc_tf.clustering.kmeans import KMeansOptions
from xdc_tf.clustering.preprocessing import check_components
from xdc_tf.deep_clustering import methods, mfcc, stages
from xdc_tf.deep_clustering.retraining import Retraining
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.records.schema import Records
from xdc_tf.runs import layout
from xdc_tf.runs.layout import Iteration
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.training import distribution
from xdc_tf.training.encoder_threads import for_each_encoder
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.seeds import derive_seed
from xdc_tf.training.trainer import EncoderTrainer


@gin.configurable
@dataclasses.dataclass(frozen=True)
class Pretraining:
  """What decides the result of a pretraining run, together with the records.

  Examples:
    >>> config = xdc_tf.Pretraining(
    ...   encoders={'video': xdc_tf.bound_encoder('R2Plus1D18'), 'audio': xdc_tf.bound_encoder('AudioResNet18')},
    ...   clusterings=xdc_tf.methods.xdc(num_video_clusters=64, num_audio_clusters=32),
    ...   video_input=xdc_tf.VideoInput(),
    ...   audio_input=xdc_tf.AudioInput(),
    ...   schedule=xdc_tf.Schedule(),
    ...   kmeans=xdc_tf.KMeansOptions(),
    ...   training=xdc_tf.TrainingOptions(),
    ... )
    >>> config.heads_of('video')  # It predicts the clusters of the sounds.
    {'audio': 32}

  Attributes:
    encoders: what makes each encoder (`xdc_tf.bound_encoder`, cli.bound_encoders); its modality decides what it is fed.
    clusterings: the method (see methods.py).
    video_input: how video encoders are fed.
    audio_input: how audio encoders are fed.
    schedule: the schedule of every training (Table 10).
    last_schedule: the schedule of the last iteration's training instead ('IG-Kinetics* & IG-Random*' in Table 10); None: the same.
    retraining: the retraining of the video encoders after the last iteration (Section 6); None: there is none.
    kmeans: the options of every clustering.
    training: how to compute.
    num_iterations: the number of rounds of clustering and training; the paper needs 5 to 6 on Kinetics (Section 4.2).
    feature_clips: clips at uniform distances over each span, whose mean feature is clustered; the paper does not say. 1: the
      centre. Several make the first clusters better, at as many times the cost.
    mfcc_iterations: in the first so many iterations the sounds' MFCC are clustered and not the features of the audio encoders (see
      mfcc.py): the audio encoders teach from then on, when they have learned from a video encoder that knows something. The paper
      does without: 0.
    concurrent_encoders: train all encoders at the same time, each in a thread, and extract their features so: pays for small
      encoders on a CPU, whose cores one of them leaves idle. Several replicas train in turn, since those of two encoders would wait
      for each other. It does not change the result.
    seed: the seed of everything random.
  """

  encoders: dict[str, Any]
  clusterings: list[methods.ClusteringSpec]
  video_input: VideoInput
  audio_input: AudioInput
  schedule: Schedule
  kmeans: KMeansOptions
  training: TrainingOptions
  last_schedule: Schedule | None = None
  retraining: Retraining | None = None
  num_iterations: int = 5
  feature_clips: int = 1
  mfcc_iterations: int = 0
  concurrent_encoders: bool = False
  seed: int = 0

  def __post_init__(self):
    value_types.check_fields(self)
    methods.check(self.clusterings, list(self.encoders))
    joined = [clustering.name for clustering in self.clusterings if len(clustering.sources) > 1]
    if joined and not self.kmeans.l2_normalize:
      raise ValueError(
        f'KMeansOptions.l2_normalize = False has no effect on the clustering {joined[0]!r}: the features of several encoders are '
        'always divided by their lengths before they are joined.'
      )
    if self.num_iterations < 0:
      raise ValueError(f'Pretraining.num_iterations must not be negative. Received: {self.num_iterations}.')
    if self.feature_clips < 1:
      raise ValueError(f'Pretraining.feature_clips must be at least 1. Received: {self.feature_clips}.')
    if not 0 <= self.mfcc_iterations <= self.num_iterations:
      raise ValueError(
        f'Pretraining.mfcc_iterations must be 0 to Pretraining.num_iterations ({self.num_iterations}): the last clusters are '
        f'those of the encoders. Received: {self.mfcc_iterations}.'
      )
    if self.mfcc_iterations and 'audio' not in [model.modality for model in self.encoders.values()]:
      raise ValueError(
        f'Pretraining.mfcc_iterations is for audio encoders. Received the encoders: {list(self.encoders)}.'
      )
    if not self.num_iterations and (self.last_schedule or self.retraining):
      raise ValueError(
        'Pretraining.last_schedule and .retraining are about the last iteration, and Pretraining.num_iterations is 0.'
      )
    if self.retraining and not self.retrained_encoders:
      raise ValueError(f'Pretraining.retraining is for video encoders. Received the encoders: {list(self.encoders)}.')

  def takes_mfcc(self, encoder: str, iteration: int) -> bool:
    """Whether the sounds' MFCC take the place of an encoder's features in an iteration."""
    return self.encoders[encoder].modality == 'audio' and iteration < self.mfcc_iterations

  def input_of(self, encoder: str) -> VideoInput | AudioInput:
    """How an encoder is fed in the iterations: in training and for its features."""
    inputs: dict[str, VideoInput | AudioInput] = {'video': self.video_input, 'audio': self.audio_input}
    return inputs[self.encoders[encoder].modality]

  def final_input_of(self, encoder: str) -> VideoInput | AudioInput:
    """How the final encoder is fed: with longer clips where it is trained again."""
    inputs = self.input_of(encoder)
    return self.retraining.input(inputs) if self.retraining and isinstance(inputs, VideoInput) else inputs

  @property
  def retrained_encoders(self) -> list[str]:
    """The encoders that are trained again after the last iteration."""
    return [name for name, model in self.encoders.items() if self.retraining and model.modality == 'video']

  def schedule_of(self, iteration: int) -> Schedule:
    """The schedule of an iteration's training."""
    is_last = iteration == self.num_iterations - 1
    return self.last_schedule if self.last_schedule and is_last else self.schedule

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
  if config.schedule.total_epochs <= config.schedule.warmup_epochs:
    logging.warning(
      'Schedule.warmup_epochs (%g) takes all of Schedule.total_epochs (%g): the learning rate never falls. Set fewer, and '
      'Schedule.step_epochs with them.',
      config.schedule.warmup_epochs,
      config.schedule.total_epochs,
    )
  trainers = {
    name: _make_trainer(name, config, config.input_of(name), config.training, records, strategy)
    for name in config.encoders
  }
  if config.kmeans.pca_components:
    for iteration, clustering in itertools.product((0, config.num_iterations), config.clusterings):
      dimension = sum(_dimension(config, trainers[name], name, iteration) for name in clustering.sources)
      check_components(config.kmeans.pca_components, dimension, records.num_clips('train'))
  return trainers


def _make_trainer(
  name: str,
  config: Pretraining,
  inputs: VideoInput | AudioInput,
  options: TrainingOptions,
  records: Records,
  strategy: tf.distribute.Strategy,
) -> EncoderTrainer:
  seed = derive_seed(config.seed, 'weights', name)
  return EncoderTrainer(name, config.encoders[name], inputs, records, config.heads_of(name), options, strategy, seed)


def _dimension(config: Pretraining, trainer: EncoderTrainer, encoder: str, iteration: int) -> int:
  """How many numbers the features of an encoder have in an iteration."""
  return mfcc.DIMENSION if config.takes_mfcc(encoder, iteration) else trainer.encoder.feature_dimension


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
    trainer.load(run.once(layout.initial_weights('', name), stages.save_initial_weights, trainer))

  concurrent = config.concurrent_encoders and strategy.num_replicas_in_sync == 1
  clusters: dict[str, str] = {}
  for iteration in range(config.num_iterations + 1):
    here, before = Iteration('', iteration), clusters

    def extract(name: str, trainer: EncoderTrainer, here=here) -> str:
      stage = stages.extract_mfcc if config.takes_mfcc(name, here.number) else stages.extract_features
      return run.once(here.features(name), stage, trainer, config.feature_clips)

    features = for_each_encoder(trainers, extract, concurrent)
    clusters = {
      c.name: run.once(
        here.clusters(c.name),
        stages.cluster_features,
        feature_folders=[features[s] for s in c.sources],
        dimensions=[_dimension(config, trainers[s], s, iteration) for s in c.sources],
        clustering=c,
        records=records,
        options=config.kmeans,
        strategy=strategy,
        seed=derive_seed(config.seed, 'clusters', iteration, c.name),
        previous=before.get(c.name),
      )
      for c in config.clusterings
    }
    run.once(
      here.metrics,
      stages.compare_clusterings,
      clusters,
      records,
      strategy,
      run.stage('tensorboard/clusters'),
      iteration,
    )
    if iteration == config.num_iterations:
      break

    def train(name: str, trainer: EncoderTrainer, iteration=iteration, here=here) -> None:
      _train_encoder(here.train(name), name, trainer, config, run, iteration, config.schedule_of(iteration))

    for_each_encoder(trainers, train, concurrent)

  if config.retraining:
    _retrain(config, config.retraining, run, records, strategy)


def _train_encoder(
  stage: str,
  name: str,
  trainer: EncoderTrainer,
  config: Pretraining,
  run: RunDirectory,
  iteration: int,
  schedule: Schedule,
) -> None:
  """Trains an encoder on the pseudo-labels of an iteration, and leaves the trainer with the weights of the end."""
  teachers = [c for c in config.clusterings if name in c.teaches]
  clusters = {c.name: run.stage(Iteration('', iteration).clusters(c.name)) for c in teachers}
  seed = derive_seed(config.seed, 'train', iteration, name)
  folder = run.once(stage, stages.train_encoder, trainer, teachers, clusters, schedule, seed)
  trainer.load(folder)
  trainer.delete_checkpoints(folder)


def _retrain(
  config: Pretraining, retraining: Retraining, run: RunDirectory, records: Records, strategy: tf.distribute.Strategy
) -> None:
  """Trains the video encoders once more, on longer clips; what the iterations wrote stays as it is."""
  last = config.num_iterations - 1
  options = retraining.options(config.training)
  for name in config.retrained_encoders:
    trainer = _make_trainer(name, config, config.final_input_of(name), options, records, strategy)
    trainer.load(run.stage(Iteration('', last).train(name)))
    _train_encoder(
      layout.retrained_weights('', name),
      name,
      trainer,
      config,
      run,
      last,
      retraining.schedule(config.schedule_of(last)),
    )
