"""xdc retrieval: nearest neighbours of test videos among the training videos."""

import argparse

from xdc_tf.cli import frozen_features
from xdc_tf.evaluation.retrieval import recall_at

SUMMARY = 'Look up the nearest training videos of every test video by a frozen encoder: recall at 1, 5 and 20.'
EXAMPLE = (
  'xdc retrieval --records data/ucf101 --run_dir runs/xdc --encoder video --output results/retrieval/results.json'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  frozen_features.add_arguments(parser, 10, 'at uniform distances, whose mean feature is compared')


def run(arguments: argparse.Namespace) -> None:
  """Prints the recalls of every fold and their mean."""
  frozen_features.measure_folds(
    arguments,
    'retrieval',
    {'similarity': 'cosine'},
    lambda *features_and_labels: {f'recall_at_{k}': r for k, r in recall_at(*features_and_labels).items()},
  )
