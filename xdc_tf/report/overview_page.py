"""The first page of a report, and its data: all clusters, what is known of the run, its training curves."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from xdc_tf.clustering import metrics
from xdc_tf.report import cluster_ranking
from xdc_tf.report.cluster_ranking import ClusteringView, ClusterSummary
from xdc_tf.report.page_templates import escape, fill, page
from xdc_tf.report.report_content import ReportContent

_SCRIPTS = ('data/clusters.js', 'assets/data.js', 'assets/tiles.js', 'assets/overview.js')


def overview_page(
  content: ReportContent, facts: Mapping[str, Any], iterations: str, training: str, footnote: str
) -> str:
  """Draws index.html; its clusters are drawn in the browser from data/clusters.js.

  Args:
    content: the content of the report.
    facts: what to say under the title.
    iterations: HTML of the numbers over the iterations.
    training: HTML of the training curves.
    footnote: a sentence about what is shown.
  """
  names = [escape(view.name) for view in content.views]
  tabs = ''.join(
    f'<button type="button" data-column="{i}" data-hue="{content.hue(i)}" aria-pressed="{"true" if i == 0 else "false"}">{name}'
    f' <small>{len(content.columns[i]):,}</small></button>'
    for i, name in enumerate(names)
  )
  body = fill(
    'index.html',
    title=escape(content.title),
    facts=''.join(f'<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>' for key, value in facts.items()),
    numbers=_numbers(content.views),
    tabs=tabs,
    # The value is the name itself; the text of an option loses spaces at its ends and double ones.
    labels=''.join(
      f'<option value="{escape(name)}">{escape(name)}</option>' for name in sorted(set(content.label_names))
    ),
    no_labels='' if content.label_names else 'hidden',
    num_clips=f'{len(content.views[0].pseudo_labels):,}',
    iterations=iterations,
    training=training,
    credit=escape(content.credit),
    footnote=escape(footnote),
  )
  return page('', content.title, _SCRIPTS, body)


def _numbers(views: Sequence[ClusteringView]) -> str:
  """Draws the agreement of every two clusterings, and the purity of those that have labels."""
  numbers = []
  for first, second in itertools.combinations(views, 2):
    nmi = metrics.normalized_mutual_information(first.pseudo_labels, second.pseudo_labels)
    numbers.append((f'NMI of {first.name} and {second.name}', nmi))
  for view in views:
    if view.label_ids is not None and cluster_ranking.is_labelled(view):
      numbers.append((f'purity of {view.name}', metrics.purity(view.pseudo_labels, view.label_ids)))
  return ''.join(f'<p class="number"><b>{value:.3f}</b><span>{escape(name)}</span></p>' for name, value in numbers)


def overview_data(content: ReportContent) -> dict:
  """What data/clusters.js holds: {'labels': names, 'clusterings': [{'name', 'hue', 'labelled', 'clusters': [...]}]}."""
  return {
    'labels': list(content.label_names),
    'clusterings': [
      {
        'name': view.name,
        'hue': content.hue(number),
        'labelled': cluster_ranking.is_labelled(view),
        'clusters': [_cluster(content, number, summary) for summary in content.columns[number]],
      }
      for number, view in enumerate(content.views)
    ],
  }


def _cluster(content: ReportContent, number: int, summary: ClusterSummary) -> dict:
  # The nearest clip that can be seen stands for the cluster.
  seen = [clip for clip in summary.nearest if not content.clip_files[clip].problem]
  files = content.clip_files[(seen or summary.nearest)[0]]
  return {
    'cluster': summary.cluster,
    'page': f'pages/{content.page_name(number, summary.cluster)}',
    'rank': summary.rank,
    'size': summary.size,
    'tightness': round(summary.tightness, 4),
    'purity': None if summary.purity is None else round(summary.purity, 4),
    'labels': [[share.id, round(share.share, 3)] for share in summary.labels],
    'poster': '' if files.problem else f'{files.stem}.webp',
    'video': f'{files.stem}.webm' if files.has_video else '',
    'problem': files.problem,
    'clips': '\n'.join(content.names[clip].file for clip in summary.nearest),
  }
