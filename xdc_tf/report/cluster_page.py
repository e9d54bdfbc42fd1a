"""The page of one cluster: its clips, labels, overlaps and history. JavaScript adds only motion and sound."""

from collections.abc import Sequence

from xdc_tf.report import cluster_ranking
from xdc_tf.report.cluster_history import Origin
from xdc_tf.report.cluster_ranking import ClusterSummary
from xdc_tf.report.page_templates import escape, fill, page
from xdc_tf.report.report_content import ReportContent

_ROOT = '../'
_SCRIPTS = ('assets/data.js', 'assets/tiles.js', 'assets/cluster.js')


def cluster_page(content: ReportContent, number: int, position: int) -> str:
  """Draws the cluster at `position` of the ranking of clustering `number`."""
  view, clusters = content.views[number], content.columns[number]
  summary = clusters[position]
  label = content.top_labels[number].get(summary.cluster)
  body = fill(
    'cluster.html',
    number=number,
    hue=content.hue(number),
    cluster=summary.cluster,
    name=escape(view.name),
    label=f'<span class="top">{escape(label)}</span>' if label is not None else '',
    rank=summary.rank,
    num_clusters=len(clusters),
    previous=_neighbour(content, number, position - 1, 'prev', '←'),
    next=_neighbour(content, number, position + 1, 'next', '→'),
    numbers=_numbers(content, number, summary),
    nearest=_tiles(content, number, summary.nearest, summary.nearest_distances),
    farthest=_farthest(content, number, summary),
    shares=''.join(_shares(content, number, summary)),
    history=_history(content, number, content.origins[number].get(summary.cluster, [])),
    credit=escape(content.credit),
  )
  return page(_ROOT, f'{view.name} cluster {summary.cluster} · {content.title}', _SCRIPTS, body)


def _neighbour(content: ReportContent, number: int, position: int, rel: str, arrow: str) -> str:
  clusters = content.columns[number]
  if not 0 <= position < len(clusters):
    return f'<span class="off" aria-hidden="true">{arrow}</span>'
  cluster = clusters[position].cluster
  return f'<a rel="{rel}" href="{content.page_name(number, cluster)}" title="cluster {cluster}">{arrow}</a>'


def _numbers(content: ReportContent, number: int, summary: ClusterSummary) -> str:
  total = sum(s.size for s in content.columns[number])
  numbers = [(f'{summary.size:,}', f'clips, {100 * summary.size / total:.1f}% of {total:,}')]
  if cluster_ranking.is_labelled(content.views[number]):
    purity = '–' if summary.purity is None else f'{summary.purity:.3f}'
    numbers.append((purity, 'purity: the share of the top label'))
  numbers.append((f'{summary.tightness:.3f}', 'mean distance to the centroid'))
  return ''.join(f'<p class="number"><b>{value}</b><span>{escape(name)}</span></p>' for value, name in numbers)


def _tiles(content: ReportContent, number: int, clips: Sequence[int], distances: Sequence[float]) -> str:
  return ''.join(_tile(content, number, *pair) for pair in zip(clips, distances, strict=True))


def _tile(content: ReportContent, number: int, clip: int, distance: float) -> str:
  shown = content.clip_files[clip]
  labels = content.views[number].label_ids
  label = content.label_names[labels[clip]] if labels is not None and labels[clip] >= 0 else ''
  caption = content.names[clip].caption
  parts = {
    'clip': clip,
    'caption': escape(caption),
    'label': escape(label),
    'distance': f'{distance:.3f}',
    'tooltip': escape(f'{caption}\nclip {clip}'),
  }
  if shown.problem:
    return fill('empty_tile.html', problem=escape(shown.problem), **parts)
  stem = f'{_ROOT}{shown.stem}'
  spectrogram = '<span class="badge">no sound</span>'
  if shown.has_sound:
    spectrogram = (
      f'<span class="spectrogram"><img src="{stem}-spectrogram.webp" width="200" height="80" loading="lazy" decoding="async" '
      'alt=""><i></i></span>'
    )
  return fill(
    'tile.html',
    stem=stem,
    video=f'data-video="{stem}.webm"' if shown.has_video else '',
    sound='aria-pressed="false"' if shown.has_sound else '',
    spectrogram=spectrogram,
    **parts,
  )


def _farthest(content: ReportContent, number: int, summary: ClusterSummary) -> str:
  if not summary.farthest:
    return ''
  tiles = _tiles(content, number, summary.farthest, summary.farthest_distances)
  return f'<section><h2>At its edge <small>the farthest clips</small></h2><div class="strip">{tiles}</div></section>'


def _shares(content: ReportContent, number: int, summary: ClusterSummary) -> list[str]:
  """Draws the shares of labels, and how the cluster splits over every other clustering, in that one's colour."""
  blocks = []
  if summary.labels:
    named = [(escape(content.label_names[s.id]), s.share) for s in summary.labels]
    blocks.append(_bars('labels', 'Labels', named, content.hue(number)))
  others = [i for i in range(len(content.views)) if i != number]
  for other, overlap in zip(others, summary.overlaps, strict=True):
    named = [(_link(content, other, s.id), s.share) for s in overlap]
    blocks.append(
      _bars('overlaps', f'Its clips in the {escape(content.views[other].name)} clusters', named, content.hue(other))
    )
  return blocks


def _link(content: ReportContent, number: int, cluster: int) -> str:
  label = content.top_labels[number].get(cluster)
  link = f'<a href="{content.page_name(number, cluster)}">cluster {cluster}</a>'
  return link + (f' · {escape(label)}' if label is not None else '')


def _bars(kind: str, heading: str, named_shares: list[tuple[str, float]], hue: int) -> str:
  rows = ''.join(
    f'<li><span class="name">{name}</span><span class="bar"><i style="--share: {share:.3f}"></i></span>'
    f'<span class="value">{100 * share:.0f}%</span></li>'
    for name, share in named_shares
  )
  return f'<section class="panel {kind}" data-hue="{hue}"><h2>{heading}</h2><ul class="bars">{rows}</ul></section>'


def _history(content: ReportContent, number: int, origins: Sequence[Origin]) -> str:
  """Draws a bar for every earlier iteration, cut into the clusters that its clips were in."""
  if not origins:
    return ''
  rows = ''.join(
    f'<li><span class="when">{_iteration(origin.iteration)}</span><span class="parts">{_parts(content, origin)}</span></li>'
    for origin in origins
  )
  return (
    f'<section class="panel history" data-hue="{content.hue(number)}"><h2>Where its clips were before</h2>'
    '<p class="note">Each bar is one earlier iteration, cut by the clusters that held these clips then; the numbers of '
    f'clusters begin anew each time.</p><ol>{rows}</ol></section>'
  )


def _iteration(number: int) -> str:
  return 'random weights' if number == 0 else f'iteration {number}'


def _parts(content: ReportContent, origin: Origin) -> str:
  parts = []
  for share, label in zip(origin.shares, origin.labels, strict=True):
    text = escape(f'{share.id}' + ('' if label is None else f' · {content.label_names[label]}'))
    percent = f'{100 * share.share:.0f}%'
    parts.append(
      f'<span style="--share: {share.share:.4f}" title="cluster {text}: {percent}">{text} <b>{percent}</b></span>'
    )
  rest = 1 - sum(share.share for share in origin.shares)
  if origin.shares and rest > 0.0005:
    parts.append(f'<span class="rest" style="--share: {rest:.4f}" title="all others: {100 * rest:.0f}%">others</span>')
  return ''.join(parts)
