"""Numbers over the iterations as HTML and SVG, without any library."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xdc_tf.report.page_templates import escape


def _is_number(value: Any) -> bool:
  return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and math.isfinite(value)


def _cell(value: Any) -> str:
  if _is_number(value):
    return f'{value:.4g}' if isinstance(value, (float, np.floating)) else f'{value:,}'
  return '–' if value is None or isinstance(value, (float, np.floating)) else escape(value)


def iterations_section(iterations: Sequence[Mapping[str, Any]]) -> str:
  """Draws every metric over the iterations, and all numbers as a table below."""
  if not iterations:
    return ''
  rows = [{'iteration': number, **row} for number, row in enumerate(iterations)]
  keys = list(dict.fromkeys(key for row in rows for key in row))
  charts = ''.join(_chart(key, [row.get(key) for row in rows]) for key in keys if key != 'iteration')
  head = ''.join(f'<th scope="col">{escape(key.replace("_", " "))}</th>' for key in keys)
  body = ''.join('<tr>' + ''.join(f'<td>{_cell(row.get(key))}</td>' for key in keys) + '</tr>' for row in rows)
  table = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
  return (
    f'<section class="panel"><h2>Over the iterations</h2><div class="charts">{charts}</div>'
    f'<details><summary>All numbers</summary>{table}</details></section>'
  )


def _chart(key: str, values: Sequence[Any]) -> str:
  """Draws one metric from its lowest to its highest value; the caption gives the first and the last."""
  points = [(i, float(value)) for i, value in enumerate(values) if _is_number(value)]
  if len(points) < 2:
    return ''
  low, high = min(value for _, value in points), max(value for _, value in points)
  spots = [(200 * i / (len(values) - 1), 48 - 42 * (value - low) / ((high - low) or 1)) for i, value in points]
  line = ' '.join(f'{x:.1f},{y:.1f}' for x, y in spots)
  name = escape(key.replace('_', ' '))
  first, last = _cell(points[0][1]), _cell(points[-1][1])
  return (
    f'<figure class="chart"><figcaption><span title="{name}">{name}</span><span>{first} → <b>{last}</b></span></figcaption>'
    f'<svg viewBox="0 0 200 54" preserveAspectRatio="none" role="img" aria-label="{name}: from {first} to {last}">'
    f'<line x1="0" y1="53" x2="200" y2="53"/><polyline points="{line}"/></svg></figure>'
  )
