"""docs/scale.md shows its formulas: what they give is what its table says, and its rates are those that were measured."""

import pathlib
import re

import pytest

from xdc_tf import files
from xdc_tf.clustering.kmeans import KMeansOptions

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = (ROOT / 'docs/scale.md').read_text()


def test_the_table_is_what_the_formulas_give():
  values = {}
  exec(re.search(r'```python\n(.*?)```', PAGE, re.DOTALL)[1], values)
  assert f'6 * 2 * {KMeansOptions().num_passes} * kmeans_pass_minutes' in PAGE  # It said 30.
  rows = re.findall(r'^\| .*\(`(\w+)`\).* \| ([\d.,]+) ', PAGE, re.MULTILINE)
  assert len(rows) == 8
  for name, printed in rows:
    number = float(printed.replace(',', ''))
    assert values[name] == pytest.approx(number, rel=0.02), name


def test_the_rates_are_the_measured_ones():
  rows = files.read_json(str(ROOT / 'benchmarks/results/kmeans_scale.json'))['rows']
  clips_a_second = float(re.search(r'\| ([\d,]+) clips a second on 2 cores', PAGE)[1].replace(',', ''))
  assert 5e6 / rows[0]['ours_seconds'] == pytest.approx(clips_a_second, rel=0.02)
  # Spans of 2 s every 10 s of a film of 2 minutes: 12 spans.
  spans = next(
    row
    for row in files.read_json(str(ROOT / 'benchmarks/results/clip_making.json'))['rows']
    if 'every 10 s' in row['what']
  )
  seconds = float(re.search(r'\| ([\d.]+) s of one core', PAGE)[1])
  assert spans['ours_seconds'] / 12 == pytest.approx(seconds, rel=0.05)
