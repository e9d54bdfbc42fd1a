"""xdc manifest: lists what is to be made into clips."""

import argparse

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
  table = sources.add_parser(
    'csv',
    help='rows of a CSV file: path[,start,end,label,split,video_id]; several labels are separated by ;',
    epilog='example: xdc manifest csv --csv clips.csv --media_root ~/videos --output_dir data/manifest',
  )
  table.add_argument('--csv', required=True, help='the CSV file, with a header line')
  table.add_argument('--media_root', default='', help='folder that relative paths start from')
  for source in (folder, table):
    source.add_argument('--output_dir', required=True, help='folder of the manifest')
    source.add_argument(
      '--name', default='clips', help='name of the data set: lower case letters, digits, _ (default: clips)'
    )


def run(arguments: argparse.Namespace) -> None:
  """Writes the manifest and prints what is in it."""
  from xdc_tf.data import manifest, manifest_sources

  if arguments.source == 'folder':
    rows = manifest_sources.folder_rows(
      arguments.folder,
      arguments.span_seconds,
      arguments.hold_out,
      arguments.validation_fraction,
      arguments.labels_from_folders,
    )
  else:
    rows = manifest_sources.csv_rows(arguments.csv, arguments.media_root)
  written = manifest.write_manifest(arguments.output_dir, arguments.name, rows)
  print(
    f'{arguments.output_dir}: {", ".join(f"{count} {split}" for split, count in sorted(written.splits.items()))} rows'
  )
