"""Encoders from weight files of PyTorch (.pth, .safetensors) and Caffe2: the authors', torchvision's, and our own exports.

  encoder = import_weights(read_checkpoint('r2plus1d_18_xdc_ig65m_kinetics-f24f6ffb.pth'))

A file is used whole or not at all: every tensor that is missing, left over, misshapen or not finite is named in one error.

BatchNorm's epsilon is not in such files: 1e-3 in Caffe2 and VMZ (the paper), 1e-5 in torchvision. It becomes an option of the
encoder. Folding the difference into the variance would make some variances negative, round them, and change what finetuning does.
"""

import dataclasses
import hashlib
import inspect
import json
import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from xdc_tf import files
from xdc_tf.models import caffe2_files, safetensors_files, torch_files, weight_names
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.models.r2plus1d import middle_planes
from xdc_tf.models.residual import BATCH_NORM_EPSILON, SMALLEST_BASE_WIDTH

TORCHVISION_EPSILON = 1e-5
# Where a state_dict lies in a training checkpoint.
NESTS = ('state_dict', 'model_state_dict', 'model', 'net', 'network', 'encoder', 'backbone')
# What trainers call the encoder within a larger network.
_PARTS = ('encoder.', 'backbone.', 'net.', 'model.', 'network.', 'trunk.')
# DataParallel and averaged models put 'module.' before their names, torch.compile '_orig_mod.', in any order.
_WRAPPERS = re.compile(r'^(?:module\.|_orig_mod\.)+')
HEAD = {'torch': r'fc\.\w+', 'caffe2': r'last_out_L\d+_[wb]'}
# A counter that only PyTorch's optional momentum rule uses.
LEFTOVER = r'(.*\.)?num_batches_tracked'


@dataclasses.dataclass(frozen=True)
class Checkpoint:
  """A weight file that was read.

  Attributes:
    name: the name of the file.
    sha256: the sha256 of the file, in hexadecimal.
    naming: 'torch' or 'caffe2'.
    tensors: by name.
    made_from: arguments of the encoder that our own export notes; empty for other files.
    remarks: sentences about what was done to the names.
    outside: names of tensors of other parts of the network that the encoder was a part of.
  """

  name: str
  sha256: str
  naming: str
  tensors: dict[str, np.ndarray]
  made_from: dict[str, Any]
  remarks: tuple[str, ...]
  outside: frozenset[str] = frozenset()


def read_checkpoint(path: str) -> Checkpoint:
  """Reads a `.pth`, `.safetensors` or `.pkl` file; its content says which of them it is.

  Args:
    path: the path of the file, local or remote.

  Raises:
    FileNotFoundError: when there is none.
    ValueError: when its name has the start of another SHA-256 in it, when it is damaged, or holds anything but tensors.
  """
  files.use_file_system(path)
  if not tf.io.gfile.exists(path) or tf.io.gfile.isdir(path):
    raise FileNotFoundError(f'There is no file {path}.')
  with tf.io.gfile.GFile(path, 'rb') as file:
    data = file.read()
  name, sha256 = os.path.basename(path), hashlib.sha256(data).hexdigest()
  check_hash(name, sha256)
  is_caffe2 = False
  try:
    if safetensors_files.is_safetensors(data):
      saved, texts = safetensors_files.read(data)
      notes: str | bytes | None = texts.get(torch_files.NOTES_FILE)
    elif data.startswith((torch_files.ZIP_START, torch_files.LEGACY_START)):
      saved, notes = torch_files.read(data)
    else:
      is_caffe2, saved, notes = True, caffe2_files.read(data), None
    tensors, remarks = (_dictionary(saved, 'blobs'), []) if is_caffe2 else _state_torch(saved)
    tensors, outside = (tensors, frozenset()) if is_caffe2 else _part(tensors, remarks)
    _check_tensors(tensors)
    made_from = _arguments(notes) if notes else {}
  except ValueError as error:
    raise ValueError(f'{path}: {error}') from error
  naming = 'caffe2' if is_caffe2 else 'torch'
  return Checkpoint(name, sha256, naming, dict(tensors), made_from, tuple(remarks), outside)


def check_hash(name: str, sha256: str) -> None:
  """Compares a file's SHA-256 with the eight characters at the end of its name, by which the authors and PyTorch name files.

  Eight digits without a letter are not taken for one: they are more often a date.

  Raises:
    ValueError: when they differ.
  """
  expected = re.search(r'-(?=[0-9]*[a-f])([0-9a-f]{8})\.\w+$', name)
  if expected and not sha256.startswith(expected[1]):
    raise ValueError(
      f'{name} should have a SHA-256 that starts with {expected[1]}, but it is {sha256}: the file is damaged or another one. '
      'Download it again (or rename it, if the end of its name means something else).'
    )


def _dictionary(saved: Any, key: str) -> Mapping:
  if not isinstance(saved, Mapping) or not isinstance(saved.get(key), Mapping):
    raise ValueError(f'The file has no {key!r}: Caffe2 writes a dictionary with the arrays under that name.')
  return saved[key]


def _state_torch(saved: Any) -> tuple[Mapping, list[str]]:
  """Takes the state_dict out of what it is nested in, and what wrapped the network off its names."""
  remarks = []
  for nest in NESTS:
    if isinstance(saved, Mapping) and isinstance(saved.get(nest), Mapping):
      others = [str(key) for key in saved if key != nest]
      remarks.append(f'The weights lie under {nest!r}; not used: {", ".join(others) or "nothing else"}.')
      saved = saved[nest]
  if not isinstance(saved, Mapping):
    raise ValueError(f'The file holds a {type(saved).__name__} and no state_dict.')
  bare = {str(name): _WRAPPERS.sub('', str(name)) for name in saved}
  taken_off = {name.removesuffix(rest) for name, rest in bare.items()} - {''}
  if taken_off and len(set(bare.values())) == len(bare):
    remarks.append(f'Wrappers of the network were taken off the names: {", ".join(map(repr, sorted(taken_off)))}.')
    saved = {bare[str(name)]: value for name, value in saved.items()}
    if saved.pop('n_averaged', None) is not None:
      remarks.append("'n_averaged', a counter of the averaged model, is not used.")
  return saved, remarks


def _part(tensors: Mapping, remarks: list[str]) -> tuple[Mapping, frozenset[str]]:
  """Takes the encoder out of a larger network, where its names begin with one of _PARTS; adds a remark on that.

  Returns:
    The tensors, those of the encoder under their names in it, and the names of all others.
  """
  stem = re.compile(r'(stem\.0|conv1)\.weight')  # As the networks have it that are read here.
  if any(stem.fullmatch(str(name)) for name in tensors):
    return tensors, frozenset()
  for part in _PARTS:
    if any(str(name).startswith(part) and stem.fullmatch(str(name).removeprefix(part)) for name in tensors):
      outside = frozenset(str(name) for name in tensors if not str(name).startswith(part))
      remarks.append(f'The encoder lies under {part!r}; beside it: {", ".join(sorted(outside)[:5]) or "nothing else"}.')
      return {str(name).removeprefix(part): value for name, value in tensors.items()}, outside
  return tensors, frozenset()


def _arguments(notes: str | bytes) -> dict[str, Any]:
  described = json.loads(notes)
  arguments = described.get('arguments') if isinstance(described, dict) else None
  return arguments if isinstance(arguments, dict) else {}


def _check_tensors(tensors: Mapping) -> None:
  wrong = [
    str(name) for name, value in tensors.items() if not isinstance(name, str) or not isinstance(value, np.ndarray)
  ]
  if wrong or not tensors:
    raise ValueError(f'The file is no dictionary of tensors. Not tensors: {", ".join(wrong) or "it is empty"}.')


def import_weights(checkpoint: Checkpoint, ignore_head: bool = False, batch_norm_epsilon: float | None = None):
  """Makes the encoder that a file's weights belong to, with these weights.

  Args:
    checkpoint: from `read_checkpoint`.
    ignore_head: leave out a classifier; otherwise it is an error.
    batch_norm_epsilon: what BatchNorm added to the variance where the weights were trained; None: as the file's names and shapes
      tell, which they do for R(2+1)D, Caffe2's files and our own.

  Returns:
    The encoder.

  Raises:
    ValueError: when no encoder has such weights, or they do not fit exactly; the message lists every tensor that does not.
  """
  name, arguments = identify(checkpoint, batch_norm_epsilon)
  encoder = ENCODERS[name](**arguments)
  wanted = weight_names.weights(encoder, checkpoint.naming)
  _check_fit(checkpoint, wanted, f'{name} ({_listed(arguments)})', ignore_head)
  for key, weight in wanted.items():
    weight.assign(checkpoint.tensors[key].astype(np.float32))
  return encoder


def identify(checkpoint: Checkpoint, batch_norm_epsilon: float | None = None) -> tuple[str, dict[str, Any]]:
  """Tells from names and shapes which encoder a file holds.

  Returns:
    The encoder's name in ENCODERS and its arguments.

  Raises:
    ValueError: when it is none, or when `batch_norm_epsilon` must be given.
  """
  tensors, naming = checkpoint.tensors, checkpoint.naming
  name, stem_norm = _stem(checkpoint)
  width = tensors[stem_norm].size
  if not SMALLEST_BASE_WIDTH <= width <= 1024:
    raise ValueError(
      f'{checkpoint.name} has a stem with {width} channels. Expected 64, or {SMALLEST_BASE_WIDTH} to 1024.'
    )
  arguments: dict[str, Any] = {'base_width': width, 'blocks_per_stage': _blocks_per_stage(tensors, naming)}
  if name == 'R2Plus1D18':
    arguments['middle'] = _middle(tensors, naming, arguments)
  arguments['batch_norm_epsilon'] = _epsilon(checkpoint, name, arguments.get('middle'), batch_norm_epsilon)
  return name, arguments


def _stem(checkpoint: Checkpoint) -> tuple[str, str]:
  """Returns the first encoder whose stem the file has (R(2+1)D has R3D's names and more), and the scale of its last BatchNorm."""
  kernel, scale = weight_names.ENDINGS[checkpoint.naming][:2]
  for name, places in weight_names.PLACES[checkpoint.naming].items():
    stem = [names for place, names in places.items() if place.startswith('stem')]
    last = stem[-1][1] + scale
    if all(conv + kernel in checkpoint.tensors for conv, _ in stem) and last in checkpoint.tensors:
      return name, last
  first = ', '.join(list(checkpoint.tensors)[:5])
  raise ValueError(f'{checkpoint.name} is none of {", ".join(ENCODERS)}. Its first tensors are {first} ...')


def _blocks_per_stage(tensors: Mapping, naming: str) -> int:
  """As many as the file's first stage has; Caffe2, which numbers all blocks through, has the paper's two, or one."""
  if naming == 'torch':
    return len({name.split('.')[1] for name in tensors if name.startswith('layer1.')})
  return 2 if any(name.startswith('comp_4_') for name in tensors) else 1


def _middle(tensors: Mapping, naming: str, arguments: dict) -> str:
  """Who computed the planes in the middle, seen in the first block that widens: 288 for each convolution, 230 once a block."""
  place = weight_names.PLACES[naming]['R2Plus1D18']['conv spatial'][0]
  name = place.format(stage=2, block=0, component=arguments['blocks_per_stage'], conv=2)
  kernel = tensors.get(name + weight_names.ENDINGS[naming][0])
  width = arguments['base_width']
  return 'block' if kernel is not None and kernel.shape[:1] == (middle_planes(width, 2 * width),) else 'conv'


def _epsilon(checkpoint: Checkpoint, name: str, middle: str | None, given: float | None) -> float:
  """What was given; else what our export noted; else Caffe2's or torchvision's, where the weights are surely of one of them."""
  if given is not None:
    if not 0 < given < 0.1:
      raise ValueError(f'--batch_norm_epsilon is {given}; expected a small positive number, such as 1e-3 or 1e-5.')
    return given
  if isinstance(checkpoint.made_from.get('batch_norm_epsilon'), float):
    return checkpoint.made_from['batch_norm_epsilon']
  if middle == 'block':
    return TORCHVISION_EPSILON
  # Our own exports of audio encoders noted none until they could have another.
  if name != 'R2Plus1D18' and checkpoint.naming == 'torch' and not checkpoint.made_from:
    raise ValueError(
      f'{checkpoint.name} is a {name}, whose names are the same everywhere and do not tell the epsilon of its BatchNorm. Give '
      f'--batch_norm_epsilon: {TORCHVISION_EPSILON} for networks of PyTorch, {BATCH_NORM_EPSILON} for models of VMZ.'
    )
  return BATCH_NORM_EPSILON


def _check_fit(checkpoint: Checkpoint, wanted: Mapping, encoder: str, ignore_head: bool) -> None:
  tensors, problems = checkpoint.tensors, []
  for name, weight in wanted.items():
    if name not in tensors:
      problems.append(f'missing: {name} {list(weight.shape)}')
    elif tensors[name].shape != weight.shape:
      problems.append(f'misshapen: {name} {list(tensors[name].shape)}, expected {list(weight.shape)}')
    elif tensors[name].dtype.kind not in 'fV' or not np.isfinite(tensors[name].astype(np.float32)).all():
      problems.append(f'not finite numbers: {name} ({tensors[name].dtype})')
  for name, value in tensors.items():
    is_head = re.fullmatch(HEAD[checkpoint.naming], name) or name in checkpoint.outside
    if name in wanted or re.fullmatch(LEFTOVER, name) or (is_head and ignore_head):
      continue
    hint = ' (a classifier, or another part: --ignore_head leaves it out)' if is_head else ''
    problems.append(f'not used: {name} {list(value.shape)}{hint}')
  if problems:
    listed = '\n  '.join(problems)
    raise ValueError(f'{checkpoint.name} does not fit {encoder}; {len(problems)} tensors are wrong:\n  {listed}')


def _listed(arguments: Mapping) -> str:
  return ', '.join(f'{name}={value!r}' for name, value in arguments.items())


def _parameters(encoder_class: type) -> dict[str, inspect.Parameter]:
  """The arguments that a class can be made with, those that it hands on to its bases (**arguments) too."""
  found: dict[str, inspect.Parameter] = {}
  for each in encoder_class.__mro__:
    if '__init__' not in vars(each):
      continue
    if each.__module__.split('.')[0] in ('keras', 'tensorflow'):
      break
    own = inspect.signature(vars(each)['__init__']).parameters
    found = {name: p for name, p in own.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)} | found
    if not any(p.kind == p.VAR_KEYWORD for p in own.values()):
      break
  return found


def describe(encoder) -> dict[str, Any]:
  """Returns an encoder's name and arguments, from which `ENCODERS[name](**arguments)` makes one like it.

  Arguments of its own are those of its class's constructor, read from attributes of the same names. What has no such attribute is
  in 'unknown', a list of names, and then nothing can be made of it.
  """
  names = ('base_width', 'blocks_per_stage', 'middle', 'batch_norm_epsilon')
  arguments = {name: getattr(encoder, name) for name in names if hasattr(encoder, name)}
  if getattr(encoder, 'stem_name', 'resnet') != 'resnet':
    arguments['stem'] = encoder.stem_name
  unknown = []
  for name, parameter in _parameters(type(encoder)).items():
    if name in (*names, 'self', 'stem', 'seed', 'dtype', 'name'):
      continue
    value = getattr(encoder, name, ...)
    if not isinstance(value, (bool, int, float, str, type(None))):
      unknown.append(name)
    elif value != parameter.default:
      arguments[name] = value
  described = {'encoder': type(encoder).__name__, 'arguments': arguments}
  return described | {'unknown': unknown} if unknown else described


def export_torch(encoder, file_format: str = 'torch') -> bytes:
  """Returns an encoder's weights as the bytes of a file: the authors' names for R(2+1)D, torchvision's for the others.

  Args:
    encoder: whose weights.
    file_format: 'torch' for a `.pth` file, or 'safetensors'.

  Raises:
    ValueError: when the encoder has no such names.
  """
  arrays = {name: np.asarray(weight.value()) for name, weight in weight_names.weights(encoder, 'torch').items()}
  notes = json.dumps(describe(encoder), sort_keys=True)
  if file_format == 'safetensors':
    return safetensors_files.write(arrays, {torch_files.NOTES_FILE: notes})
  return torch_files.write(arrays, notes.encode())
