"""Whether what lies in a folder is whole: records, features, checkpoints, weights, SavedModels, arrays, JSON, marks of stages."""

import dataclasses
import fnmatch
import functools
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from xdc_tf import files, messages, progress
from xdc_tf.clustering.feature_store import CURE, FeatureStore
from xdc_tf.manifest import manifest
from xdc_tf.records import damage, schema
from xdc_tf.runs import layout
from xdc_tf.serving.version_folder import METADATA_FILE

# What a finished stage of a run must have left, by the end of its path.
_WEIGHTS = ('weights.index',)
_OF_CLIPS = tuple(f'{split}/{name}.npy' for split in ('train', 'validation') for name in ('pseudo_labels', 'distances'))
_LEFT_BY_STAGES = {
  r'iteration-\d+/features/[^/]+': ('train-*.features.npy', 'validation-*.features.npy'),
  r'iteration-\d+/clusters/[^/]+': ('clusters.json', 'centroids.npy', 'inertia.npy', layout.METRICS_FILE, *_OF_CLIPS),
  r'fold-\d+/(test|held-out)/rate-[^/]+': ('result.json',),
  r'iteration-\d+/metrics': (layout.METRICS_FILE,),
  r'initial/[^/]+': _WEIGHTS,
  r'(iteration-\d+/train|retrained)/[^/]+': (*_WEIGHTS, 'metrics.csv'),
}


@dataclasses.dataclass(frozen=True)
class Check:
  """One thing that can be whole or damaged.

  Attributes:
    kind: what it is, for the table.
    path: where.
    find: returns what is wrong with it; '' where it is whole.
  """

  kind: str
  path: str
  find: Callable[[], str]


@dataclasses.dataclass(frozen=True)
class Finding:
  """What is wrong with something."""

  kind: str
  path: str
  problem: str


def checks(folder: str) -> list[Check]:
  """Returns what there is to check in a folder and all folders below.

  Raises:
    FileNotFoundError: when there is no such folder, or nothing in it.
  """
  if not tf.io.gfile.exists(folder):
    raise FileNotFoundError(
      f'{folder} does not exist; expected a folder of records, a manifest, features, a run or an export.'
    )
  to_do: list[Check] = []
  runs: dict[str, None] = {}
  for place, names in files.walk(folder):
    # What macOS lays beside files begins with a dot.
    if not any(part.startswith('.') for part in os.path.relpath(place, folder).split(os.sep) if part != '.'):
      to_do += _in_folder(place, [name for name in names if not name.startswith('.')])
      stage = re.fullmatch(r'(.+)/(iteration-\d+/(clusters|train)|fold-\d+/(test|held-out))/[^/]+', place)
      if stage and 'DONE' in names and stage[1].startswith(folder.rstrip('/')):
        runs[stage[1]] = None
  to_do += [Check('run', run_dir, functools.partial(_run_problem, run_dir)) for run_dir in runs]
  if not to_do:
    raise FileNotFoundError(
      f'{folder} holds nothing that can be checked: expected records, a manifest, features, a run or an export.'
    )
  return to_do


def run(checks: Sequence[Check], threads: int) -> list[Finding]:
  """Makes checks, several at the same time, under a progress bar; returns what is wrong, in the order of the checks."""

  def problem(check: Check) -> str:
    try:
      return check.find()
    except Exception as error:  # Every library has its own for bytes that it cannot read.
      return f'is damaged ({type(error).__name__}: {messages.of_error(error)[:300]})'

  with futures.ThreadPoolExecutor(threads) as pool, progress.bar(description='check', total=len(checks)) as bar:
    problems = []
    for text in pool.map(problem, checks):
      problems.append(text)
      bar.update()
  return [Finding(check.kind, check.path, text) for check, text in zip(checks, problems, strict=True) if text]


def _in_folder(folder: str, names: list[str]) -> Iterator[Check]:
  if schema.CLIPS_FILE in names:
    yield from _of_records(folder)
  elif {'features.json', 'dataset_info.json', 'DONE'} <= set(names):
    yield Check('records', folder, lambda: f'lacks {schema.CLIPS_FILE}. Copy it again, or run make_clips again')
  if manifest.MANIFEST_FILE in names:
    yield Check('manifest', folder, functools.partial(_manifest_problem, folder))
  if 'variables.index' in names and os.path.basename(folder) == 'variables':
    yield Check('SavedModel', os.path.dirname(folder), functools.partial(_version_problem, os.path.dirname(folder)))
  for split in sorted(
    {match[1] for name in names if (match := re.fullmatch(r'(.+)-\d{5}-of-\d{5}\.features\.npy', name))}
  ):
    yield from _of_features(folder, split)
  for name in names:
    path, kind = os.path.join(folder, name), _kind(name)
    if kind:
      yield Check(kind, path, functools.partial(_FINDERS[kind], path))
  if 'encoder.json' in names:
    yield Check('weights', folder, functools.partial(_encoder_problem, folder, names))
  if 'DONE' in names:
    yield Check('stage', folder, functools.partial(_stage_problem, folder))


def _of_records(folder: str) -> Iterator[Check]:
  try:
    records = schema.open_records(folder)
  except (ValueError, OSError) as error:
    yield Check('records', folder, functools.partial(str, f'cannot be opened: {error}'))
    return
  for split in records.splits:
    for path, length in zip(records.shard_paths(split), records.shard_lengths[split], strict=True):
      yield Check('records', path, functools.partial(_shard_problem, path, length))


def _shard_problem(path: str, length: int) -> str:
  problem = damage.of_shard(path, length)
  return f'{problem}. {damage.REPAIR}' if problem else ''


def _of_features(folder: str, split: str) -> Iterator[Check]:
  store = FeatureStore(folder, split)
  yield Check('features', f'{folder} ({split})', lambda: _missing_shards(store))
  for shard in store.complete_shards():
    yield Check('features', f'{folder} ({split}, shard {shard})', functools.partial(_features_problem, store, shard))


def _missing_shards(store: FeatureStore) -> str:
  missing = store.missing_shards()
  if not missing:
    return ''
  return f'lacks {len(missing)} of {store.num_shards} shards, the first is number {missing[0]}. {CURE.format(store.directory)}'


def _features_problem(store: FeatureStore, shard: int) -> str:
  index, features = store.read_shard(shard)
  if not np.isfinite(features).all():
    return 'holds values that are not finite'
  return '' if (np.diff(index) > 0).all() else 'has clips in another order than their numbers'


def _kind(name: str) -> str | None:
  if '.tmp.' in name or name.endswith(('.features.npy', '.index.npy')):
    return None  # Of a write that was broken off, which nobody reads; those of features are looked at together.
  if name.endswith('.index'):
    return 'weights'
  return {'.npy': 'array', '.npz': 'arrays', '.json': 'JSON', '.pb': 'SavedModel'}.get(os.path.splitext(name)[1])


def _encoder_problem(folder: str, names: Sequence[str]) -> str:
  """What a folder of imported or finetuned weights lacks."""
  needed = ['weights.index']
  if 'classifier' in files.read_json(os.path.join(folder, 'encoder.json')):
    needed += ['kernel.npy', 'bias.npy']
  missing = [name for name in needed if name not in names]
  cure = f'Delete {folder}/DONE, if it is there, and give the command that made them again'
  return f'lacks {", ".join(missing)}. {cure}' if missing else ''


def _weights_problem(path: str) -> str:
  try:
    files.check_folder_of_weights(os.path.dirname(path))
  except ValueError as error:
    return f'cannot be looked at there. {error}'
  reader = tf.train.load_checkpoint(path.removesuffix('.index'))
  bad = []
  for name in reader.get_variable_to_shape_map():
    value = reader.get_tensor(name)  # Compared with its checksum.
    if isinstance(value, np.ndarray) and value.dtype.kind == 'f' and not np.isfinite(value).all():
      bad.append(name)
  # What only says that nothing has been before: the best loss so far, for example.
  bad = [name for name in bad if 'early_stopping' not in name]
  return f'holds values that are not finite: {bad[0]}' + (f' and {len(bad) - 1} more' if bad[1:] else '') if bad else ''


def _array_problem(path: str) -> str:
  files.read_array(path)
  return ''


def _arrays_problem(path: str) -> str:
  files.read_arrays(path)
  return ''


def _json_problem(path: str) -> str:
  with tf.io.gfile.GFile(path, 'r') as file:
    text = file.read()
  json.loads(text, parse_constant=_refuse)
  return ''


def _refuse(constant: str) -> None:
  raise ValueError(f'{constant} is no JSON')


def _saved_model_problem(path: str) -> str:
  if os.path.basename(path) == 'saved_model.pb':
    with tf.io.gfile.GFile(path, 'rb') as file:
      if not saved_model_pb2.SavedModel.FromString(file.read()).meta_graphs:
        return 'holds no graph'
    if not tf.io.gfile.exists(os.path.join(os.path.dirname(path), 'variables', 'variables.index')):
      return 'has no variables/variables.index beside it. Copy it again, or export it anew'
  return ''


def _manifest_problem(folder: str) -> str:
  opened = manifest.read_manifest(folder)
  for split in opened.splits:
    for _ in opened.rows(split):
      pass  # Every line is checked.
  return ''


def _version_problem(folder: str) -> str:
  needed = ['saved_model.pb']
  if os.path.basename(os.path.dirname(folder)).startswith('xdc_'):
    needed.append(METADATA_FILE)
  missing = [name for name in needed if not tf.io.gfile.exists(os.path.join(folder, name))]
  return f'lacks {" and ".join(missing)}. Copy it again, or export it anew' if missing else ''


def _run_problem(run_dir: str) -> str:
  if tf.io.gfile.exists(os.path.join(run_dir, layout.CONFIG_FILE)):
    return ''
  return 'lacks config.gin, by which it would go on. Copy that file again'


def _stage_problem(folder: str) -> str:
  left = next((left for end, left in _LEFT_BY_STAGES.items() if re.search(f'(^|/){end}$', folder)), ())
  root = os.path.dirname(os.path.dirname(folder))
  if re.search(r'(^|/)(initial|retrained)/[^/]+$', folder) and not tf.io.gfile.exists(
    os.path.join(root, layout.CONFIG_FILE)
  ):
    left = ()  # A folder of records, say, in one of these names.
  # Of a localisation, which has one training.
  if os.path.basename(folder) == 'training' and tf.io.gfile.exists(os.path.join(folder, 'metrics.csv')):
    left = _WEIGHTS
  if _is_kept_features(folder):
    left = ('features.npy', 'index.npy')
  missing = [name for name in left if not _is_there(folder, name)]
  return (
    f'is marked as done, but {", ".join(missing)} is missing. Delete {folder}/DONE and give the command again.'
    if missing
    else ''
  )


def _is_kept_features(folder: str) -> bool:
  """Whether these are features of a frozen encoder, which a sweep keeps beside their settings."""
  settings = os.path.join(folder, files.SETTINGS_FILE)
  return tf.io.gfile.exists(settings) and {'encoder', 'split', 'num_clips', 'clips'} <= set(files.read_json(settings))


def _is_there(folder: str, name: str) -> bool:
  if '*' in name:
    return bool(fnmatch.filter(files.list_folder(folder), name))
  return tf.io.gfile.exists(os.path.join(folder, name))


_FINDERS = {
  'weights': _weights_problem,
  'array': _array_problem,
  'arrays': _arrays_problem,
  'JSON': _json_problem,
  'SavedModel': _saved_model_problem,
}
