"""What labels are worth: XDC with 10 labelled clips a class beside a supervised encoder with all, over sizes of the corpus."""

import re

import numpy as np

from benchmarks.miniature import results
from xdc_tf import plots

WHAT = {
  'curated': ('XDC, a linear layer on 10 clips a class', 'probe_few'),
  'supervised': ('supervised, all labels', 'finetune_all'),
}
_TITLE = re.compile(rf'(\d+) clips, ({"|".join(WHAT)})')


def curves(rows: list[dict], modality: str) -> dict[str, dict[int, list[float]]]:
  """Returns {line of the plot: {clips: test accuracy of every seed}}.

  Args:
    rows: the rows of the results of tables_miniature.
    modality: 'video' or 'audio'.
  """
  points_by_title: dict[str, dict[int, list[float]]] = {title: {} for title, _ in WHAT.values()}
  for row in rows:
    if match := _TITLE.fullmatch(row['title']):
      title, key = WHAT[match[2]]
      points_by_title[title].setdefault(int(match[1]), []).append(row[key][modality])
  return {title: dict(sorted(points.items())) for title, points in points_by_title.items()}


def table(rows: list[dict]) -> str:
  """Formats a Markdown table, a row a size; empty where nothing was measured."""
  by_line = {(m, title): points for m in results.MODALITIES for title, points in curves(rows, m).items()}
  sizes = sorted({size for points in by_line.values() for size in points})
  lines = [['clips', *(f'{modality}: {title}' for modality, title in by_line)]]
  for size in sizes:
    lines.append([str(size), *(results.mean(points[size]) if size in points else '' for points in by_line.values())])
  return results.markdown(lines) if sizes else ''


def plot(rows: list[dict], path: str) -> None:
  """Draws accuracy by size, one panel a modality; the band is from the lowest to the highest seed."""
  pyplot = plots.pyplot()
  figure, panels = pyplot.subplots(1, len(results.MODALITIES), figsize=(9, 3.4), sharey=True, layout='constrained')
  for panel, modality in zip(panels, results.MODALITIES, strict=True):
    for title, points in curves(rows, modality).items():
      panel.plot(list(points), [np.mean(values) for values in points.values()], marker='.', label=title)
      ends = ([end(values) for values in points.values()] for end in (min, max))
      panel.fill_between(list(points), *ends, alpha=0.15, linewidth=0)
    panel.set(title=f'{modality} encoder', xlabel='clips', ylim=(0, 1))
    panel.grid(alpha=0.3)
  panels[0].set_ylabel('accuracy on the test clips')
  panels[0].legend(loc='lower right', fontsize='small')
  plots.save(figure, path)
