"""Features of several clips of every record, from a frozen encoder that passes over the data once.

What only reads frozen features (the linear SVM, retrieval, training of a last layer alone) takes them from here.
"""

import dataclasses
import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from xdc_tf import files, graphs, lease, progress
from xdc_tf.evaluation.feature_parts import FeatureParts
from xdc_tf.records import damage, reader
from xdc_tf.records.folds import Fold, splits_of
from xdc_tf.records.inputs import AudioInput, Input
from xdc_tf.records.schema import Records

INDEX_FILE, FEATURES_FILE, DONE_FILE = 'index.npy', 'features.npy', 'DONE'


def encode(encoder, inputs: Input, batch_size: int):
  """Returns a function from clips, float32 [n, *inputs.shape], to features, float32 [n, d], in calls of at most `batch_size`.

  It is traced once for all numbers of clips.

  Args:
    encoder: a built encoder.
    inputs: how it is fed.
    batch_size: clips in one call of the encoder, which decides how much memory is needed.
  """

  def encode(clips: tf.Tensor) -> tf.Tensor:
    return tf.cast(encoder(clips, training=False), tf.float32)

  call = graphs.compiled(encode, input_signature=[tf.TensorSpec([None, *inputs.shape], tf.float32)])

  def encode_all(clips: tf.Tensor) -> np.ndarray:
    return np.concatenate([call(clips[i : i + batch_size]).numpy() for i in range(0, len(clips), batch_size)])

  return encode_all


@dataclasses.dataclass(frozen=True)
class ClipFeatures:
  """The features of the clips of one data set.

  Attributes:
    encoder: a built encoder.
    inputs: how it is fed.
    records: the data set.
    num_clips: clips of each record at uniform distances; 1: its middle.
    batch_size: clips in one call of the encoder; so many records are decoded at a time that they have as many clips.

  Raises:
    ValueError: for numbers below 1.
  """

  encoder: Any
  inputs: Input
  records: Records
  num_clips: int
  batch_size: int = 32

  def __post_init__(self):
    if self.num_clips < 1 or self.batch_size < 1:
      raise ValueError(f'Both must be at least 1. Received: num_clips={self.num_clips}, batch_size={self.batch_size}.')

  def batches(
    self, split: str, shards: Sequence[int] | None = None, clips: np.ndarray | None = None
  ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields (index int64 [b], features float32 [b, num_clips, d]) in record order; a batch ends with its shard.

    Args:
      split: which split.
      shards: numbers of the shards to read; None: all.
      clips: bool [records.num_rows(split)]: of these records only, the others are not decoded; None: of all.

    Raises:
      ValueError: when the records do not suit `inputs` or hold none of the clips.
    """
    together = max(1, self.batch_size // self.num_clips)
    data = reader.evaluation_dataset(
      self.records, split, self.inputs, together, self.num_clips, shards=shards, subset=clips
    )
    encode_all = encode(self.encoder, self.inputs, self.batch_size)
    with damage.named(self.records, split):
      for batch in data:
        features = encode_all(tf.reshape(batch['input'], [-1, *self.inputs.shape]))
        yield batch['index'].numpy(), features.reshape([-1, self.num_clips, features.shape[-1]])

  def extract(
    self, split: str, clips: np.ndarray | None = None, parts: FeatureParts | None = None
  ) -> tuple[np.ndarray, np.ndarray]:
    """Passes the encoder once over a split, with a progress bar: all that `batches` yields, whose arguments these are.

    Args:
      split: which split.
      clips: as in `batches`.
      parts: what an earlier call has kept of the same, which is not done again; None: nothing is kept.

    Returns:
      index int64 [n], in record order; features float32 [n, num_clips, d], not averaged. Records that failed are not among them.

    Raises:
      ValueError: as `batches`.
    """
    lengths = reader.clips_of_shards(self.records, split, clips)
    ends, total = np.cumsum(lengths), int(lengths.sum())
    # Filled in place: arrays that are joined at the end take twice the memory.
    index = np.empty(total, np.int64)
    features = np.empty([total, self.num_clips, self.encoder.feature_dimension], np.float32)
    done = 0
    for some_index, some_features in parts.read() if parts else ():
      index[done : done + len(some_index)], features[done : done + len(some_index)] = some_index, some_features
      done += len(some_index)
    kept, shards = done, range(int(np.searchsorted(ends, done, side='right')), len(lengths))
    with progress.bar(description=f'features {split}', total=total, initial=done, unit='record') as bar:
      for some_index, some_features in self.batches(split, shards, clips) if shards else ():
        index[done : done + len(some_index)], features[done : done + len(some_index)] = some_index, some_features
        done += len(some_index)
        bar.update(len(some_index))
        # Whole shards only: in other batches the features would be other ones in their last digit.
        if parts and parts.is_due() and done in ends:
          parts.keep(index[kept:done], features[kept:done])
          kept = done
    return index, features

  def cached(self, folder: str, split: str, clips: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Does what `extract` does, and keeps the result in `folder`; the next call reads it from there.

    Writes index.npy and features.npy, and DONE last; before them, now and then, what a killed call goes on from. A folder
    belongs to one encoder with its weights, one input, one set of clips: settings.json says which.

    Raises:
      ValueError: beside what `extract` raises, when the folder holds other features.
      LeaseError: when another job fills the folder.
    """
    settings = {
      'encoder': weights_digest(self.encoder),
      'inputs': {'class': type(self.inputs).__name__, **dataclasses.asdict(self.inputs)},
      'records': self.records.fingerprint(),
      'split': split,
      'num_clips': self.num_clips,
      'clips': 'all' if clips is None else hashlib.sha256(np.packbits(clips).tobytes()).hexdigest()[:16],
    }
    paths = [os.path.join(folder, name) for name in (INDEX_FILE, FEATURES_FILE)]
    done = os.path.join(folder, DONE_FILE)
    settings_path = os.path.join(folder, files.SETTINGS_FILE)
    if tf.io.gfile.exists(done) and not tf.io.gfile.exists(settings_path):
      raise ValueError(
        f'{folder} lacks {files.SETTINGS_FILE}, which says whose features these are. Restore it, or delete '
        f'{INDEX_FILE}, {FEATURES_FILE} and {DONE_FILE} there and give the command again.'
      )
    if not tf.io.gfile.exists(done):
      reader.check_inputs(self.records, split, self.inputs)  # Before the folder takes the settings as its own.
      with lease.held(folder):  # Of two jobs with different encoders one would measure the other's features.
        files.check_settings(settings_path, settings)
        parts = FeatureParts(folder)
        index, features = self.extract(split, clips, parts)
        for path, array in zip(paths, (index, features), strict=True):
          files.write_array(path, array)
        files.write_mark(done)
        parts.delete()
      return index, features  # Read again, they would be in memory twice.
    files.check_settings(settings_path, settings)
    index, features = (files.read_array(path) for path in paths)
    return index, features

  def of_folds(
    self, folds: Sequence[Fold], labels: dict[str, np.ndarray], folder: str | None
  ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Extracts what some of the `folds` needs, each record once however many it belongs to.

    Args:
      folds: parts of the splits to train and to test on.
      labels: int32 [num_rows] of each split; records without a label (-1) are left out.
      folder: keeps the features, in a folder a split; None: nowhere.

    Returns:
      {split: what `extract` returns}.
    """
    features = {}
    for split in splits_of(folds):
      parts = [part for fold in folds for part in (fold.train, fold.test) if part.split == split]
      clips = np.any([part.clips for part in parts], axis=0) & (labels[split] >= 0)
      features[split] = self.cached(os.path.join(folder, split), split, clips) if folder else self.extract(split, clips)
    return features


def weights_digest(encoder) -> str:
  """Returns the start of a SHA-256 over an encoder's class, all of its weights and what else makes its features, hexadecimal."""
  digest = hashlib.sha256(type(encoder).__name__.encode())
  # The same weights with another epsilon in their BatchNorm, or in another precision, are another network.
  epsilons = [layer.epsilon for layer in _layers(encoder) if hasattr(layer, 'epsilon')]
  digest.update(repr((encoder.compute_dtype, epsilons)).encode())
  for variable in _weights(encoder):
    digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
  return digest.hexdigest()[:16]


def _layers(layer) -> Iterator[Any]:
  """The layers in a layer, each before those in it: one order on both stacks, which `_flatten_layers` has not by itself."""
  for inner in layer._flatten_layers(recursive=False, include_self=False):
    yield inner
    yield from _layers(inner)


def _weights(encoder) -> list:
  """The variables of an encoder with the same layers frozen, in one order on both stacks, which `encoder.variables` are not."""
  layers = [*encoder._flatten_layers(recursive=False, include_self=False), encoder]
  variables = [v for layer in layers for v in (*layer.trainable_variables, *layer.non_trainable_variables)]
  # Keras 3 counts the state of a Dropout, which is new in every process. The encoder itself has its layers' once more.
  random = {id(some.state) for layer in (*_layers(encoder), encoder) for some in getattr(layer, '_seed_generators', ())}
  return list({id(v): v for v in variables if id(v) not in random}.values())


def side_by_side(inputs: Input, records: Records) -> Input:
  """Returns inputs whose uniform clips spread evenly over a record's own modality.

  AudioInput centres its sound on a video clip, which is shorter than the sound: the first windows of a record would all be its
  first two seconds, and the last ones its last. Here the video clip is as long as the sound.
  """
  if not isinstance(inputs, AudioInput):
    return inputs
  seconds = inputs.num_frames * records.log_mel_spec.hop_length / records.log_mel_spec.sample_rate
  return dataclasses.replace(inputs, clip_length=round(seconds * records.frame_rate))
