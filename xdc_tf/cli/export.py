"""xdc export: SavedModels of a run's encoders, as TF Serving loads them."""

import argparse
import dataclasses
import os

import tensorflow as tf

from xdc_tf import files, lease
from xdc_tf.cli import configuration, pretrain
from xdc_tf.clustering.clusters import Clusters
from xdc_tf.records.inputs import VideoInput
from xdc_tf.runs import training_facts, weights_folder
from xdc_tf.serving import export, tflite
from xdc_tf.serving.checks import RequestLimits
from xdc_tf.training import checkpoints
from xdc_tf.training.options import POLICIES

SUMMARY = (
  "Export a run's encoders, or an imported one, as SavedModels with their preprocessing inside, in TF Serving's layout."
)
EXAMPLE = 'xdc export --run_dir runs/xdc --output_dir saved_models'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  source = parser.add_mutually_exclusive_group(required=True)
  source.add_argument('--run_dir', help='folder of a finished run')
  source.add_argument('--weights', help='folder that `xdc import-weights` made, or of a cell of `xdc finetune`')
  parser.add_argument('--output_dir', default='saved_models', help='gets xdc_ENCODER/VERSION/ (default: saved_models)')
  parser.add_argument(
    '--format',
    choices=['saved_model', 'tflite'],
    default='saved_model',
    help='tflite: xdc_ENCODER.tflite, one file for TensorFlow Lite, without clusters and most of the preprocessing '
    '(default: saved_model)',
  )
  parser.add_argument(
    '--precision',
    choices=['float32', 'bfloat16'],
    default='float32',
    help='of weights and computation; bfloat16 halves the files, and is faster where the server has units for it. Embeddings '
    'stay float32 (default: float32)',
  )
  pretrain.add_take_over_argument(parser)
  limits = parser.add_argument_group('what a server refuses, before it decodes anything')
  limits.add_argument('--max_frame_pixels', type=int, help='pixels of one frame (default: 16,777,216)')
  limits.add_argument('--max_request_pixels', type=int, help='pixels of all frames of a request (default: 268,435,456)')
  limits.add_argument('--max_request_seconds', type=float, help='seconds of sound of a request (default: 600)')
  # A run and a finetuning know how their encoders were fed, a weight file does not; the defaults are the paper's.
  view = parser.add_argument_group(
    'what an imported video encoder sees (with --weights; a finetuned one: as it was trained)'
  )
  view.add_argument('--num_frames', type=int, help='frames of a clip (default: 8; torchvision: 16)')
  view.add_argument('--crop_size', type=int, help='side of the square in pixels (default: 224; torchvision: 112)')
  view.add_argument('--short_side', type=int, help='frames are scaled to it first (default: 256; torchvision: 128)')


def run(arguments: argparse.Namespace) -> None:
  """Exports every encoder and prints the folders or files."""
  files.use_file_system(arguments.output_dir)
  view = {name: getattr(arguments, name) for name in ('num_frames', 'crop_size', 'short_side')}
  view = {name: value for name, value in view.items() if value is not None}
  form = (arguments.precision, arguments.format)
  if form == ('bfloat16', 'tflite'):
    raise ValueError('--precision bfloat16 is for SavedModels: TensorFlow Lite takes float32 encoders only.')
  given = {name: getattr(arguments, f'max_{name}') for name in ('frame_pixels', 'request_pixels', 'request_seconds')}
  limits = RequestLimits(**{name: value for name, value in given.items() if value is not None})
  if view and not arguments.weights:
    raise ValueError(f'--{" --".join(view)} belong to --weights: a run knows what its encoders saw.')
  with lease.held(arguments.output_dir, arguments.take_over):  # Two would give their versions the same number.
    if arguments.weights:
      folders = export_weights(arguments.weights, arguments.output_dir, *form, limits, **view)
    else:
      folders = export_run(arguments.run_dir, arguments.output_dir, *form, limits)
  for encoder, folder in folders.items():
    print(f'{encoder}: {folder}')


def export_weights(
  weights: str, output_dir: str, precision: str = 'float32', file_format: str = 'saved_model', limits=None, **view: int
) -> dict[str, str]:
  """Exports an imported or finetuned encoder, without clusters, as a new version.

  Args:
    weights: the folder of the weights.
    output_dir: gets xdc_video/VERSION/ or xdc_audio/VERSION/.
    precision: 'float32' or 'bfloat16'.
    file_format: 'saved_model', or 'tflite' for xdc_video.tflite or xdc_audio.tflite.
    limits: a RequestLimits of SavedModels; None: the defaults.
    **view: num_frames, crop_size and short_side of a video encoder, where they are not as it was trained or as in the paper.

  Returns:
    {'video' or 'audio': the folder of the version, or the file}.

  Raises:
    ValueError: for an audio encoder, when its folder does not say how it was fed, or `view` is given.
  """
  encoder, info = weights_folder.load(weights, POLICIES[precision])
  fed = weights_folder.how_fed(info, encoder.modality)
  metadata = {'weights': info['source'], 'sha256': info['sha256']}
  folder = os.path.join(output_dir, f'xdc_{encoder.modality}')
  if encoder.modality == 'video':
    fed = fed or weights_folder.Fed(VideoInput())
    short_side = view.pop('short_side', None)
    inputs = dataclasses.replace(fed.inputs, **view, **({'short_side': None} if short_side else {}))
    if file_format == 'tflite':
      return {'video': tflite.export_tflite(encoder, inputs, f'{folder}.tflite')}
    path = export.export_video(
      encoder,
      inputs,
      short_side or fed.short_side,
      folder,
      None,
      metadata,
      fed.frame_rate,
      limits or export.DEFAULT_LIMITS,
    )
    return {'video': path}
  if view:
    raise ValueError(f'--{" --".join(view)}: {weights} holds an audio encoder, which sees no frames.')
  if fed is None:
    raise ValueError(
      f"{weights}/{weights_folder.INFO_FILE} does not say how its audio encoder was fed ('fed': the AudioInput, with the mean and "
      'deviation of the log-mel, and the LogMelSpec), and a weight file cannot. Export it from its run (xdc export --run_dir), or '
      'from the folder of a cell of `xdc finetune`, which says so.'
    )
  if file_format == 'tflite':
    return {'audio': tflite.export_tflite(encoder, fed.inputs, f'{folder}.tflite')}
  return {
    'audio': export.export_audio(
      encoder, fed.inputs, fed.log_mel_spec, folder, None, metadata, limits or export.DEFAULT_LIMITS
    )
  }


def export_run(
  run_dir: str, output_dir: str, precision: str = 'float32', file_format: str = 'saved_model', limits=None
) -> dict[str, str]:
  """Exports every encoder of a finished run.

  Args:
    run_dir: of the run.
    output_dir: gets xdc_ENCODER/VERSION/, a new version.
    precision: 'float32' or 'bfloat16'.
    file_format: 'saved_model', or 'tflite' for xdc_ENCODER.tflite.
    limits: a RequestLimits of SavedModels; None: the defaults.

  Returns:
    {encoder: the folder of the version, or the file}.
  """
  run = configuration.open_run(run_dir)
  folders = {}
  for name, model in run.config.encoders.items():
    encoder = model(dtype=POLICIES[precision])
    encoder(tf.zeros([1, *run.input_of(name).shape]))
    checkpoints.load_weights(encoder, run.weights_folder(name))
    folder = os.path.join(output_dir, f'xdc_{name}')
    if file_format == 'tflite':
      folders[name] = tflite.export_tflite(encoder, run.input_of(name), f'{folder}.tflite')
      continue
    own = [c for c in run.config.clusterings if c.sources == (name,)]  # A joint clustering needs both encoders.
    # The clusters of the last iteration are of features that an encoder trained again after it no longer gives.
    served = own and name not in run.config.retrained_encoders
    clusters = Clusters.load(os.path.join(run.last_iteration, 'clusters', own[0].name)) if served else None
    folders[name] = _export_encoder(name, encoder, run, clusters, folder, limits)
  return folders


def _export_encoder(name: str, encoder, run, clusters, folder: str, limits) -> str:
  limits = limits or export.DEFAULT_LIMITS
  served = None
  if clusters is not None:
    served = export.ServedClusters(clusters.centroids, clusters.l2_normalize, clusters.projection)
  records, encoder_input = run.records, run.input_of(name)
  metadata = {'run': os.path.basename(os.path.abspath(run.path)), 'records': records.name}
  metadata['training'] = training_facts.of_run(run, name)
  if encoder.modality == 'video':
    return export.export_video(
      encoder, encoder_input, records.short_side, folder, served, metadata, records.frame_rate, limits
    )
  return export.export_audio(encoder, encoder_input, records.log_mel_spec, folder, served, metadata, limits)
