"""What the benchmarks of the encoders time: a training step and the features of a batch, ours and PyTorch's, on random input."""

import dataclasses
from collections.abc import Callable
from typing import cast

import numpy as np
import tensorflow as tf
import torch

from benchmarks.speed import torch_networks
from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.models.folding import FoldedWeights
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.records.schema import Records
from xdc_tf.training import distribution
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.trainer import EncoderTrainer

NUM_CLASSES = 64
LEARNING_RATE = 0.001
WEIGHT_DECAY = 1e-4


@dataclasses.dataclass(frozen=True)
class Encoder:
  """One encoder on both sides.

  Attributes:
    name: for the table.
    model_class: ours.
    inputs: what ours is fed.
    network: makes PyTorch's.
    memory_format: PyTorch's channels-last format for this input.
  """

  name: str
  model_class: type
  inputs: VideoInput | AudioInput
  network: Callable[[], torch.nn.Module]
  memory_format: torch.memory_format


VIDEO = Encoder(
  'R(2+1)D-18, 8x112x112',
  R2Plus1D18,
  VideoInput(num_frames=8, crop_size=112),
  lambda: torch_networks.VideoNetwork('conv'),
  torch.channels_last_3d,
)
AUDIO = Encoder(
  'audio ResNet-18, 40x100', AudioResNet18, AudioInput(), torch_networks.AudioNetwork, torch.channels_last
)


def use_threads(threads: int) -> None:
  """Gives both sides as many threads; call it before anything is computed."""
  tf.config.threading.set_intra_op_parallelism_threads(threads)
  tf.config.threading.set_inter_op_parallelism_threads(threads)
  torch.set_num_threads(threads)


class Ours:
  """EncoderTrainer on one random batch."""

  def __init__(self, encoder: Encoder, batch_size: int, precision: str = 'float32'):
    """Makes the trainer. `xdc pretrain` takes several of its steps a call, of batches that it reads."""
    options = TrainingOptions(precision=precision)
    strategy = distribution.make_strategy()
    no_records = cast(Records, None)  # The batch comes from here.
    self._trainer = EncoderTrainer(
      'encoder',
      encoder.model_class,
      encoder.inputs,
      no_records,
      {'head': NUM_CLASSES},
      options,
      strategy,
      seed=0,
      splits=(),
    )
    clips, labels = _batch(encoder, batch_size)
    self._batch = tf.constant(clips), {'head': tf.constant(labels)}
    # Features are extracted with folded weights; Inference.embed adds the reading of records only.
    self._folded = FoldedWeights(self._trainer.encoder)
    self._folded.update()
    with self._folded.used():
      infer = tf.function(lambda x: self._trainer.encoder(x, training=False))
      self._infer = infer.get_concrete_function(self._batch[0])

  def train(self) -> np.ndarray:
    """Takes one step: loss, gradients, update, statistics, accuracy."""
    return self._trainer.training_step.one(self._batch, tf.constant(LEARNING_RATE), tf.constant(WEIGHT_DECAY)).numpy()

  def infer(self) -> np.ndarray:
    """Returns the features of the batch, float32 [batch_size, 512]."""
    return self._infer(self._batch[0]).numpy()

  @property
  def num_parameters(self) -> int:
    """Trainable parameters, without the head."""
    return sum(int(np.prod(variable.shape)) for variable in self._trainer.encoder.trainable_variables)


class Theirs:
  """The same network, loss and optimizer in PyTorch on the same batch."""

  def __init__(self, encoder: Encoder, batch_size: int, autocast: bool = False, channels_last: bool = True):
    """Makes network, head and optimizer.

    Args:
      encoder: which.
      batch_size: clips.
      autocast: compute in bfloat16.
      channels_last: the memory format of input and weights.
    """
    layout = encoder.memory_format if channels_last else torch.contiguous_format
    clips, labels = _batch(encoder, batch_size)
    self._clips = torch.from_numpy(np.moveaxis(clips, -1, 1).copy()).to(memory_format=layout)
    self._labels = torch.from_numpy(labels.astype(np.int64))
    self._network = encoder.network().to(memory_format=layout)
    self._model = torch.nn.Sequential(self._network, torch.nn.Linear(512, NUM_CLASSES))
    self._optimizer = torch.optim.SGD(
      self._model.parameters(), LEARNING_RATE, momentum=0.9, nesterov=True, weight_decay=WEIGHT_DECAY
    )
    self._autocast = autocast

  def train(self) -> tuple[float, int]:
    """Takes one step; returns loss and hits."""
    self._model.train()
    self._optimizer.zero_grad()
    with torch.autocast('cpu', torch.bfloat16, enabled=self._autocast):
      logits = self._model(self._clips)
    loss = torch.nn.functional.cross_entropy(logits.float(), self._labels)
    loss.backward()
    self._optimizer.step()
    return float(loss.detach()), int((logits.argmax(1) == self._labels).sum())

  def infer(self) -> np.ndarray:
    """Returns the features of the batch, float32 [batch_size, 512]."""
    self._model.eval()
    with torch.inference_mode(), torch.autocast('cpu', torch.bfloat16, enabled=self._autocast):
      return self._network(self._clips).float().numpy()

  @property
  def num_parameters(self) -> int:
    """Trainable parameters, without the head."""
    return sum(parameter.numel() for parameter in self._network.parameters())


def both_sides(encoder: Encoder, batch_size: int) -> tuple[Ours, list[Theirs]]:
  """Makes ours and PyTorch's in either memory format, float32. Raises ValueError when the two networks are not the same."""
  ours = Ours(encoder, batch_size)
  theirs = [Theirs(encoder, batch_size, channels_last=last) for last in (False, True)]
  if ours.num_parameters != theirs[0].num_parameters:
    raise ValueError(f'Ours has {ours.num_parameters} parameters, the peer {theirs[0].num_parameters}.')
  return ours, theirs


def _batch(encoder: Encoder, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
  random = np.random.default_rng(0)
  clips = random.normal(size=(batch_size, *encoder.inputs.shape)).astype(np.float32)
  return clips, random.integers(0, NUM_CLASSES, batch_size).astype(np.int32)
