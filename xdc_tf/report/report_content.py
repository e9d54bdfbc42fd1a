"""What all pages of a report are drawn from."""

import dataclasses
import functools
import re
from collections.abc import Sequence

from xdc_tf.report.clip_files import ClipFiles
from xdc_tf.report.cluster_history import Origin
from xdc_tf.report.cluster_ranking import ClusteringView, ClusterSummary

_NUM_HUES = 3


@dataclasses.dataclass(frozen=True)
class ClipName:
  """What people call a clip.

  Attributes:
    file: the name of its video.
    start_seconds: where in the video it starts.
  """

  file: str
  start_seconds: float

  @property
  def caption(self) -> str:
    """E.g. '1:24 film.mp4'."""
    minutes, seconds = divmod(int(self.start_seconds), 60)
    return f'{minutes}:{seconds:02d} {self.file}'


@dataclasses.dataclass(frozen=True)
class ReportContent:
  """What all pages are drawn from.

  Attributes:
    title: the name of the report.
    views: the clusterings.
    columns: the clusters of each, ranked.
    origins: where the clips of each cluster were in earlier iterations, for each clustering.
    label_names: by label id.
    names: the names of the clips that pages show.
    clip_files: the files of the same clips.
    credit: whose videos these are.
  """

  title: str
  views: Sequence[ClusteringView]
  columns: list[list[ClusterSummary]]
  origins: list[dict[int, list[Origin]]]
  label_names: Sequence[str]
  names: dict[int, ClipName]
  clip_files: dict[int, ClipFiles]
  credit: str

  @functools.cached_property
  def top_labels(self) -> list[dict[int, str]]:
    """The name of the top label of every cluster that has one, for every clustering."""
    return [{s.cluster: self.label_names[s.labels[0].id] for s in clusters if s.labels} for clusters in self.columns]

  def page_name(self, number: int, cluster: int) -> str:
    """The file of a cluster's page in the folder pages/; `number` is that of its clustering."""
    # The name of a clustering may hold what a file name may not.
    return f'{number}-{re.sub(r"[^A-Za-z0-9]+", "-", self.views[number].name)}-{cluster}.html'

  def hue(self, number: int) -> int:
    """Which of the style sheet's colours a clustering has."""
    return number % _NUM_HUES
