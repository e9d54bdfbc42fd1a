"""Files that others read."""

import json

import numpy as np

from xdc_tf import files


def test_json_has_null_where_a_number_is_not_finite(tmp_path):
  """NaN and Infinity are Python's own: browsers and jq refuse the file."""
  path = str(tmp_path / 'a.json')
  value = {'a': float('nan'), 'b': [1.5, float('-inf'), {'c': np.float64('nan')}], 'd': ('x', 2), 'e': 0.1 + 0.2}
  files.write_json(path, value)
  expected = {'a': None, 'b': [1.5, None, {'c': None}], 'd': ['x', 2], 'e': 0.1 + 0.2}
  assert files.read_json(path) == expected

  def refuse(constant):
    raise AssertionError(constant)

  json.loads((tmp_path / 'a.json').read_text(), parse_constant=refuse)
