"""xdc embed: embeddings of a video from an exported SavedModel."""

import argparse
import contextlib
import io
import sys
from collections.abc import Mapping

import numpy as np

from xdc_tf import files
from xdc_tf.media import media
from xdc_tf.serving.clips import LeftOut
from xdc_tf.serving.embed import classify, embed_video

SUMMARY = 'Embed a video with a SavedModel: one 512-number vector for every few seconds.'
EXAMPLE = 'xdc embed film.mp4 --saved_model saved_models/xdc_video/1 --output film.npz'


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  add_video_arguments(parser, batch_size=8)
  parser.add_argument(
    '--saved_model', required=True, help='a version folder that `xdc export` wrote, e.g. saved_models/xdc_video/1'
  )


def add_video_arguments(parser: argparse.ArgumentParser, batch_size: int, batch_reason: str = '') -> None:
  """Declares what is embedded and where to; `xdc client embed` has the same."""
  parser.add_argument('video', help='a video file (for an audio model, any file with sound)')
  parser.add_argument('--stride_seconds', type=float, default=2.0, help='time between two embeddings (default: 2)')
  parser.add_argument(
    '--batch_size',
    type=int,
    default=batch_size,
    help=f'clips in one call of the model (default: {batch_size}{batch_reason})',
  )
  parser.add_argument(
    '--audio_track',
    default='',
    help="which sound of a file with several: its number, from 1 on, or its language (default: as in the model's records)",
  )
  parser.add_argument(
    '--output', help='an .npz file with start_seconds [n] and embeddings [n, d] (default: print the first numbers)'
  )


def run(arguments: argparse.Namespace) -> None:
  """Prints or saves the embeddings."""
  for path in (arguments.video, arguments.saved_model):
    files.use_file_system(path)
  check_output(arguments.output)
  left_out = LeftOut()
  with contextlib.closing(media.MediaReader()) as reader:
    starts, embeddings = embed_video(
      arguments.video,
      arguments.saved_model,
      reader.read_span,
      arguments.stride_seconds,
      arguments.batch_size,
      left_out,
      arguments.audio_track,
    )
  arrays = {'start_seconds': starts, 'embeddings': embeddings} | classify(embeddings, arguments.saved_model)
  show(arrays, arguments.output, left_out)


def check_output(output: str | None) -> None:
  """Refuses a name for the embeddings under which they cannot be written, or would not be taken for what they are."""
  if output:
    if not output.endswith('.npz'):
      raise ValueError(
        f'output is {output}, and embeddings are written as an .npz file; expected a name that ends in .npz.'
      )
    files.check_output(output)


def show(arrays: Mapping, output: str | None, left_out) -> None:
  """Writes the feature file, or prints the first numbers.

  Args:
    arrays: start_seconds [n], embeddings [n, d] and perhaps more, to be written as they are called.
    output: an .npz file, or None.
    left_out: the clips that are not in the arrays.
  """
  if left_out.starts:
    print(left_out.summary(len(arrays['start_seconds'])), file=sys.stderr)
  if output:
    archive = io.BytesIO()  # A zip archive is not written from front to back.
    np.savez(archive, **arrays)
    with files.atomic_write(output) as file:
      file.write(archive.getvalue())
    print(f'{output}: ' + ', '.join(f'{name} {array.shape}' for name, array in arrays.items()))
    return
  starts, embeddings = arrays['start_seconds'], arrays['embeddings']
  print(f'{len(starts)} embeddings of {embeddings.shape[1]} numbers; the first 6 of each:')
  for i, start in enumerate(starts):
    cluster = f'  cluster {arrays["clusters"][i]}' if 'clusters' in arrays else ''
    if 'classes' in arrays:
      number = arrays['classes'][i]
      name = arrays['class_names'][number] if 'class_names' in arrays else f'class {number}'
      cluster += f'  {name} {arrays["probabilities"][i, number]:.2f}'
    print(f'{start:8.2f} s  ' + ' '.join(f'{x:8.4f}' for x in embeddings[i, :6]) + cluster)
