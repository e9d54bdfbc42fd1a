"""xdc svm: a linear SVM on frozen features of clips, the paper's protocol for DCASE."""

import argparse

from xdc_tf.cli import frozen_features
from xdc_tf.evaluation import linear_svm

SUMMARY = (
  "Classify recordings by a linear SVM on a frozen encoder's features of clips (the paper's protocol for DCASE)."
)
EXAMPLE = 'xdc svm --records data/dcase2013 --run_dir runs/xdc --encoder audio --output results/dcase2013/results.json'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  frozen_features.add_arguments(parser, 60, 'at uniform distances (Section 6)')
  parser.add_argument('--table_row', help="name of a row of the paper for `xdc tables`, e.g. 'table7/xdc_audioset'")
  parser.add_argument(
    '--regularization', type=float, default=1.0, help='C of the SVM; unpublished, the value is ours (default: 1)'
  )
  parser.add_argument(
    '--no_scaler',
    action='store_true',
    help='take the features as they are, not scaled to mean 0 and variance 1; unpublished, the scaler is ours',
  )


def run(arguments: argparse.Namespace) -> None:
  """Prints the top-1 accuracy of every fold and their mean."""
  options = linear_svm.SvmOptions(arguments.regularization, not arguments.no_scaler)
  facts = {'regularization': options.regularization, 'scale': options.scale}
  frozen_features.measure_folds(
    arguments, 'svm', facts, lambda a, b, c, d: {'top1': linear_svm.top_1(a, b, c, d, options)}
  )
