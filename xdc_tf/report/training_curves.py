"""Loss and accuracy of an encoder over the epochs of all iterations, as SVG without any library."""

from collections.abc import Mapping, Sequence

from xdc_tf.report.page_templates import escape

_WIDTH, _HEIGHT = 400, 100


def curves_section(histories: Mapping[str, Sequence[Sequence[Mapping[str, float]]]]) -> str:
  """Draws a chart for every quantity of every encoder.

  Args:
    histories: for every encoder a list of trainings, each a list of epochs, e.g. {'train_loss': 2.9, 'validation_loss': 3.1};
      names that start otherwise are not drawn.
  """
  charts = []
  for encoder, iterations in histories.items():
    names = dict.fromkeys(
      key.removeprefix(side) for e in iterations for row in e for side in _SIDES for key in row if key.startswith(side)
    )
    charts += [_chart(encoder, name, iterations) for name in names]
  if not charts:
    return ''
  return (
    '<details class="panel"><summary>Training: loss and accuracy</summary><p class="legend"><span class="line"></span>training'
    '<span class="line dashed"></span>validation; a line where the next training begins</p>'
    f'<div class="charts wide">{"".join(charts)}</div></details>'
  )


_SIDES = ('train_', 'validation_')


def _chart(encoder: str, name: str, iterations: Sequence[Sequence[Mapping[str, float]]]) -> str:
  values = [row[side + name] for epochs in iterations for row in epochs for side in _SIDES if side + name in row]
  low, high = min(values), max(values)
  step = _WIDTH / max(sum(len(epochs) for epochs in iterations), 1)
  drawn, first = [], 0
  for number, epochs in enumerate(iterations):
    if number:
      drawn.append(f'<line x1="{first * step:.1f}" x2="{first * step:.1f}" y1="0" y2="{_HEIGHT}"/>')
    for side in _SIDES:
      places = [
        ((first + i + 0.5) * step, _HEIGHT - 4 - (_HEIGHT - 8) * (row[side + name] - low) / ((high - low) or 1))
        for i, row in enumerate(epochs)
        if side + name in row
      ]
      if len(places) == 1:  # A line of one place is not drawn: a dash is.
        places = [(places[0][0] + offset, places[0][1]) for offset in (-3, 3)]
      points = ' '.join(f'{x:.1f},{y:.1f}' for x, y in places)
      drawn.append(f'<polyline class="{side.rstrip("_")}" points="{points}"/>')
    first += len(epochs)
  last = {side: row[side + name] for epochs in iterations for row in epochs for side in _SIDES if side + name in row}
  ends = ' · '.join(f'{side.rstrip("_")} {value:.3g}' for side, value in last.items())
  title, numbers = escape(f'{encoder}: {name.replace("_", " ")}'), escape(f'{low:.3g} to {high:.3g}; last: {ends}')
  return (
    f'<figure class="chart"><figcaption><span>{title}</span><span>{numbers}</span></figcaption>'
    f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{title}, {numbers}">'
    f'{"".join(drawn)}</svg></figure>'
  )
