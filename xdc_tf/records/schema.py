"""The record contract: what one stored span is, how it is written, and how a folder of records describes itself.

A record is a tf.train.Example in the layout of TensorFlow Datasets, so `tfds.builder_from_directory(DIR)` reads a folder of
records without this package. Everything the package itself needs to know lies in `clips.json`; TFDS, slow to import, is only
imported where its metadata is written. `DONE` is written last: a folder without it is not finished.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from xdc_tf import files
from xdc_tf.manifest import manifest
from xdc_tf.records import positions, tfdv_schema
from xdc_tf.records.audio_ops import LogMelSpec

CLIPS_FILE = 'clips.json'
DONE_FILE = 'DONE'
DATASET_INFO_FILE = 'dataset_info.json'  # TFDS's.
# A copy of the manifest that the records were made from, so that they can be moved: labels and official splits are in it.
MANIFEST_FOLDER = 'manifest'
TFDV_SCHEMA_FILE = 'schema.pbtxt'
NUM_FILTERS = LogMelSpec().num_filters
_CLIP_SETTINGS = ('frame_rate', 'short_side', 'log_mel', 'manifest_directory', 'num_rows', 'failed')


@dataclasses.dataclass
class Span:
  """What is stored of one manifest row.

  Attributes:
    index: the row's number within its split (rows of failed videos leave gaps).
    video_id: the video that the span was cut from.
    start_seconds: where in the video the span starts.
    frames: T JPEGs at the data set's frame rate; empty when there is no picture.
    log_mel: float32 [M, 40]; M = 0 when there is no sound.
    labels: class numbers (positions in `label_names`): none, one or many.
    official_split: one value per official split: 0 unused, 1 train, 2 test.
  """

  index: int
  video_id: str
  start_seconds: float
  frames: list[bytes]
  log_mel: np.ndarray
  labels: list[int] = dataclasses.field(default_factory=list)
  official_split: list[int] = dataclasses.field(default_factory=list)


def tfds_features(label_names: Sequence[str], num_official_splits: int):
  """Returns the `tfds.features.FeaturesDict` of a record.

  Args:
    label_names: the names of the classes, in the order of their numbers; may be empty.
    num_official_splits: how many official splits the data set has; 0 when it has none.
  """
  import tensorflow_datasets as tfds  # Slow to import, and only needed where metadata is written.

  return tfds.features.FeaturesDict(
    {
      'index': np.int64,
      'video_id': tfds.features.Text(doc='The video that the span was cut from.'),
      'start_seconds': tfds.features.Scalar(np.float32, doc='Where in the video the span starts.'),
      'frames': tfds.features.Video(shape=(None, None, None, 3), encoding_format='jpeg'),
      'log_mel': tfds.features.Tensor(
        shape=(None, NUM_FILTERS), dtype=np.float32, doc='[audio frames, mel filters], natural log.'
      ),
      'labels': tfds.features.Sequence(tfds.features.ClassLabel(names=list(label_names))),
      'official_split': tfds.features.Sequence(
        tfds.features.Scalar(np.int64),
        length=num_official_splits or None,
        doc='0 unused, 1 train, 2 test; one per official split.',
      ),
    }
  )


def _int64(values: Sequence[int]) -> tf.train.Feature:
  return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _bytes(values: Sequence[bytes]) -> tf.train.Feature:
  return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _floats(values: Any) -> tf.train.Feature:
  return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def encode(span: Span) -> bytes:
  """Serialises one span as the tf.train.Example that TFDS would write, the same bytes every time.

  Raises:
    ValueError: when log_mel is not float32 [M, 40], or not finite.
  """
  log_mel = np.asarray(span.log_mel)
  if log_mel.ndim != 2 or log_mel.shape[1] != NUM_FILTERS or log_mel.dtype != np.float32:
    raise ValueError(
      f'log_mel of clip {span.index} ({span.video_id}) is {log_mel.dtype} {log_mel.shape}; expected float32 [M, {NUM_FILTERS}].'
    )
  if not np.isfinite(log_mel).all():
    raise ValueError(
      f'log_mel of clip {span.index} ({span.video_id}) holds values that are not finite; expected finite ones.'
    )
  features = {
    'index': _int64([span.index]),
    'video_id': _bytes([span.video_id.encode()]),
    'start_seconds': _floats([span.start_seconds]),
    'frames': _bytes(span.frames),
    'log_mel': _floats(log_mel.ravel()),
    'labels': _int64(span.labels),
    'official_split': _int64(span.official_split),
  }
  # A map field is written in no particular order unless it is asked for.
  return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


def example_spec(want_frames: bool = True, want_log_mel: bool = True) -> dict[str, Any]:
  """Returns the specification of a record for `tf.io.parse_single_example`, without what is not wanted."""
  many_int64 = tf.io.FixedLenSequenceFeature((), tf.int64, allow_missing=True)
  spec = {
    'index': tf.io.FixedLenFeature((), tf.int64),
    'video_id': tf.io.FixedLenFeature((), tf.string),
    'start_seconds': tf.io.FixedLenFeature((), tf.float32),
    'labels': many_int64,
    'official_split': many_int64,
  }
  if want_frames:
    spec['frames'] = tf.io.FixedLenSequenceFeature((), tf.string, allow_missing=True)
  if want_log_mel:
    spec['log_mel'] = tf.io.FixedLenSequenceFeature((NUM_FILTERS,), tf.float32, allow_missing=True)
  return spec


def parse(serialized: tf.Tensor, want_frames: bool = True, want_log_mel: bool = True) -> dict[str, tf.Tensor]:
  """Parses one record in the graph; what is not wanted is never copied out of it.

  Args:
    serialized: string [], one record.
    want_frames: whether to return the JPEGs.
    want_log_mel: whether to return the sound.
  Returns:
    index int64 [], video_id string [], start_seconds float32 [], labels int64 [n], official_split int64 [m], and as wanted
    frames string [T] (still JPEG), log_mel float32 [M, 40].
  """
  return tf.io.parse_single_example(serialized, example_spec(want_frames, want_log_mel))


def parse_index(serialized: tf.Tensor) -> tf.Tensor:
  """Returns the index, int64 [], of one record, and copies nothing else out of it."""
  return tf.io.parse_single_example(serialized, {'index': tf.io.FixedLenFeature((), tf.int64)})['index']


def shard_name(name: str, split: str, shard: int, num_shards: int) -> str:
  """Returns the file name of a shard, as TFDS names it: 'NAME-SPLIT.tfrecord-00000-of-00010'."""
  return f'{name}-{split}.tfrecord-{shard:05d}-of-{num_shards:05d}'


def _write_tfds_metadata(directory, name, shard_lengths, shard_bytes, label_names, num_official_splits) -> None:
  import tensorflow_datasets as tfds  # Slow to import.

  template = tfds.core.ShardedFileTemplate(data_dir=directory, dataset_name=name, filetype_suffix='tfrecord')
  split_infos = [
    tfds.core.SplitInfo(
      name=split,
      shard_lengths=list(lengths),
      num_bytes=sum(shard_bytes[split]),
      filename_template=template.replace(split=split),
    )
    for split, lengths in shard_lengths.items()
  ]
  tfds.folder_dataset.write_metadata(
    data_dir=directory,
    features=tfds_features(label_names, num_official_splits),
    split_infos=split_infos,
    filename_template=template,
    check_data=False,
    description='Spans of videos: JPEG frames and log-mel sound, for Cross-Modal Deep Clustering.',
  )


def write_metadata(
  directory: str,
  name: str,
  shard_lengths: Mapping[str, Sequence[int]],
  shard_bytes: Mapping[str, Sequence[int]],
  label_names: Sequence[str],
  num_official_splits: int,
  clip_settings: Mapping[str, Any],
) -> None:
  """Describes a folder whose shards are all in place: TFDS's JSON files, `clips.json`, `schema.pbtxt` for
  TensorFlow Data Validation, and `DONE` last.

  Args:
    directory: the folder of the shards.
    name: the data set's name, as in the names of the shards.
    shard_lengths: {split: number of records of each shard}.
    shard_bytes: {split: size of each shard in bytes}.
    label_names: the class names.
    num_official_splits: how many official splits each record carries.
    clip_settings: how the clips were made: frame_rate, short_side, log_mel (the fields of LogMelSpec), manifest_directory,
      num_rows {split: manifest rows}, failed {split: {reason: rows}}.

  Raises:
    ValueError: when a setting is missing or unknown.
  """
  if set(clip_settings) != set(_CLIP_SETTINGS):
    raise ValueError(f'clip_settings holds {sorted(clip_settings)}; expected exactly {sorted(_CLIP_SETTINGS)}.')
  _write_tfds_metadata(directory, name, shard_lengths, shard_bytes, label_names, num_official_splits)
  contents = {
    'name': name,
    'shard_lengths': {split: list(lengths) for split, lengths in shard_lengths.items()},
    'label_names': list(label_names),
    'num_official_splits': num_official_splits,
    **clip_settings,
  }
  files.write_json(os.path.join(directory, CLIPS_FILE), contents)
  with files.atomic_write(os.path.join(directory, TFDV_SCHEMA_FILE), 'w') as file:
    file.write(tfdv_schema.schema_text(example_spec(), label_names, num_official_splits, NUM_FILTERS))
  files.write_mark(os.path.join(directory, DONE_FILE))


@dataclasses.dataclass(frozen=True)
class Records:
  """A finished folder of records, as `clips.json` describes it. Made by `open_records`.

  Attributes:
    directory: the folder.
    name: the data set's name.
    shard_lengths: {split: number of records of each shard, in the order of the shards}.
    label_names: the class names; empty without labels.
    num_official_splits: how many official splits each record carries.
    frame_rate: stored frames per second.
    short_side: the shorter side of the stored frames in pixels.
    log_mel_spec: how the sound was turned into log_mel.
    manifest_directory: the manifest that the records were made from, beside them if it is there.
    failed: {split: {reason: manifest rows without a record}}.
  """

  directory: str
  name: str
  shard_lengths: dict[str, tuple[int, ...]]
  label_names: tuple[str, ...]
  num_official_splits: int
  frame_rate: float
  short_side: int
  log_mel_spec: LogMelSpec
  manifest_directory: str
  failed: dict[str, dict[str, int]]
  _num_rows: dict[str, int]

  @property
  def splits(self) -> tuple[str, ...]:
    """The names of the splits."""
    return tuple(self.shard_lengths)

  def shard_paths(self, split: str) -> list[str]:
    """Returns the files of a split, in order."""
    num_shards = len(self.shard_lengths[self._check(split)])
    return [
      os.path.join(self.directory, shard_name(self.name, split, shard, num_shards)) for shard in range(num_shards)
    ]

  def shard_of(self, split: str, index: int) -> int:
    """Returns the number of the shard that holds, or would hold, the record of a manifest row.

    Raises:
      ValueError: when no shard does.
    """
    settings = os.path.join(self.directory, files.SETTINGS_FILE)
    if tf.io.gfile.exists(settings):
      return index // files.read_json(settings)['clips_per_shard']
    for shard, path in enumerate(self.shard_paths(split)):  # Records that no job of ours made.
      if index in positions.read_indices(path):
        return shard
    raise ValueError(f'{self.directory} has no record {index} in the split {split}.')

  @property
  def audio_track(self) -> str:
    """Which sound of films with several was taken, as ReadOptions has it; '' is the default one, or of records of other jobs."""
    settings = os.path.join(self.directory, files.SETTINGS_FILE)
    if not tf.io.gfile.exists(settings):
      return ''
    return files.read_json(settings).get('read_options', {}).get('audio_track', '')

  def num_clips(self, split: str) -> int:
    """Returns how many records a split has."""
    return sum(self.shard_lengths[self._check(split)])

  def num_rows(self, split: str) -> int:
    """Returns how many manifest rows a split has: every record's index is below it, and label tables have this length."""
    return self._num_rows[self._check(split)]

  def fingerprint(self) -> str:
    """Tells records apart that have the same name and size: what they were made from and how, and how many bytes they take."""
    digest = hashlib.sha256()
    for name in (CLIPS_FILE, DATASET_INFO_FILE):
      with tf.io.gfile.GFile(os.path.join(self.directory, name), 'rb') as file:
        digest.update(file.read())
    return digest.hexdigest()[:16]

  def _check(self, split: str) -> str:
    if split not in self.shard_lengths:
      raise ValueError(f'{self.directory} has no split {split!r}; it has {sorted(self.shard_lengths)}.')
    return split


def _check_contents(contents: dict[str, Any]) -> None:
  """Checks what others count with or make names of files of; an edited file must not lead elsewhere.

  Raises:
    KeyError, TypeError, AttributeError or ValueError: where a value is not what make_clips writes.
  """
  manifest.check_name(contents['name'], 'data set name')
  for split, lengths in contents['shard_lengths'].items():
    manifest.check_name(split, 'split name')
    _check_numbers(f'shard_lengths of {split}', [*lengths, contents['num_rows'][split]], 0)
    if not all(isinstance(number, int) for number in contents['failed'][split].values()):
      raise ValueError(f'failed of {split} is {contents["failed"][split]}')
  _check_numbers('num_official_splits, short_side', [contents['num_official_splits'], contents['short_side']], 0)
  if not contents['frame_rate'] > 0:
    raise ValueError(f'frame_rate is {contents["frame_rate"]}')
  names, source = contents['label_names'], contents['manifest_directory']
  if not isinstance(names, list) or not all(isinstance(name, str) for name in [*names, source]):
    raise ValueError(f'label_names are {names}, the manifest is {source}')


def _check_numbers(what: str, values: Sequence[Any], least: int) -> None:
  if not all(isinstance(value, int) and not isinstance(value, bool) and value >= least for value in values):
    raise ValueError(f'{what} are {values}, expected whole numbers of at least {least}')


def open_records(directory: str) -> Records:
  """Opens a finished folder of records; reads one small JSON file and lists the folder once.

  Raises:
    FileNotFoundError: when the folder is missing or not finished, or lacks shards.
    ValueError: when `clips.json` is damaged.
  """
  if not tf.io.gfile.exists(os.path.join(directory, DONE_FILE)):
    found = 'is not finished (it has no DONE)' if tf.io.gfile.isdir(directory) else 'does not exist'
    raise FileNotFoundError(
      f'{directory} {found}; expected a folder of records that make_clips has finished. Run the same '
      '`python -m beam_pipelines.make_clips --output_dir ...` (again): it makes what is missing.'
    )
  path = os.path.join(directory, CLIPS_FILE)
  contents = files.read_json(path)
  own_manifest = os.path.join(directory, MANIFEST_FOLDER)
  if tf.io.gfile.exists(os.path.join(own_manifest, manifest.MANIFEST_FILE)):
    contents['manifest_directory'] = own_manifest
  try:
    _check_contents(contents)
    log_mel_spec = LogMelSpec(**contents['log_mel'])
    records = Records(
      directory=os.fspath(directory),
      name=contents['name'],
      shard_lengths={split: tuple(lengths) for split, lengths in contents['shard_lengths'].items()},
      label_names=tuple(contents['label_names']),
      num_official_splits=contents['num_official_splits'],
      frame_rate=contents['frame_rate'],
      short_side=contents['short_side'],
      log_mel_spec=log_mel_spec,
      manifest_directory=contents['manifest_directory'],
      failed=contents['failed'],
      _num_rows=contents['num_rows'],
    )
  except (KeyError, TypeError, AttributeError, ValueError) as error:
    raise ValueError(
      f'{path} does not describe records ({type(error).__name__}: {error}); found {json.dumps(contents)[:200]}. '
      'It was made by another version or edited: delete DONE and run make_clips again.'
    ) from error
  present = set(tf.io.gfile.listdir(directory))
  if DATASET_INFO_FILE not in present:  # TFDS reads it, and the fingerprint of the records.
    raise FileNotFoundError(
      f'{directory} lacks {DATASET_INFO_FILE}. Copy it again, or delete DONE there and run make_clips again with the same settings.'
    )
  missing = [p for split in records.splits for p in records.shard_paths(split) if os.path.basename(p) not in present]
  if missing:
    raise FileNotFoundError(
      f'{directory} lacks {len(missing)} of its shards, the first is {missing[0]}. Run make_clips again with the same settings and '
      '--repair: it makes what is missing.'
    )
  return records
