"""xdc clusters-table: the purest and the least pure clusters of a run with their concepts."""

import argparse
import json
import sys

from xdc_tf.cli import configuration
from xdc_tf.clustering.assignments import PseudoLabels
from xdc_tf.records.human_labels import all_labels
from xdc_tf.report import cluster_concepts

SUMMARY = 'Print the clusters of a run ranked by purity, with their top concepts: Tables 6, 14 and 15 of the paper.'
EXAMPLE = 'xdc clusters-table --run_dir runs/xdc --top 10 --concepts 5'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--run_dir', required=True, help='folder of a finished run on labelled records')
  parser.add_argument('--iteration', type=int, help='which iteration (default: the last)')
  parser.add_argument(
    '--top', type=int, default=10, help='how many of the purest and of the least pure clusters (default: 10)'
  )
  parser.add_argument(
    '--concepts', type=int, default=5, help='how many concepts of each (default: 5, as in Tables 14 and 15; Table 6: 3)'
  )
  parser.add_argument('--format', choices=['markdown', 'csv', 'json'], default='markdown', help='(default: markdown)')


def run(arguments: argparse.Namespace) -> None:
  """Prints the table."""
  table = make_table(arguments.run_dir, arguments.iteration, arguments.top, arguments.concepts)
  if arguments.format == 'markdown':
    print(cluster_concepts.markdown(table))
  elif arguments.format == 'csv':
    sys.stdout.write(cluster_concepts.as_csv(table))
  else:
    print(json.dumps(cluster_concepts.as_dictionary(table), indent=2))


def make_table(run_dir: str, iteration: int | None, top: int, num_concepts: int):
  """Returns the ConceptsTable of an iteration's training clips.

  Args:
    run_dir: the directory of a finished run.
    iteration: which; None: the last.
    top: how many of the purest and of the least pure clusters.
    num_concepts: how many concepts of each.

  Raises:
    FileNotFoundError: when the manifest, which has the labels, is gone.
    ValueError: when the clips have no labels.
  """
  if min(top, num_concepts) < 1:
    raise ValueError(f'--top and --concepts must be at least 1. Received: {top} and {num_concepts}.')
  run = configuration.open_run(run_dir)
  records = run.records
  if not records.label_names:
    raise ValueError(
      f'The records in {records.directory} have no labels, and purity is about labels. `xdc report` needs none.'
    )
  bits = all_labels(records, 'train')
  clusterings = {}
  # By name, so that audio stands left and video right, as in the paper.
  for name in sorted(c.name for c in run.config.clusterings):
    folder = run.iteration(iteration).pseudo_labels(name, 'train')
    labels = PseudoLabels.load(folder, records.num_rows('train')).labels
    ranked = cluster_concepts.rank_by_purity(labels, bits, len(records.label_names), num_concepts)
    clusterings[name] = cluster_concepts.top_and_bottom(ranked, top)
  return cluster_concepts.ConceptsTable(records.name, records.label_names, clusterings, top, num_concepts)
