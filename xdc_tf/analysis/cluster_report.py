"""One self-contained HTML page about the clusters of a run: opens from disk, loads nothing, runs no foreign script.

Clusterings stand side by side, their clusters ranked (xdc_tf.analysis.nearest_clips), each with its nearest clips as moving
thumbnails with sound (xdc_tf.analysis.thumbnails), its shares of labels (Tables 6, 14 and 15 of the paper) and how it splits over
the clusters of the other modality. A clip that several clusters show lies in the file once.

  build_report('report.html', 'Big Buck Bunny', [ClusteringView('video', ...), ClusteringView('audio', ...)], label_names=None,
               clip_media=read_clip, facts={'method': 'XDC'}, credit='Big Buck Bunny (c) Blender Foundation, CC BY 3.0')
"""

import base64
import concurrent.futures
import dataclasses
import functools
import hashlib
import importlib.resources
import itertools
import os
import statistics
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from xdc_tf import files, progress
from xdc_tf.analysis import nearest_clips, thumbnails
from xdc_tf.analysis.nearest_clips import ClusteringView, ClusterSummary
from xdc_tf.analysis.report_charts import escape, iterations_section, size_chart
from xdc_tf.analysis.thumbnails import ClipMedia, Thumbnail
from xdc_tf.clustering import metrics

_NUM_HUES = 3


def build_report(
  output_path: str,
  title: str,
  clusterings: Sequence[ClusteringView],
  label_names: Sequence[str] | None,
  clip_media: Callable[[int], ClipMedia | None],
  iterations: Sequence[Mapping[str, Any]] = (),
  credit: str = '',
  num_nearest: int = 10,
  facts: Mapping[str, Any] | None = None,
) -> None:
  """Writes the page, atomically.

  Args:
    output_path: the HTML file.
    title: the heading, e.g. the name of the data set.
    clusterings: of the same N clips; all stand side by side.
    label_names: the name of every label id; None when no clustering has label_ids.
    clip_media: returns pictures and sound of a clip by its index, or None when nothing of it can be read. Called once for
      every clip shown, from several threads at a time.
    iterations: the metrics of every iteration in order, e.g. {'iteration': 0, 'nmi': 0.1}; numbers are drawn as curves.
    credit: whose data this is and under which licence.
    num_nearest: how many clips to show of each cluster.
    facts: what to say under the title, e.g. {'data set': 'Kinetics', 'method': 'XDC', 'iteration': '4 of 5'}.

  Raises:
    ValueError: when the clusterings are of different clips, have distances that are not finite, or use a label id without a name.
  """
  nearest_clips.check_views(clusterings)
  _check_label_names(clusterings, label_names)
  columns = []
  for view in clusterings:
    others = [other for other in clusterings if other is not view]
    columns.append(nearest_clips.rank_clusters(view, others, num_nearest))
  shown = sorted({clip for clusters in columns for summary in clusters for clip in summary.nearest})
  report = _Report(clusterings, columns, label_names or (), _read_tiles(shown, clip_media))
  with files.atomic_write(output_path, 'wb') as file:
    file.write(_page(report, title, facts or {}, iterations, credit, num_nearest).encode())
    for clip in shown:
      file.write(_media_elements(clip, report.tiles[clip][1]).encode())
    file.write(b'</body>\n</html>\n')


@dataclasses.dataclass(frozen=True)
class _Report:
  """What all parts of the page draw from.

  Attributes:
    views: the clusterings, one per column.
    columns: their clusters, ranked.
    label_names: by label id.
    tiles: what is shown of a clip, by its index.
  """

  views: Sequence[ClusteringView]
  columns: list[list[ClusterSummary]]
  label_names: Sequence[str]
  tiles: dict[int, tuple[ClipMedia, Thumbnail]]

  @functools.cached_property
  def top_labels(self) -> list[dict[int, str]]:
    """The name of the top label of every cluster that has one, for every column."""
    return [{s.cluster: self.label_names[s.labels[0].id] for s in clusters if s.labels} for clusters in self.columns]


def _check_label_names(clusterings: Sequence[ClusteringView], label_names: Sequence[str] | None) -> None:
  largest = max((int(np.max(v.label_ids, initial=-1)) for v in clusterings if v.label_ids is not None), default=-1)
  if largest >= len(label_names or ()):
    raise ValueError(
      f'A clip has label {largest} but there are {len(label_names or ())} label names. '
      'Labels and names must come from the same manifest.'
    )


def _read_tiles(clips: Sequence[int], clip_media) -> dict[int, tuple[ClipMedia, Thumbnail]]:
  """Reads and encodes every clip that is shown, in several threads: PyAV works outside Python's lock."""
  with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    made = pool.map(lambda clip: _read_tile(clip, clip_media), clips)
    return dict(zip(clips, progress.bar(made, description='thumbnails', total=len(clips), unit='clip'), strict=True))


def _read_tile(clip: int, clip_media) -> tuple[ClipMedia, Thumbnail]:
  nothing = np.zeros(0, np.float32)
  media = clip_media(clip) or ClipMedia(f'clip {clip}', [], nothing, note='no picture and no sound found')
  try:
    return media, thumbnails.make_thumbnail(media)
  except thumbnails.UnreadablePictureError:
    # One damaged clip must not cost the report of all others; its tile says what happened.
    media = dataclasses.replace(media, frames=[], note='its pictures cannot be decoded')
    return media, thumbnails.make_thumbnail(media)


@functools.cache
def _file(name: str) -> str:
  return (importlib.resources.files('xdc_tf.analysis') / 'templates' / name).read_text('utf-8')


def _fill(template: str, /, **parts: Any) -> str:
  """Fills a template; the parts must be HTML already."""
  return string.Template(_file(template)).substitute(parts).strip()


def _page(report: _Report, title, facts, iterations, credit, num_nearest) -> str:
  javascript = _file('report.js')
  digest = base64.b64encode(hashlib.sha256(javascript.encode()).digest()).decode()
  names = [escape(view.name) for view in report.views]
  tabs = [
    f'<button type="button" data-column="{i}" aria-pressed="false">{name}</button>' for i, name in enumerate(names)
  ]
  facts = {**facts, 'clips': f'{len(report.views[0].pseudo_labels):,}'}
  return _fill(
    'page.html',
    title=escape(title),
    # Nothing may be loaded, and no script may run but the one of this page, whatever a file name holds.
    policy=f"default-src 'none'; img-src data: blob:; media-src blob:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
    css=_file('report.css'),
    javascript=javascript,
    facts=''.join(f'<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>' for key, value in facts.items()),
    numbers=_numbers(report.views),
    iterations=iterations_section(iterations),
    tabs=''.join(tabs) if len(tabs) > 1 else '',
    num_columns=len(tabs),
    columns='\n'.join(_column(report, number) for number in range(len(tabs))),
    credit=escape(credit),
    footnote=(
      f'Each cluster is shown by the {num_nearest} clips nearest to its centroid. Purity is the share of the most frequent label '
      'among the clips that have one; tightness is the mean distance to the centroid, smaller is tighter.'
    ),
  )


def _numbers(views: Sequence[ClusteringView]) -> str:
  """Draws the agreement of every two clusterings, and the purity of those that have labels."""
  numbers = []
  for first, second in itertools.combinations(views, 2):
    nmi = metrics.normalized_mutual_information(first.pseudo_labels, second.pseudo_labels)
    numbers.append((f'NMI of {first.name} and {second.name}', nmi))
  for view in views:
    if nearest_clips.is_labelled(view):
      numbers.append((f'purity of {view.name}', metrics.purity(view.pseudo_labels, view.label_ids)))
  return ''.join(f'<p class="number"><b>{value:.3f}</b><span>{escape(name)}</span></p>' for name, value in numbers)


def _column(report: _Report, number: int) -> str:
  view, clusters = report.views[number], report.columns[number]
  sizes = sorted((summary.size for summary in clusters), reverse=True)
  total = sum(sizes)
  mean_distance = sum(summary.tightness * summary.size for summary in clusters) / max(total, 1)
  order = 'purity' if nearest_clips.is_labelled(view) else 'tightness'
  return _fill(
    'column.html',
    number=number,
    hue=number % _NUM_HUES,
    name=escape(view.name[:1].upper() + view.name[1:]),
    num_clusters=len(clusters),
    summary=f'Ranked by {order}. {total:,} clips, mean distance {mean_distance:.3f}.',
    sizes=size_chart(sizes),
    sizes_caption=f'sizes {sizes[0]:,} to {sizes[-1]:,}, median {statistics.median(sizes):,.0f}'
    if sizes
    else 'no clusters',
    cards=''.join(_card(report, number, summary, total) for summary in clusters),
  )


def _card(report: _Report, number: int, summary: ClusterSummary, total: int) -> str:
  if nearest_clips.is_labelled(report.views[number]):
    quality_name, quality = 'purity', summary.purity
    quality_help = f'share of the top label; tightness {summary.tightness:.3f}'
  else:
    quality_name, quality = 'tightness', summary.tightness
    quality_help = 'mean distance to the centroid, smaller is tighter'
  return _fill(
    'card.html',
    anchor=f'c{number}-{summary.cluster}',
    rank=summary.rank,
    cluster=summary.cluster,
    size=summary.size,
    total=total,
    size_share=f'{100 * summary.size / total:.1f}%',
    quality_name=quality_name,
    quality='no labels' if quality is None else f'{quality:.3f}',
    quality_help=quality_help,
    tiles=''.join(_tiles(summary, report.tiles)),
    details=''.join(_details(report, number, summary)),
  )


def _details(report: _Report, number: int, summary: ClusterSummary) -> list[str]:
  """Draws the shares of labels, and how the cluster splits over every other clustering, in that one's colour."""
  blocks = []
  if summary.labels:
    named = [(escape(report.label_names[s.id]), s.share) for s in summary.labels]
    blocks.append(_bars('labels', 'Top labels', named, number))
  others = [i for i in range(len(report.views)) if i != number]
  for other, overlap in zip(others, summary.overlaps, strict=True):
    named = [(_link(report, other, s.id), s.share) for s in overlap]
    blocks.append(_bars('overlaps', f'Lies in {escape(report.views[other].name)} clusters', named, other))
  return blocks


def _link(report: _Report, number: int, cluster: int) -> str:
  """Names a cluster, with its top label, as a link to its card."""
  label = report.top_labels[number].get(cluster)
  return f'<a href="#c{number}-{cluster}">cluster {cluster}</a>' + (f' · {escape(label)}' if label is not None else '')


def _bars(kind: str, heading: str, named_shares: list[tuple[str, float]], number: int) -> str:
  rows = [
    f'<li><span class="name">{name}</span><span class="bar"><i style="--share: {share:.3f}"></i></span>'
    f'<span class="value">{share:.2f}</span></li>'
    for name, share in named_shares
  ]
  return (
    f'<div class="{kind}" data-hue="{number % _NUM_HUES}"><h4>{heading}</h4><ul class="bars">{"".join(rows)}</ul></div>'
  )


def _tiles(summary: ClusterSummary, tiles) -> list[str]:
  """Returns the tiles of one cluster; the first that can be focused takes part in the order of the Tab key."""
  drawn, tabindex = [], 0
  for clip, distance in zip(summary.nearest, summary.nearest_distances, strict=True):
    media, thumbnail = tiles[clip]
    tooltip = f'{media.caption}\nclip {clip}, distance {distance:.3f}' + (f'\n{media.note}' if media.note else '')
    parts = {'caption': escape(media.caption), 'tooltip': escape(tooltip)}
    if not thumbnail.poster:
      drawn.append(_fill('empty_tile.html', note=escape(media.note or 'no picture and no sound'), **parts))
      continue
    note = media.note or ('' if thumbnail.has_sound else 'no sound')
    badge = f'<span class="badge">{escape(note)}</span>' if note else ''
    aria = 'aria-pressed="false"' if thumbnail.has_sound else ''
    drawn.append(_fill('tile.html', clip=clip, tabindex=tabindex, aria=aria, badge=badge, **parts))
    tabindex = -1
  return drawn


def _media_elements(clip: int, thumbnail: Thumbnail) -> str:
  """Returns the inert elements that hold the files of one clip; report.js decodes them when they are needed."""
  parts = [('p', thumbnails.POSTER_MIME_TYPE, thumbnail.poster), ('v', thumbnails.MIME_TYPE, thumbnail.video)]
  return ''.join(
    f'<script type="text/plain" id="{prefix}{clip}" data-mime="{mime}">{base64.b64encode(data).decode()}</script>\n'
    for prefix, mime, data in parts
    if data
  )
