"""AudioSet (Gemmeke et al., Audio Set: An ontology and human-labeled dataset for audio events, ICASSP 2017).

The lists `balanced_train_segments.csv`, `unbalanced_train_segments.csv` and `eval_segments.csv` begin with comments (#) and have
the lines YTID, start, end, "mid1,mid2"; `ontology.json` names the mids. A media file is called YTID_START_END or YTID, in the
suffix of any video or audio format; START and END are seconds (30, 30.000, 000030) or milliseconds (30000).
"""

import hashlib
import heapq
import os
from collections import Counter
from collections.abc import Iterator, Sequence

from xdc_tf import files
from xdc_tf.manifest.official import listing
from xdc_tf.manifest.official.listing import Entry, Listing, MediaFolder, Skipped


def read(
  lists: Sequence[str],
  ontology: str,
  media: str,
  skipped: Skipped,
  whole_videos: bool = False,
  subset: int = 0,
  seed: int = 0,
) -> Listing:
  """Reads the lists and finds the clips.

  Args:
    lists: the CSV files; one with 'train' in its name goes to the split 'train', one with 'eval' to 'validation'.
    ontology: `ontology.json`.
    media: folder of the clips, in any order of folders.
    skipped: takes what does not become a row; a class that the ontology lacks is noted there and the row kept without it.
    whole_videos: whether a file YTID is the whole video, of which the row is the segment, and not the segment itself.
    subset: take so many random clips of the training lists, as the paper does with 240,000; 0: all. They are drawn from
      those whose media file exists, in an order that only the seed and the names decide: two machines with the same files
      take the same, whatever the order of their lists.
    seed: the seed of the subset.

  Returns:
    a Listing; a row has a label for each class of its line.

  Raises:
    FileNotFoundError: when a file or the folder is missing.
    ValueError: for the first damaged line, a damaged ontology, a list of another name, and a negative subset.
  """
  if subset < 0:
    raise ValueError(f'subset is {subset}; expected the number of clips, or 0 for all.')
  names = _class_names(ontology)
  splits = [_split(path) for path in lists]
  clips = MediaFolder(media, listing.VIDEO_EXTENSIONS + listing.AUDIO_EXTENSIONS, skipped)
  chosen = None
  if subset:
    chosen = _draw(_entries(lists, splits, names, whole_videos, Skipped()), clips, subset, seed)
    if len(chosen) < subset:
      skipped.add('subset_short', str(subset), f'only {len(chosen)} training clips have a media file')
  entries = _without_rest(_entries(lists, splits, names, whole_videos, skipped), chosen, clips)
  return Listing(listing.find_rows(entries, clips, skipped))


def _split(path: str) -> str:
  name = os.path.basename(path)
  if ('train' in name) == ('eval' in name):
    raise ValueError(
      f'{path} does not tell its split; expected the name of an official list, such as balanced_train_segments.csv or '
      'eval_segments.csv.'
    )
  return 'train' if 'train' in name else 'validation'


def _class_names(path: str) -> dict[str, str]:
  """Returns {mid: name}; a name that two classes share gets its mid behind it."""
  contents = files.read_json(path)
  try:
    names = {entry['id']: entry['name'].replace(';', ',') for entry in contents}
  except (TypeError, KeyError, AttributeError) as error:
    raise ValueError(
      f'{path} is not the ontology of AudioSet ({type(error).__name__}: {error}); expected a list of classes with "id" and "name".'
    ) from error
  counts = Counter(names.values())
  return {mid: name if counts[name] == 1 else f'{name} ({mid})' for mid, name in names.items()}


def _entries(lists, splits, names: dict[str, str], whole_videos: bool, skipped: Skipped) -> Iterator[Entry]:
  for path, split in zip(lists, splits, strict=True):
    for number, fields in listing.read_fields(path, 'a list of AudioSet'):
      if fields[0].startswith('#'):
        continue
      start, end = (listing.to_seconds(text) for text in fields[1:3]) if len(fields) == 4 else (None, None)
      mids = fields[3].split(',') if len(fields) == 4 else ['']
      if not fields[0] or start is None or end is None or end <= start or '' in mids:
        raise listing.damaged(
          path, number, ', '.join(fields), 'YTID, start, end, "mid,mid" with start < end in seconds'
        )
      for mid in mids:
        if mid not in names:
          skipped.add(
            'unknown_class', fields[0], f'{mid} is not in the ontology ({path}, line {number}); the clip is kept'
          )
      labels = tuple(names[mid] for mid in mids if mid in names)
      yield _entry(fields[0], start, end, split, labels, whole_videos, f'{path}, line {number}')


def _entry(ytid, start, end, split, labels, whole_videos, listed_in) -> Entry:
  forms = ('{:g}', '{:.1f}', '{:.3f}', '{:06.0f}')
  stems = [f'{ytid}_{form.format(start)}_{form.format(end)}' for form in forms]
  stems.append(f'{ytid}_{start * 1000:.0f}_{end * 1000:.0f}')
  if whole_videos:
    return Entry(ytid, (ytid,), split, labels, start_seconds=start, end_seconds=end, listed_in=listed_in)
  return Entry(ytid, (*stems, ytid), split, labels, listed_in=listed_in)


def _draw(entries: Iterator[Entry], media: MediaFolder, subset: int, seed: int) -> set[str]:
  """Returns the YTIDs of the subset: those with the smallest hashes of seed and name."""
  available = {entry.video_id for entry in entries if entry.split == 'train' and any(s in media for s in entry.stems)}
  return set(heapq.nsmallest(subset, available, key=lambda ytid: hashlib.sha256(f'{seed} {ytid}'.encode()).digest()))


def _without_rest(entries: Iterator[Entry], chosen: set[str] | None, media: MediaFolder) -> Iterator[Entry]:
  """Passes on what belongs to the subset, what is not for training, and what is missing and must be noted."""
  for entry in entries:
    in_rest = chosen is not None and entry.split == 'train' and entry.video_id not in chosen
    if not in_rest or media.find(entry.stems) is None:
      yield entry
