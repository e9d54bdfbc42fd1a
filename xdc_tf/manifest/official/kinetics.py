"""Kinetics-400 (Kay et al., The Kinetics Human Action Video Dataset, 2017): a CSV list per split and trimmed videos.

The lists have the columns label, youtube_id, time_start, time_end, split; the test list may lack the label. A video is called
YOUTUBEID_000010_000020.mp4 by its first and last second, and may lie anywhere below the media folder. Kinetics-600 and -700 have
the same form.
"""

from collections.abc import Iterator, Sequence

from xdc_tf.manifest.official import listing
from xdc_tf.manifest.official.listing import Entry, Listing, MediaFolder, Skipped

COLUMNS = ('youtube_id', 'time_start', 'time_end', 'split')
SPLITS = {'train': 'train', 'val': 'validation', 'validate': 'validation', 'validation': 'validation', 'test': 'test'}


def read(lists: Sequence[str], media: str, skipped: Skipped) -> Listing:
  """Reads the lists and finds the videos.

  Args:
    lists: the CSV files, one a split or with several splits in one; each line says its split itself.
    media: folder of the videos, in any order of folders.
    skipped: takes what does not become a row. The classes are those of the training list when there is one: a video of
      another class is left out.

  Returns:
    a Listing with the splits 'train', 'validation' and 'test', a row a video from its beginning to its end.

  Raises:
    FileNotFoundError: when a list or the folder is missing.
    ValueError: for the first damaged line.
  """
  classes = {entry.labels for entry in _entries(lists) if entry.split == 'train'}
  videos = MediaFolder(media, listing.VIDEO_EXTENSIONS, skipped)
  return Listing(listing.find_rows(_known(_entries(lists), classes, videos, skipped), videos, skipped))


def _entries(lists: Sequence[str]) -> Iterator[Entry]:
  for path in lists:
    for number, fields in listing.read_table(path, 'a list of Kinetics', COLUMNS):
      start, end = (listing.to_seconds(fields[column]) for column in ('time_start', 'time_end'))
      if not fields['youtube_id'] or fields['split'] not in SPLITS or start is None or end is None or end <= start:
        expected = f'a youtube_id, time_start < time_end in seconds, and as split one of {", ".join(SPLITS)}'
        raise listing.damaged(path, number, ','.join(fields.values()), expected)
      label = fields.get('label', '')
      name = f'{fields["youtube_id"]}_{int(start):06d}_{int(end):06d}'
      yield Entry(name, (name,), SPLITS[fields['split']], (label,) if label else (), listed_in=f'{path}, line {number}')


def _known(entries, classes, media: MediaFolder, skipped: Skipped) -> Iterator[Entry]:
  """Passes on the entries whose class is one of the training classes; all when there are none."""
  for entry in entries:
    if classes and entry.labels and entry.labels not in classes:
      media.find(entry.stems)  # It is listed, so its file is not unlisted.
      skipped.add('unknown_class', entry.video_id, f'{entry.labels[0]!r} is not a class of the training list')
    else:
      yield entry
