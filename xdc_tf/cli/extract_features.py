"""xdc extract-features: the features of all records on disk, for clustering, or of dense snippets, for localisation in time."""

import argparse
import dataclasses
import itertools
import os

import numpy as np

from xdc_tf import files, lease, progress
from xdc_tf.cli import encoder_arguments, shared_arguments
from xdc_tf.deep_clustering.feature_files import Batches, write_features
from xdc_tf.evaluation.clip_features import ClipFeatures, encode, weights_digest
from xdc_tf.records import damage, reader
from xdc_tf.records import snippets as snippet_files
from xdc_tf.records.schema import open_records
from xdc_tf.records.snippets import Snippets

SUMMARY = (
  'Write the features of all records: one of each, in the layout of a run (iteration-NN/features/ENCODER), or of dense snippets '
  'of whole videos. Killed or not, the same command goes on from what is there.'
)
EXAMPLE = 'xdc extract-features --records data/thumos14 --weights xdc_weights --output_dir features --snippet_frames 16'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  parser.add_argument('--records', required=True, help='folder of records, as make_clips writes it')
  parser.add_argument('--output_dir', required=True, help='folder for the features of all splits')
  encoder_arguments.add_arguments(parser)
  encoder_arguments.add_seed_argument(parser)
  encoder_arguments.add_input_arguments(parser)
  parser.add_argument(
    '--num_clips',
    type=int,
    help='clips at uniform distances, whose mean is the feature of a record (default: 1, its middle)',
  )
  parser.add_argument(
    '--snippet_frames',
    type=int,
    help='a feature of every snippet of so many frames instead (default: 16 where --snippet_stride is given; ours)',
  )
  parser.add_argument(
    '--snippet_stride', type=int, help='frames between two snippets (default: 5 where --snippet_frames is given)'
  )
  parser.add_argument('--batch_size', type=int, default=32, help='clips in one call of the encoder (default: 32)')
  shared_arguments.add_take_over_argument(parser)


def run(arguments: argparse.Namespace) -> None:
  """Extracts, marks the folder as DONE and prints what is in it."""
  snippets = Snippets.from_options(arguments.snippet_frames, arguments.snippet_stride)
  check(snippets, arguments.num_clips, arguments.num_frames)
  seed = encoder_arguments.seed_of(arguments)
  for folder in (arguments.records, arguments.output_dir):
    files.use_file_system(folder)
  records = open_records(arguments.records)
  start = encoder_arguments.find(arguments)
  encoder_arguments.check_records(arguments, start, records)
  inputs = encoder_arguments.inputs_of(arguments, start)
  inputs = snippets.inputs(inputs) if snippets else inputs
  for split in records.splits:  # Before the folder takes the settings as its own.
    reader.check_inputs(records, split, inputs)
  encoder = start.load(inputs, seed)
  num_clips = None if snippets else arguments.num_clips or 1
  settings = {
    'encoder': weights_digest(encoder),
    'inputs': {'class': type(inputs).__name__, **dataclasses.asdict(inputs)},
    'records': records.fingerprint(),
    'num_clips': num_clips,
    'snippets': dataclasses.asdict(snippets) if snippets else None,
  }
  with lease.held(arguments.output_dir, arguments.take_over):
    files.check_settings(os.path.join(arguments.output_dir, files.SETTINGS_FILE), settings)
    files.remove_leftovers(arguments.output_dir)
    if snippets:
      write_snippets(arguments.output_dir, encoder, inputs, records, snippets, arguments.batch_size)
    else:
      write_means(arguments.output_dir, encoder, inputs, records, num_clips or 1, arguments.batch_size)
    files.write_mark(os.path.join(arguments.output_dir, 'DONE'))
  print(f'{arguments.output_dir}: {sum(map(records.num_clips, records.splits))} records of {", ".join(records.splits)}')


def check(snippets, num_clips: int | None, num_frames: int | None) -> None:
  """Refuses arguments that contradict each other, before anything is computed."""
  if snippets and num_clips:
    raise ValueError('--num_clips has no meaning for snippets: every one of them gets a feature.')
  if snippets and num_frames:
    raise ValueError('--num_frames: the frames of a snippet are --snippet_frames.')
  if num_clips is not None and num_clips < 1:
    raise ValueError(f'--num_clips must be at least 1. Received: {num_clips}.')


def write_means(folder: str, encoder, inputs, records, num_clips: int, batch_size: int) -> None:
  """Writes a feature store: the mean feature of the clips of every record; shards that are there stay."""
  clip_features = ClipFeatures(encoder, inputs, records, num_clips, batch_size)

  def means(split: str, shards: list[int]) -> Batches:
    return ((index, features.mean(axis=1)) for index, features in clip_features.batches(split, shards))

  write_features(folder, records, records.splits, means, encoder.feature_dimension, 'features')


def write_snippets(folder: str, encoder, inputs, records, snippets, batch_size: int) -> None:
  """Writes a file of features for every record; files that are there stay."""
  encode_all, present = encode(encoder, inputs, batch_size), snippet_files.present_files(folder)
  for split in records.splits:
    lengths = records.shard_lengths[split]
    with progress.bar(description=f'snippets {split}', total=sum(lengths), unit='record') as bar:
      for shard, length in enumerate(lengths):
        wanted = snippet_files.missing(present, records, split, shard)
        bar.update(length - int(wanted.sum()))
        data = snippets.dataset(records, split, shard, inputs, batch_size, wanted, stored=False)
        with damage.named(records, split):
          for index, pieces in itertools.groupby(data, lambda piece: int(piece['index'])):
            encoded = [(piece['seconds'].numpy(), encode_all(piece['input'])) for piece in pieces]
            snippet_files.save(folder, split, index, *map(np.concatenate, zip(*encoded, strict=True)))
            bar.update(1)
