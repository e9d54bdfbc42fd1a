"""One shard of features: the unit of work of extract_features. What lies in the output folder does not depend on the runner."""

import dataclasses
import functools
import hashlib
import itertools
import os
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow as tf

from xdc_tf import files, lease
from xdc_tf.clustering.feature_store import FeatureStore, write_shard
from xdc_tf.records import damage, reader, schema
from xdc_tf.records import snippets as snippet_files
from xdc_tf.records.inputs import AudioInput, Input, VideoInput
from xdc_tf.records.snippets import Snippets

Shard = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class FeatureJob:
  """All that a worker must know; small, because it is sent to every one of them.

  Attributes:
    records_directory: the records, which the workers read themselves.
    output_dir: where the features go.
    metadata: what the export wrote about the model.
    num_clips: clips at uniform distances whose mean is the feature of a record.
    snippets: dense snippets instead; None: a feature of each record.
    batch_size: clips in one call of the model.
    lease_token: the token of the lease of output_dir, see lease.watched_by_worker.
  """

  records_directory: str
  output_dir: str
  metadata: dict[str, Any]
  num_clips: int
  snippets: Snippets | None
  batch_size: int
  lease_token: str = ''

  @property
  def signature(self) -> str:
    """The signature that takes what records hold: JPEGs, or log-mel."""
    return 'embed' if self.metadata['modality'] == 'video' else 'embed_log_mel'

  def records(self) -> schema.Records:
    """Opens the records."""
    for path in (self.records_directory, self.output_dir):
      files.use_file_system(path)
    if self.lease_token:
      return _opened(self.records_directory, self.lease_token)
    return schema.open_records(self.records_directory)

  def inputs(self, records: schema.Records) -> Input:
    """Returns which frames or sounds the model is fed; the rest of the preprocessing is inside it."""
    if self.metadata['modality'] == 'video':
      short_side = self.metadata['short_side']
      inputs: Input = VideoInput(self.metadata['num_frames'], self.metadata['crop_size'], short_side)
    else:
      num_frames = self.metadata['num_samples'] // records.log_mel_spec.hop_length
      inputs = AudioInput(num_frames=num_frames, clip_length=self.metadata['clip_length'])
    return self.snippets.inputs(inputs) if self.snippets else inputs

  def missing(self, split: str) -> Iterator[Shard]:
    """Yields the shards of a split that are not whole yet."""
    records = self.records()
    shards = range(len(records.shard_lengths[split]))
    if self.snippets:
      present = snippet_files.present_files(self.output_dir)
      yield from ((split, shard) for shard in shards if snippet_files.missing(present, records, split, shard).any())
      return
    whole = set(FeatureStore(self.output_dir, split).complete_shards())
    yield from ((split, shard) for shard in shards if shard not in whole)

  def read(self, element: Shard) -> Iterator[tuple[Any, tf.Tensor]]:
    """Yields (label, clips as stored [n, ...]) of a shard, for the model.

    The label is (indices int64 [b]) with num_clips clips each, or for snippets (index, seconds float64 [n]).
    """
    records, (split, shard) = self.records(), element
    with damage.named(records, split):
      yield from (self._snippets if self.snippets else self._clips)(records, split, shard)

  def _snippets(self, records: schema.Records, split: str, shard: int) -> Iterator[tuple[Any, tf.Tensor]]:
    assert self.snippets is not None
    wanted = snippet_files.missing(snippet_files.present_files(self.output_dir), records, split, shard)
    inputs = self.inputs(records)
    for piece in self.snippets.dataset(records, split, shard, inputs, self.batch_size, wanted, stored=True):
      yield (int(piece['index']), piece['seconds'].numpy()), piece['input']

  def _clips(self, records: schema.Records, split: str, shard: int) -> Iterator[tuple[Any, tf.Tensor]]:
    inputs = self.inputs(records)

    def clips(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
      example = schema.parse(serialized, **inputs.wanted)
      starts = inputs.uniform_starts(example, records, self.num_clips)
      return {'index': example['index'], 'input': inputs.stored_at(example, records, starts)}

    data = reader.serialized_records(records, split, [shard]).map(clips)
    for batch in data.batch(max(1, self.batch_size // self.num_clips)).with_options(reader.options()):
      yield batch['index'].numpy(), tf.reshape(batch['input'], tf.concat([[-1], tf.shape(batch['input'])[2:]], axis=0))

  def write(self, element: Shard, labelled: list[tuple[Any, np.ndarray]]) -> None:
    """Writes what the model made of `read`."""
    split, shard = element
    if self.snippets:
      for index, pieces in itertools.groupby(labelled, lambda pair: pair[0][0]):
        seconds, parts = zip(*((label[1], features) for label, features in pieces), strict=True)
        snippet_files.save(self.output_dir, split, index, np.concatenate(seconds), np.concatenate(parts))
      return
    dimension = self.metadata['feature_dimension']
    index = np.concatenate([np.zeros(0, np.int64), *(label for label, _ in labelled)])
    features = np.concatenate([np.zeros([0, dimension], np.float32), *(features for _, features in labelled)])
    mean = features.reshape(len(index), self.num_clips, dimension).mean(axis=1)
    write_shard(self.output_dir, split, shard, len(self.records().shard_lengths[split]), index, mean)


@functools.lru_cache(maxsize=1)
def _opened(records_directory: str, lease_token: str) -> schema.Records:
  """Opens the records once a job in each process: that lists all shards, many requests where 100,000 lie far away."""
  return schema.open_records(records_directory)


class WriteShard(beam.DoFn):
  """(shard, what the model made of it) -> the shard; writes it."""

  def __init__(self, job: FeatureJob):
    self._job = job

  def process(self, prediction: tuple[Shard, list[tuple[Any, np.ndarray]]]) -> Iterator[Shard]:
    """Writes one shard."""
    element, labelled = prediction
    files.use_file_system(self._job.output_dir)
    with lease.watched_by_worker(self._job.output_dir, self._job.lease_token):
      self._job.write(element, labelled)
    beam.metrics.Metrics.counter('extract_features', 'shards_written').inc()
    yield element


class FinishFeatures(beam.DoFn):
  """All shards that were written -> DONE."""

  def __init__(self, job: FeatureJob):
    self._job = job

  def process(self, written: list[Shard]) -> None:
    """Marks the folder as finished.

    Raises:
      RuntimeError: when shards are missing all the same.
    """
    missing = [shard for split in self._job.records().splits for shard in self._job.missing(split)]
    if missing:
      raise RuntimeError(
        f'{self._job.output_dir} lacks {len(missing)} shards, the first is {missing[0]}. Run it again.'
      )
    files.remove_leftovers(self._job.output_dir)  # Of workers that were killed; nobody writes any more.
    files.write_mark(os.path.join(self._job.output_dir, schema.DONE_FILE))


def model_digest(saved_model: str) -> str:
  """Returns the start of a SHA-256 over the graph and the weights of a SavedModel, hexadecimal."""
  digest = hashlib.sha256()
  folder = os.path.join(saved_model, 'variables')
  weights = [os.path.join(folder, name) for name in sorted(tf.io.gfile.listdir(folder))]
  for path in [os.path.join(saved_model, 'saved_model.pb'), *weights]:
    with tf.io.gfile.GFile(path, 'rb') as file:
      while block := file.read(1 << 24):
        digest.update(block)
  return digest.hexdigest()[:16]
