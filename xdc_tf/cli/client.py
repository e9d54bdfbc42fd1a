"""xdc client embed: embeddings of a video from a model on a server."""

import argparse

import numpy as np

from xdc_tf import files
from xdc_tf.cli import embed
from xdc_tf.media import media
from xdc_tf.serving import client, credentials
from xdc_tf.serving.clips import LeftOut
from xdc_tf.serving.retries import Retries
from xdc_tf.serving.version_folder import read_metadata

SUMMARY = 'Embed a video with a model on TF Serving, over REST or gRPC; writes what `xdc embed` writes.'
ABOUT_TOKENS = (
  'A token in the environment variable XDC_SERVING_TOKEN is sent as `Authorization: Bearer ...`, '
  'over TLS or on this machine only.'
)
EXAMPLE = 'xdc client embed film.mp4 --url http://localhost:8501 --metadata saved_models/xdc_video/1 --output film.npz'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  verbs = parser.add_subparsers(dest='client_verb', metavar='VERB', required=True)
  parser = verbs.add_parser(
    'embed',
    help=SUMMARY,
    description=f'{SUMMARY} {ABOUT_TOKENS}',
    epilog=f'example:\n  {EXAMPLE}',
    formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  embed.add_video_arguments(
    parser, batch_size=2, batch_reason=', below the megabyte that web servers take in one request'
  )
  parser.add_argument(
    '--url', required=True, help='http://HOST:8501, https://HOST, grpc://HOST:8500 or grpcs://HOST:443'
  )
  parser.add_argument('--ca_file', default='', help="PEM file of the authorities to trust (default: the system's)")
  parser.add_argument(
    '--certificate_file', default='', help="PEM file of the client's own certificate, where the server asks for one"
  )
  parser.add_argument('--key_file', default='', help='its private key (default: in the certificate_file)')
  parser.add_argument('--model', default='xdc_video', help='its name on the server (default: xdc_video)')
  parser.add_argument(
    '--signature',
    choices=('embed', 'cluster', 'classify'),
    default='embed',
    help='cluster also writes clusters [n], squared_distances [n] and what else the model answers; classify, of a finetuned model, '
    'classes [n] and probabilities [n, classes], in the order of its metadata (default: embed)',
  )
  parser.add_argument(
    '--metadata',
    help='the version folder that is served, or a copy of its metadata.json: it says how long clips are and how large frames '
    'are, which a server does not (default: 8 frames at 30 a second, short side 256; sound 2 seconds at 16 kHz)',
  )
  parser.add_argument('--in_flight', type=int, default=2, help='requests sent before an answer came (default: 2)')
  parser.add_argument('--timeout_seconds', type=float, default=60.0, help='for one answer (default: 60)')
  parser.add_argument(
    '--retries',
    type=int,
    default=6,
    help='times to ask again, each after twice the wait, where no server or a full one answers (default: 6; half a minute in all)',
  )


def run(arguments: argparse.Namespace) -> None:
  """Prints or saves the embeddings."""
  for path in (arguments.video, arguments.metadata or ''):
    files.use_file_system(path)
  embed.check_output(arguments.output)
  metadata = read_metadata(arguments.metadata) if arguments.metadata else None
  identity = credentials.from_environment(arguments.ca_file, arguments.certificate_file, arguments.key_file)
  connection = client.connect(arguments.url, arguments.model, arguments.timeout_seconds, identity)
  reader, left_out = media.MediaReader(), LeftOut()
  try:
    arrays = client.embed_video(
      arguments.video,
      connection,
      reader.read_span,
      arguments.signature,
      metadata,
      arguments.stride_seconds,
      arguments.batch_size,
      arguments.in_flight,
      Retries(arguments.retries),
      left_out,
      arguments.audio_track,
    )
  finally:
    connection.close()
    reader.close()
  if 'classes' in arrays and metadata and 'classes' in metadata:  # Not in that of another version, say.
    arrays['class_names'] = np.array(metadata['classes'])
  embed.show(arrays, arguments.output, left_out)
