"""xdc export: SavedModels of a run's encoders, as TF Serving loads them."""

import argparse
import os

SUMMARY = "Export a run's encoders as SavedModels with their preprocessing inside, in TF Serving's layout."
EXAMPLE = 'xdc export --run_dir runs/xdc --output_dir saved_models'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--run_dir', required=True, help='folder of a finished run')
  parser.add_argument('--output_dir', default='saved_models', help='gets xdc_ENCODER/VERSION/ (default: saved_models)')


def run(arguments: argparse.Namespace) -> None:
  """Exports every encoder and prints the folders."""
  for encoder, folder in export_run(arguments.run_dir, arguments.output_dir).items():
    print(f'{encoder}: {folder}')


def export_run(run_dir: str, output_dir: str) -> dict[str, str]:
  """Exports every encoder of a finished run as a new version; returns the folders."""
  import tensorflow as tf

  from xdc_tf.cli import run_info
  from xdc_tf.clustering.clusters import Clusters
  from xdc_tf.training import checkpoints

  run = run_info.open_run(run_dir)
  folders = {}
  for name, model in run.config.encoders.items():
    encoder_input = run.config.input_of(name)
    encoder = model()
    encoder(tf.zeros([1, *encoder_input.shape]))
    checkpoints.load_weights(encoder, run.weights_folder(name))
    own = [c for c in run.config.clusterings if c.sources == (name,)]  # A joint clustering needs both encoders.
    clusters = Clusters.load(os.path.join(run.last_iteration, 'clusters', own[0].name)) if own else None
    folders[name] = _export_encoder(encoder, encoder_input, run, clusters, os.path.join(output_dir, f'xdc_{name}'))
  return folders


def _export_encoder(encoder, encoder_input, run, clusters, folder: str) -> str:
  from xdc_tf.serving import export

  served = None
  if clusters is not None:
    served = export.ServedClusters(clusters.centroids, clusters.l2_normalize, clusters.projection)
  metadata = {'run': os.path.basename(os.path.abspath(run.path)), 'records': run.records.name}
  records = run.records
  if encoder.modality == 'video':
    return export.export_video(encoder, encoder_input, records.short_side, folder, served, metadata, records.frame_rate)
  return export.export_audio(encoder, encoder_input, records.log_mel_spec, folder, served, metadata)
