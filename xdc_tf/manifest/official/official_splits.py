"""Collects in which official splits a clip is for training and in which for test, while the lists are read."""

from xdc_tf.manifest.manifest import TEST, TRAIN, UNUSED
from xdc_tf.manifest.official import listing
from xdc_tf.manifest.official.listing import Entry, Skipped

_USES = {UNUSED: 'unused', TRAIN: 'train', TEST: 'test'}


class ClipTable:
  """The clips of a data set with several official splits, in the order in which the lists name them first."""

  def __init__(self, num_splits: int, skipped: Skipped):
    """Starts empty; `skipped` takes clips that one split lists twice."""
    self._num_splits, self._skipped = num_splits, skipped
    self._clips: dict[str, tuple[str, dict[int, int], str]] = {}

  def add(self, name: str, label: str, split: int, use: int, path: str, line: int) -> None:
    """Notes what one line says.

    Args:
      name: the name of the clip, without suffix.
      label: name of its class.
      split: number of the official split, from 0.
      use: 0 unused, 1 train, 2 test.
      path: the list.
      line: number of the line.

    Raises:
      ValueError: when it contradicts an earlier line.
    """
    first_label, uses, _ = self._clips.setdefault(name, (label, {}, f'{path}, line {line}'))
    if label != first_label:
      raise listing.damaged(path, line, f'{name} of class {label}', f'class {first_label}, as in another list')
    if split not in uses:
      uses[split] = use
    elif uses[split] == use:
      self._skipped.add('duplicate_entry', name, f'{path}, line {line}')
    else:
      seen = f'{name} for {_USES[use]}'
      raise listing.damaged(
        path, line, seen, f'one use in a split; split {split + 1} has it for {_USES[uses[split]]} too'
      )

  def entries(self) -> list[Entry]:
    """Returns the clips; a split that does not list a clip does not use it."""
    return [
      Entry(
        video_id=name,
        stems=(name,),
        split=listing.OFFICIAL_SPLIT,
        labels=(label,),
        official_split=tuple(uses.get(split, UNUSED) for split in range(self._num_splits)),
        listed_in=listed_in,
      )
      for name, (label, uses, listed_in) in self._clips.items()
    ]
