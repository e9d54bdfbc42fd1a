"""The training curves: every number at its place."""

import re

from xdc_tf.report.training_curves import curves_section

HISTORY = [
  [{'train_loss': 4.0, 'validation_loss': 3.0, 'learning_rate': 9.0}, {'train_loss': 2.0, 'validation_loss': 3.0}],
  [{'train_loss': 1.0}],
]


def test_points_and_steps():
  section = curves_section({'<video>': HISTORY})
  assert re.findall(r'<figcaption><span>(.*?)</span><span>(.*?)</span>', section) == [
    ('&lt;video&gt;: loss', '1 to 4; last: train 1 · validation 3')
  ]
  # Three epochs share 400 units, from the highest value at 4 to the lowest at 96.
  lines = re.findall(r'<polyline class="(\w+)" points="(.*?)"/>', section)
  assert lines == [
    ('train', '66.7,4.0 200.0,65.3'),
    ('validation', '66.7,34.7 200.0,34.7'),
    ('train', '330.3,96.0 336.3,96.0'),  # One place would not be seen.
    ('validation', ''),
  ]
  assert re.findall(r'<line x1="([\d.]+)"', section) == ['266.7']


def test_no_history_no_section():
  assert curves_section({'video': []}) == curves_section({}) == ''
