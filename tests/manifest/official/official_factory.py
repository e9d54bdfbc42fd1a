"""Small copies of official data sets, and their rows in a form that can be written down literally."""

import os
import pathlib

from xdc_tf.manifest.official.listing import Listing


def write(root: pathlib.Path, files: dict[str, str]) -> str:
  """Writes text files below a folder, and returns the folder."""
  for name, text in files.items():
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline='')
  return str(root)


def touch(root: pathlib.Path, *names: str) -> str:
  """Makes empty files below a folder, and returns the folder."""
  return write(root, dict.fromkeys(names, ''))


def literal(listing: Listing, media) -> list[tuple]:
  """Returns (split, video_id, path below the folder of the media, labels, official splits) of every row."""
  rows = list(listing.rows)
  assert all(row.index == 0 and os.path.isabs(row.path) and os.path.exists(row.path) for _, row in rows)
  return [
    (split, row.video_id, os.path.relpath(row.path, media), row.labels, row.official_split) for split, row in rows
  ]


def times(listing: Listing) -> list[tuple]:
  """Returns (video_id, start, end) of every row."""
  return [(row.video_id, row.start_seconds, row.end_seconds) for _, row in listing.rows]
