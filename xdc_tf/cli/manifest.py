"""xdc manifest: lists what is to be made into clips."""

import argparse
import importlib

from xdc_tf import files
from xdc_tf.cli.official_data_sets import SOURCES, OfficialSource
from xdc_tf.manifest import folder_and_csv, manifest
from xdc_tf.manifest.media_files import PassedOver
from xdc_tf.manifest.official import listing

SUMMARY = 'Make a manifest: one row a span, with its file, start and end, labels and splits.'
EXAMPLE = 'xdc manifest folder --folder ~/videos --output_dir data/manifest --span_seconds 2 --validation_fraction 0.1'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares one sub-verb a source."""
  sources = parser.add_subparsers(dest='source', metavar='SOURCE', required=True)
  folder = sources.add_parser('folder', help='every video below a folder, cut into spans', epilog=f'example: {EXAMPLE}')
  folder.add_argument('--folder', required=True, help='a folder of videos, or one video')
  folder.add_argument(
    '--span_seconds', type=float, default=2.0, help='length of a span; 0 keeps videos whole (default: 2)'
  )
  folder.add_argument(
    '--hold_out',
    choices=('video', 'span'),
    default='video',
    help='validate on whole videos, or on single spans of every video (for very few videos)',
  )
  folder.add_argument('--validation_fraction', type=float, default=0.1, help='share of what is held out (default: 0.1)')
  folder.add_argument(
    '--labels_from_folders', action='store_true', help="take the name of a video's folder as its label"
  )
  folder.set_defaults(write=_write_folder)
  table = sources.add_parser(
    'csv',
    help='rows of a CSV file: path[,start,end,label,split,video_id]; several labels are separated by ;',
    epilog='example: xdc manifest csv --csv clips.csv --media_root ~/videos --output_dir data/manifest',
  )
  table.add_argument('--csv', required=True, help='the CSV file, with a header line')
  table.add_argument('--media_root', default='', help='folder that relative paths start from')
  table.set_defaults(write=_write_csv)
  for source in (folder, table):
    _add_output(source, 'clips')
  for official in SOURCES:
    _add_official(sources, official)


def _add_official(sources, official: OfficialSource) -> None:
  parser = sources.add_parser(
    official.name,
    help=official.help,
    description=f'{official.help}.\n\n{official.layout}\n\n'
    'What is listed without a file, has a file without being listed, or is of an unknown class is written to skipped.csv in '
    'the\nfolder of the manifest.',
    epilog=f'example:\n  {official.example}',
    formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  for name, keywords in official.options:
    parser.add_argument(f'--{name}', **keywords)
  _add_output(parser, official.name)
  parser.set_defaults(write=_write_official, official=official)


def _add_output(parser: argparse.ArgumentParser, name: str) -> None:
  parser.add_argument('--output_dir', required=True, help='folder of the manifest')
  parser.add_argument(
    '--name', default=name, help=f'name of the data set: lower case letters, digits, _ (default: {name})'
  )


def run(arguments: argparse.Namespace) -> None:
  """Writes the manifest and prints what is in it."""
  files.use_file_system(arguments.output_dir)
  arguments.write(arguments)


def _write_folder(arguments: argparse.Namespace) -> None:
  passed_over = PassedOver()
  rows = folder_and_csv.folder_rows(
    arguments.folder,
    arguments.span_seconds,
    arguments.hold_out,
    arguments.validation_fraction,
    arguments.labels_from_folders,
    passed_over,
  )
  _write_rows(arguments, rows)
  if passed_over.summary():
    print(f'passed over: {passed_over.summary()}')


def _write_csv(arguments: argparse.Namespace) -> None:
  _write_rows(arguments, folder_and_csv.csv_rows(arguments.csv, arguments.media_root))


def _write_rows(arguments: argparse.Namespace, rows) -> None:
  _print_splits(manifest.write_manifest(arguments.output_dir, arguments.name, rows))


def _write_official(arguments: argparse.Namespace) -> None:
  skipped = listing.Skipped()
  module = importlib.import_module(f'xdc_tf.manifest.official.{arguments.official.name}')
  options = {name: getattr(arguments, name) for name, _ in arguments.official.options}
  splits = module.read(**options, skipped=skipped)
  _print_splits(listing.write_listing(arguments.output_dir, arguments.name, splits, skipped))
  if skipped.entries:
    print(f'left out, see {arguments.output_dir}/{listing.SKIPPED_FILE}: {skipped.summary()}')


def _print_splits(written) -> None:
  splits = ', '.join(f'{count} {split}' for split, count in sorted(written.splits.items()))
  print(f'{written.directory}: {splits} rows')
