"""xdc import-weights: a Keras encoder of the authors' released weights."""

import argparse

from xdc_tf import files, lease
from xdc_tf.cli import shared_arguments
from xdc_tf.models import import_weights
from xdc_tf.runs import weights_folder

SUMMARY = "Make an encoder of released weights: XDC's .pth and Caffe2 .pkl files, torchvision's r2plus1d_18 and r3d_18."
EXAMPLE = 'xdc import-weights --checkpoint r2plus1d_18_xdc_ig65m_kinetics-f24f6ffb.pth --output weights/ig65m_kinetics'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--checkpoint', required=True, help='a .pth, .safetensors or .pkl file; nothing in it is run')
  parser.add_argument('--output', required=True, help='folder for the weights, for `xdc export --weights`')
  parser.add_argument('--ignore_head', action='store_true', help='leave a classifier out instead of refusing it')
  parser.add_argument(
    '--batch_norm_epsilon',
    type=float,
    help="needed for a ResNet3D-18 or ResNet-18 in .pth: 1e-5 for PyTorch's, 1e-3 for VMZ's",
  )
  shared_arguments.add_take_over_argument(parser)


def run(arguments: argparse.Namespace) -> None:
  """Imports the file and says what it was."""
  files.use_file_system(arguments.output)
  files.check_folder_of_weights(arguments.output)
  checkpoint = import_weights.read_checkpoint(arguments.checkpoint)
  print(f'{checkpoint.name}: {len(checkpoint.tensors)} tensors, SHA-256 {checkpoint.sha256}')
  for remark in checkpoint.remarks:
    print(remark)
  encoder = import_weights.import_weights(checkpoint, arguments.ignore_head, arguments.batch_norm_epsilon)
  with lease.held(arguments.output, arguments.take_over):
    is_new = weights_folder.save(arguments.output, encoder, checkpoint.name, checkpoint.sha256)
  described = import_weights.describe(encoder)
  print(
    f'{described["encoder"]} with {described["arguments"]}: {arguments.output}' + ('' if is_new else ' (was there)')
  )
