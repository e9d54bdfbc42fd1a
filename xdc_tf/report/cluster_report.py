"""A folder of HTML pages about the clusters of a run: opens from disk, loads nothing from elsewhere.

index.html    all clusters: size against purity or tightness, filters, search for a clip, the run's curves
map.html      all clips by their features (PCA)
pages/        a page a cluster: clips that move and sound, labels, overlaps with the other clusterings, history
data/         what the scripts draw from
media/        thumbnails, made once (clip_files.py)
assets/       style and scripts, copies of templates/
report.json   what the folder is of; pages of another run are not mixed with it

Clusters are ranked and shown as in Figure 2 and Tables 6, 14 and 15 of the paper (cluster_ranking.py).
"""

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from xdc_tf import files, progress
from xdc_tf.report import clip_data, cluster_history, cluster_ranking, page_templates
from xdc_tf.report.clip_files import Counts, make_clip_files
from xdc_tf.report.cluster_page import cluster_page
from xdc_tf.report.cluster_ranking import ClusteringView
from xdc_tf.report.feature_map import Blocks
from xdc_tf.report.iteration_charts import iterations_section
from xdc_tf.report.overview_page import overview_data, overview_page
from xdc_tf.report.report_content import ClipName, ReportContent
from xdc_tf.report.report_data import write_script
from xdc_tf.report.thumbnails import ClipMedia
from xdc_tf.report.training_curves import curves_section

_ASSETS = ('report.css', 'data.js', 'tiles.js', 'overview.js', 'cluster.js', 'map.js')
_FARTHEST_SHARE = 3  # one of the farthest clips for so many of the nearest


@dataclasses.dataclass(frozen=True)
class ReportInput:
  """What a report is made of.

  Attributes:
    title: the heading, e.g. the name of the data set.
    views: clusterings of the same N clips.
    label_names: the name of every label id; empty when no clustering has label_ids.
    clip_names: what to call clips, given their indices, ascending.
    clip_media: pictures and sound of a clip by its index, or None when nothing of it can be read; called from several threads.
    features: for each clustering, a walk through the features that were clustered (feature_map.Blocks); empty for no map.
    earlier: for each clustering, walks through the earlier iterations (cluster_history.origins); empty for no history.
    iterations: numbers of every iteration in order, e.g. {'iteration': 0, 'nmi': 0.1}; they are drawn as curves.
    training: losses and accuracies of every encoder (training_curves.curves_section).
    facts: what to say under the title, e.g. {'data set': 'Kinetics', 'method': 'XDC'}.
    credit: whose data this is and under which licence.
    source: names the data; media made from other data are refused.
  """

  title: str
  views: Sequence[ClusteringView]
  label_names: Sequence[str]
  clip_names: Callable[[np.ndarray], list[ClipName]]
  clip_media: Callable[[int], ClipMedia | None]
  features: Sequence[Blocks] = ()
  earlier: Sequence[Callable[[], Iterable[tuple[int, np.ndarray]]]] = ()
  iterations: Sequence[Mapping[str, Any]] = ()
  training: Mapping[str, Sequence[Sequence[Mapping[str, float]]]] = dataclasses.field(default_factory=dict)
  facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  credit: str = ''
  source: str = ''


def build_report(folder: str, given: ReportInput, clips_per_cluster: int = 10) -> Counts:
  """Writes the pages, index.html last; thumbnails that are in the folder stay.

  Args:
    folder: new, empty, or a report of the same data.
    given: what to show.
    clips_per_cluster: how many of the nearest clips to show of each cluster; a third as many of the farthest come with them.

  Returns:
    How many clips got pictures.

  Raises:
    ValueError: for another folder; when the clusterings are of different clips, have distances that are not finite, or use a
      label id without a name.
  """
  cluster_ranking.check_views(given.views)
  _check_label_names(given.views, given.label_names)
  _check_folder(folder, given.source)
  columns = []
  for view in given.views:
    others = [other for other in given.views if other is not view]
    num_farthest = clips_per_cluster // _FARTHEST_SHARE
    columns.append(cluster_ranking.rank_clusters(view, others, clips_per_cluster, num_farthest=num_farthest))
  _delete_pages(folder)
  shown = sorted({clip for clusters in columns for s in clusters for clip in [*s.nearest, *s.farthest]})
  clip_files, counts = make_clip_files(folder, shown, given.clip_media)
  clips = clip_data.choose_clips(len(given.views[0].pseudo_labels), shown)
  names = given.clip_names(clips)
  is_shown = np.isin(clips, shown)
  content = ReportContent(
    given.title,
    given.views,
    columns,
    _origins(given),
    given.label_names,
    {int(clips[i]): names[i] for i in np.flatnonzero(is_shown)},
    clip_files,
    given.credit,
  )
  _write(folder, content, given, clips, names, clips_per_cluster)
  return counts


def _check_label_names(views: Sequence[ClusteringView], label_names: Sequence[str]) -> None:
  largest = max((int(np.max(v.label_ids, initial=-1)) for v in views if v.label_ids is not None), default=-1)
  if largest >= len(label_names):
    raise ValueError(
      f'A clip has label {largest} but there are {len(label_names)} label names. '
      'Labels and names must come from the same manifest.'
    )


def _check_folder(folder: str, source: str) -> None:
  """Refuses a folder that holds something else, in which pages of an older report would be replaced."""
  note = os.path.join(folder, 'report.json')
  files.check_settings(note, {'report of': source})


def _delete_pages(folder: str) -> None:
  # The first page goes first and comes last: where it is, the report is whole.
  files.delete(os.path.join(folder, 'index.html'))
  files.delete(os.path.join(folder, 'pages'))


def _origins(given: ReportInput) -> list[dict]:
  if not given.earlier:
    return [{} for _ in given.views]
  return [
    cluster_history.origins(view.pseudo_labels, earlier(), view.label_ids)
    for view, earlier in zip(given.views, given.earlier, strict=True)
  ]


def _write(folder: str, content: ReportContent, given: ReportInput, clips, names, clips_per_cluster: int) -> None:
  def write(name: str, text: str) -> None:
    with files.atomic_write(os.path.join(folder, name)) as file:
      file.write(text.encode())

  for name in _ASSETS:
    write(f'assets/{name}', page_templates.read(name))
  write_script(os.path.join(folder, 'data', 'clusters.js'), 'clusters', overview_data(content))
  write_script(os.path.join(folder, 'data', 'clips.js'), 'clips', clip_data.clips_data(content, clips, names))
  pages = [(number, position) for number, clusters in enumerate(content.columns) for position in range(len(clusters))]
  for number, position in progress.bar(pages, description='pages', total=len(pages), unit='page'):
    page = cluster_page(content, number, position)
    write(f'pages/{content.page_name(number, content.columns[number][position].cluster)}', page)
  maps = clip_data.map_data(content, clips, given.features) if given.features else []
  write_script(os.path.join(folder, 'data', 'map.js'), 'maps', maps)
  write('map.html', _map_page(content))
  iterations, training = iterations_section(given.iterations), curves_section(given.training)
  footnote = (
    f'Each cluster is shown by the {clips_per_cluster} clips nearest to its centroid and some of the farthest. Purity is the '
    'share of the most frequent label among the clips that have one (of several labels the first counts here; xdc clusters-table '
    'takes all of them); tightness is the mean distance to the centroid, smaller is tighter.'
  )
  write('index.html', overview_page(content, given.facts, iterations, training, footnote))


def _map_page(content: ReportContent) -> str:
  body = page_templates.fill(
    'map.html', title=page_templates.escape(content.title), credit=page_templates.escape(content.credit)
  )
  scripts = ('data/clips.js', 'data/map.js', 'assets/data.js', 'assets/map.js')
  return page_templates.page('', f'Map · {content.title}', scripts, body)
