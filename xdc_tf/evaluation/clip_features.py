"""Features of several clips of every record, from a frozen encoder that passes over the data once.

What only reads frozen features (the linear SVM, retrieval, training of a last layer alone) takes them from here.
"""

import dataclasses
import hashlib
import os
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from xdc_tf import files, progress
from xdc_tf.records import damage, reader
from xdc_tf.records.folds import Fold
from xdc_tf.records.inputs import AudioInput, Input
from xdc_tf.records.schema import Records

SETTINGS_FILE, INDEX_FILE, FEATURES_FILE, DONE_FILE = 'settings.json', 'index.npy', 'features.npy', 'DONE'


def encode(encoder, inputs: Input, batch_size: int):
  """Returns a function from clips, float32 [n, *inputs.shape], to features, float32 [n, d], in calls of at most `batch_size`.

  It is traced once for all numbers of clips.

  Args:
    encoder: a built encoder.
    inputs: how it is fed.
    batch_size: clips in one call of the encoder, which decides how much memory is needed.
  """

  @tf.function(input_signature=[tf.TensorSpec([None, *inputs.shape], tf.float32)])
  def call(clips: tf.Tensor) -> tf.Tensor:
    return tf.cast(encoder(clips, training=False), tf.float32)

  def encode_all(clips: tf.Tensor) -> np.ndarray:
    return np.concatenate([call(clips[i : i + batch_size]).numpy() for i in range(0, len(clips), batch_size)])

  return encode_all


def batches(
  encoder,
  inputs: Input,
  records: Records,
  split: str,
  num_clips: int,
  shards: Sequence[int] | None = None,
  clips: np.ndarray | None = None,
  batch_size: int = 32,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Yields (index int64 [b], features float32 [b, num_clips, d]) in record order; a batch ends with its shard.

  Args:
    encoder: a built encoder.
    inputs: how it is fed.
    records: the data set.
    split: which split.
    num_clips: clips of each record at uniform distances; 1: its middle.
    shards: numbers of the shards to read; None: all.
    clips: bool [records.num_rows(split)]: of these records only, the others are not decoded; None: of all.
    batch_size: clips in one call of the encoder; so many records are decoded at a time that they have as many clips.

  Raises:
    ValueError: for numbers below 1, and when the records do not suit `inputs` or hold none of the clips.
  """
  if num_clips < 1 or batch_size < 1:
    raise ValueError(f'Both must be at least 1. Received: num_clips={num_clips}, batch_size={batch_size}.')
  data = reader.evaluation_dataset(
    records, split, inputs, max(1, batch_size // num_clips), num_clips, shards=shards, subset=clips
  )
  encode_all = encode(encoder, inputs, batch_size)
  with damage.named(records, split):
    for batch in data:
      features = encode_all(tf.reshape(batch['input'], [-1, *inputs.shape]))
      yield batch['index'].numpy(), features.reshape([-1, num_clips, features.shape[-1]])


def extract(
  encoder,
  inputs: Input,
  records: Records,
  split: str,
  num_clips: int,
  clips: np.ndarray | None = None,
  batch_size: int = 32,
) -> tuple[np.ndarray, np.ndarray]:
  """Passes an encoder once over a split: all that `batches` yields, whose arguments these are, with a progress bar.

  Returns:
    index int64 [n], in record order; features float32 [n, num_clips, d], not averaged. Records that failed are not among them.

  Raises:
    ValueError: as `batches`.
  """
  index, features = [], []
  with progress.bar(description=f'features {split}', total=_number(records, split, clips), unit='record') as bar:
    for some_index, some_features in batches(encoder, inputs, records, split, num_clips, None, clips, batch_size):
      index.append(some_index)
      features.append(some_features)
      bar.update(len(some_index))
  return np.concatenate(index), np.concatenate(features)


def _number(records: Records, split: str, clips: np.ndarray | None) -> int:
  return records.num_clips(split) if clips is None else int(clips.sum())


def cached(
  folder: str,
  encoder,
  inputs: Input,
  records: Records,
  split: str,
  num_clips: int,
  clips: np.ndarray | None = None,
  batch_size: int = 32,
) -> tuple[np.ndarray, np.ndarray]:
  """Does what `extract` does, and keeps the result in `folder`; the next call reads it from there.

  Writes index.npy and features.npy, and DONE last. A folder belongs to one encoder with its weights, one input, one set of clips:
  settings.json says which.

  Raises:
    ValueError: beside what `extract` raises, when the folder holds other features.
  """
  settings = {
    'encoder': weights_digest(encoder),
    'inputs': {'class': type(inputs).__name__, **dataclasses.asdict(inputs)},
    'records': records.fingerprint(),
    'split': split,
    'num_clips': num_clips,
    'clips': 'all' if clips is None else hashlib.sha256(np.packbits(clips).tobytes()).hexdigest()[:16],
  }
  files.check_settings(os.path.join(folder, SETTINGS_FILE), settings)
  paths = [os.path.join(folder, name) for name in (INDEX_FILE, FEATURES_FILE)]
  done = os.path.join(folder, DONE_FILE)
  if not tf.io.gfile.exists(done):
    for path, array in zip(paths, extract(encoder, inputs, records, split, num_clips, clips, batch_size), strict=True):
      files.write_array(path, array)
    files.write_mark(done)
  index, features = (files.read_array(path) for path in paths)
  return index, features


def weights_digest(encoder) -> str:
  """Returns the start of a SHA-256 over an encoder's class, all of its weights and what else makes its features, hexadecimal."""
  digest = hashlib.sha256(type(encoder).__name__.encode())
  # The same weights with another epsilon in their BatchNorm, or in another precision, are another network.
  epsilons = [layer.epsilon for layer in encoder._flatten_layers(include_self=False) if hasattr(layer, 'epsilon')]
  digest.update(repr((encoder.compute_dtype, epsilons)).encode())
  for variable in encoder.variables:
    digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
  return digest.hexdigest()[:16]


def of_folds(
  folds: Sequence[Fold],
  labels: dict[str, np.ndarray],
  folder: str | None,
  encoder,
  inputs: Input,
  records: Records,
  num_clips: int,
  batch_size: int = 32,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
  """Extracts what some of the `folds` needs, each record once however many it belongs to; see `batches` for the other arguments.

  Records without a label (-1 in `labels`, int32 [num_rows] of each split) are left out. The features are kept in `folder`, in a
  folder a split, or nowhere where that is None.

  Returns:
    {split: what `extract` returns}.
  """
  found = {}
  for split in sorted({part.split for fold in folds for part in (fold.train, fold.test)}):
    parts = [part for fold in folds for part in (fold.train, fold.test) if part.split == split]
    clips = np.any([part.clips for part in parts], axis=0) & (labels[split] >= 0)
    arguments = (encoder, inputs, records, split, num_clips, clips, batch_size)
    found[split] = cached(os.path.join(folder, split), *arguments) if folder else extract(*arguments)
  return found


def side_by_side(inputs: Input, records: Records) -> Input:
  """Returns inputs whose uniform clips spread evenly over a record's own modality.

  AudioInput centres its sound on a video clip, which is shorter than the sound: the first windows of a record would all be its
  first two seconds, and the last ones its last. Here the video clip is as long as the sound.
  """
  if not isinstance(inputs, AudioInput):
    return inputs
  seconds = inputs.num_frames * records.log_mel_spec.hop_length / records.log_mel_spec.sample_rate
  return dataclasses.replace(inputs, clip_length=round(seconds * records.frame_rate))
