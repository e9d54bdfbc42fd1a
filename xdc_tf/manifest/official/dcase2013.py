"""DCASE 2013 acoustic scenes (Stowell et al., Detection and Classification of Acoustic Scenes and Events, 2015): no picture.

There are no lists. `scenes_stereo` is the development set and `scenes_stereo_testset` the evaluation set, ten classes with ten
recordings of 30 s each; a recording is called by its class and a number, `busystreet01.wav`. As in the paper's comparison,
the classifier is trained on the first and tested on the second: one official split.
"""

import os
import re
from collections.abc import Iterator

from xdc_tf import files
from xdc_tf.manifest.manifest import TEST, TRAIN, Row
from xdc_tf.manifest.official import listing
from xdc_tf.manifest.official.listing import Listing, Skipped

FOLDERS = {'scenes_stereo': TRAIN, 'scenes_stereo_testset': TEST}


def read(folder: str, skipped: Skipped) -> Listing:
  """Finds the recordings.

  Args:
    folder: holds both folders, at any depth.
    skipped: takes recordings that lie elsewhere, and those whose class the development set does not have.

  Returns:
    a Listing of one split, 'official', with one official split; classes sorted by name.

  Raises:
    FileNotFoundError: when there is no recording in one of the two folders.
  """
  recordings: dict[int, list[str]] = {use: [] for use in FOLDERS.values()}
  for path in listing.walk(folder, listing.AUDIO_EXTENSIONS):
    uses = [FOLDERS[part] for part in os.path.dirname(path).split(os.sep) if part in FOLDERS]
    if uses:
      recordings[uses[-1]].append(path)
    else:
      skipped.add('unlisted_media', path, f'lies neither in {" nor in ".join(FOLDERS)}')
  for name, use in FOLDERS.items():
    if not recordings[use]:
      raise FileNotFoundError(f'{folder} has no recording in a folder {name}; expected files such as {name}/bus01.wav.')
  classes = {label for path in recordings[TRAIN] if (label := _class(path))}
  return Listing(_rows(folder, recordings, classes, skipped), tuple(sorted(classes)))


def _class(path: str) -> str | None:
  """Returns the class that a recording is named after, None when its name has another form."""
  match = re.fullmatch(r'([a-z_]+?)_?\d+', listing.stem(path))
  return match.group(1) if match else None


def _rows(
  folder: str, recordings: dict[int, list[str]], classes: set[str], skipped: Skipped
) -> Iterator[tuple[str, Row]]:
  names = {use: name for name, use in FOLDERS.items()}
  for use, paths in recordings.items():
    for path in paths:
      label = _class(path)
      if label not in classes:
        skipped.add('unknown_class', path, f'expected one of {", ".join(sorted(classes))} and a number')
        continue
      full = files.absolute_path(os.path.join(folder, path))
      # Both sets have a bus01.
      video_id = f'{names[use]}/{listing.stem(path)}'
      yield listing.OFFICIAL_SPLIT, Row(0, video_id, full, labels=(label,), official_split=(use,))
