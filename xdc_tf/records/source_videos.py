"""Which clips come from one source, such as one film, and a random part of a data set that takes whole sources.

The videos of most data sets are cut from fewer films: a clip is recognised by another one of its film. A measure on held-out clips
is honest only where their films are held out too.
"""

import re
from collections import Counter, defaultdict

import numpy as np

from xdc_tf.manifest import manifest
from xdc_tf.records.schema import Records


def check_pattern(pattern: str) -> None:
  """Raises ValueError when a pattern is no regular expression with a group."""
  try:
    num_groups = re.compile(pattern).groups
  except re.error as error:
    raise ValueError(f'{pattern!r} is not a regular expression: {error}.') from error
  if pattern and not num_groups:
    raise ValueError(
      f'{pattern!r} has no group; expected one in round brackets, whose text names the source of a video.'
    )


def read_sources(records: Records, split: str, pattern: str) -> np.ndarray:
  """Returns the source of every clip, from the manifest that the records were made from.

  Args:
    records: the data set.
    split: which split.
    pattern: a regular expression that is searched in the video_id; the text of its first group names the source. '': every
      video is a source by itself (and the spans of one video are of one source).

  Returns:
    int64 [num_rows], equal for clips of one source.

  Raises:
    FileNotFoundError: when the manifest is gone.
    ValueError: when the pattern does not match a video.
  """
  numbers: dict[str, int] = {}
  sources = np.zeros(records.num_rows(split), np.int64)
  for row in manifest.read_manifest(records.manifest_directory).rows(split):
    match = re.search(pattern or '(.*)', row.video_id, re.DOTALL)
    if match is None or match.group(1) is None:
      raise ValueError(
        f'The source of the video {row.video_id!r} in {records.manifest_directory} is not found by the pattern {pattern!r}. Set '
        "Finetuning.held_out_group to one that matches all videos, or to '' where every video is a source by itself."
      )
    sources[row.index] = numbers.setdefault(match.group(1), len(numbers))
  return sources


def draw(labels: np.ndarray, sources: np.ndarray, share: float, seed: int) -> np.ndarray:
  """Draws whole sources that make about a share of the clips of every class.

  Sources are taken class by class in random order, each if that brings its classes nearer to their shares. A class that would get
  none takes its smallest. A source of several classes is drawn for all of them, unless one of these would keep none: so a class
  with two sources or more keeps one.

  Args:
    labels: int [n], the class of each clip.
    sources: int [n], the source of each clip.
    share: the share of the clips, above 0 and below 1.
    seed: the seed of the choice.

  Returns:
    bool [n], the drawn clips.
  """
  random = np.random.default_rng(seed)
  clips: dict[int, Counter] = defaultdict(Counter)  # Of each source, by class.
  for label, source in zip(labels.tolist(), sources.tolist(), strict=True):
    clips[source][label] += 1
  num_kept = Counter(label for classes in clips.values() for label in classes)
  target = {label: max(1, round(share * count)) for label, count in Counter(labels.tolist()).items()}
  number: Counter = Counter()
  drawn: set[int] = set()

  def is_nearer(source: int) -> bool:
    more = ((number[label] + count, number[label], target[label]) for label, count in clips[source].items())
    return sum(abs(after - wanted) - abs(before - wanted) for after, before, wanted in more) < 0

  def take(source: int) -> None:
    if all(num_kept[label] > 1 for label in clips[source]):
      drawn.add(source)
      number.update(clips[source])
      num_kept.subtract(clips[source].keys())

  for label in sorted(target):
    waiting = [source for source in np.unique(sources[labels == label]).tolist() if source not in drawn]
    for source in random.permutation(waiting).tolist():
      if is_nearer(source):
        take(source)
    for source in sorted(waiting, key=lambda source: clips[source].total()):
      if not number[label]:
        take(source)
  return np.isin(sources, list(drawn))
