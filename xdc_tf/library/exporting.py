"""Encoders of runs and of weight folders as SavedModels or files for TensorFlow Lite."""

import dataclasses
import os

import tensorflow as tf

from xdc_tf import files, lease
from xdc_tf.cli import configuration
from xdc_tf.clustering.clusters import Clusters
from xdc_tf.runs import training_facts, weights_folder
from xdc_tf.serving import export as saved_models
from xdc_tf.serving import tflite
from xdc_tf.training.options import POLICIES
from xdc_tf.value_types import checked

PRECISIONS = ('float32', 'bfloat16')
FILE_FORMATS = ('saved_model', 'tflite')


def export_weights(
  weights: str, output_dir: str, precision: str = 'float32', file_format: str = 'saved_model', limits=None, **view: int
) -> dict[str, str]:
  """Exports an imported or finetuned encoder, without clusters, as a new version; a finetuned one with its last layer.

  Args:
    weights: the folder of the weights.
    output_dir: gets xdc_video/VERSION/ or xdc_audio/VERSION/.
    precision: 'float32' or 'bfloat16'.
    file_format: 'saved_model', or 'tflite' for xdc_video.tflite or xdc_audio.tflite.
    limits: a RequestLimits of SavedModels; None: the defaults.
    **view: num_frames, crop_size and short_side of a video encoder, where they are not as its kind was trained.

  Returns:
    {'video' or 'audio': the folder of the version, or the file}.

  Raises:
    ValueError: for an audio encoder, when its folder does not say how it was fed, or `view` is given.
  """
  _begin(output_dir, precision, file_format)
  encoder, info = weights_folder.load(weights, POLICIES[precision])
  fed = weights_folder.input_spec(info, encoder.modality)
  if view and encoder.modality == 'audio':
    raise ValueError(f'--{" --".join(view)}: {weights} holds an audio encoder, which sees no frames.')
  fed = fed or weights_folder.usual_input(weights, encoder)
  metadata = {'weights': info['source'], 'sha256': info['sha256'], 'finetuned': 'fed' in info}
  metadata |= _track(fed.audio_track)
  classifier = weights_folder.load_classifier(weights, info)
  folder = os.path.join(output_dir, f'xdc_{encoder.modality}')
  if encoder.modality == 'video':
    short_side = view.pop('short_side', None)
    inputs = dataclasses.replace(fed.inputs, **view, **({'short_side': None} if short_side else {}))
    if file_format == 'tflite':
      return {'video': tflite.export_tflite(encoder, inputs, f'{folder}.tflite')}
    path = saved_models.export_video(
      encoder,
      inputs,
      short_side or fed.short_side,
      folder,
      None,
      metadata,
      fed.frame_rate,
      limits or saved_models.DEFAULT_LIMITS,
      classifier,
    )
    return {'video': path}
  if file_format == 'tflite':
    return {'audio': tflite.export_tflite(encoder, fed.inputs, f'{folder}.tflite')}
  return {
    'audio': saved_models.export_audio(
      encoder, fed.inputs, fed.log_mel_spec, folder, None, metadata, limits or saved_models.DEFAULT_LIMITS, classifier
    )
  }


def _begin(output_dir: str, precision: str, file_format: str) -> None:
  """Checks what does not depend on the weights, and clears up after exports that were killed; the caller has the folder's lease."""
  if file_format == 'saved_model':
    files.check_folder_of_weights(output_dir)
  for name, value, known in (('precision', precision, PRECISIONS), ('file_format', file_format, FILE_FORMATS)):
    if value not in known:
      raise ValueError(f'{name} must be one of {known}. Received: {value!r}.')
  for name in files.list_folder(output_dir):
    folder = os.path.join(output_dir, name)
    if name.startswith('xdc_') and tf.io.gfile.isdir(folder):
      saved_models.remove_unfinished(folder)


def _track(audio_track: str) -> dict[str, str]:
  """Which sound of films with several the encoder knows, for metadata.json; nothing for the default one."""
  return {'audio_track': audio_track} if audio_track else {}


@checked
def export(
  source: str | os.PathLike,
  output_dir: str | os.PathLike = 'saved_models',
  precision: str = 'float32',
  file_format: str = 'saved_model',
) -> dict[str, str]:
  """Exports the encoders of a run, or imported or finetuned weights, as `xdc export` does.

  Examples:
    >>> xdc_tf.export('runs/xdc', 'saved_models')
    {'audio': 'saved_models/xdc_audio/1', 'video': 'saved_models/xdc_video/1'}

  Args:
    source: folder of a run or of weights.
    output_dir: gets xdc_ENCODER/VERSION/.
    precision: 'float32' or 'bfloat16'.
    file_format: 'saved_model', or 'tflite', which takes float32 only.

  Returns:
    {encoder: the folder of its version, or its file}.

  Raises:
    FileNotFoundError or ValueError: as `load`.
  """
  source, output_dir = os.fspath(source), os.fspath(output_dir)
  files.use_file_system(output_dir)
  files.check_folder_of_weights(source)
  is_weights = tf.io.gfile.exists(os.path.join(source, weights_folder.INFO_FILE))
  with lease.held(output_dir):  # Two would give their versions the same number.
    return (export_weights if is_weights else export_run)(source, output_dir, precision, file_format)


def export_run(
  run_dir: str, output_dir: str, precision: str = 'float32', file_format: str = 'saved_model', limits=None
) -> dict[str, str]:
  """Exports every encoder of a finished run.

  Args:
    run_dir: the directory of the run.
    output_dir: gets xdc_ENCODER/VERSION/, a new version.
    precision: 'float32' or 'bfloat16'.
    file_format: 'saved_model', or 'tflite' for xdc_ENCODER.tflite.
    limits: a RequestLimits of SavedModels; None: the defaults.

  Returns:
    {encoder: the folder of the version, or the file}.
  """
  _begin(output_dir, precision, file_format)
  run = configuration.open_run(run_dir)
  folders = {}
  for name in run.config.encoders:
    encoder = run.load_encoder(name, dtype=POLICIES[precision])
    folder = os.path.join(output_dir, f'xdc_{name}')
    if file_format == 'tflite':
      folders[name] = tflite.export_tflite(encoder, run.input_of(name), f'{folder}.tflite')
      continue
    own = [c for c in run.config.clusterings if c.sources == (name,)]  # A joint clustering needs both encoders.
    # The clusters of the last iteration are of features that an encoder trained again after it no longer gives.
    served = own and name not in run.config.retrained_encoders
    folders[name] = _export_encoder(name, encoder, run, own[0].name if served else None, folder, limits)
  return folders


def _export_encoder(name: str, encoder, run, clustering: str | None, folder: str, limits) -> str:
  limits = limits or saved_models.DEFAULT_LIMITS
  clusters = Clusters.load(run.iteration().clusters(clustering)) if clustering else None
  records, encoder_input = run.records, run.input_of(name)
  metadata = {'run': os.path.basename(os.path.abspath(run.path)), 'records': records.name}
  metadata |= {'clustering': clustering, 'training': training_facts.of_run(run, name)} | _track(records.audio_track)
  if encoder.modality == 'video':
    return saved_models.export_video(
      encoder, encoder_input, records.short_side, folder, clusters, metadata, records.frame_rate, limits
    )
  return saved_models.export_audio(encoder, encoder_input, records.log_mel_spec, folder, clusters, metadata, limits)
