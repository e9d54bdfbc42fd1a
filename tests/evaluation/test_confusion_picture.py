"""The picture of a confusion matrix that a sweep draws."""

import re

import numpy as np
import pytest

from xdc_tf.evaluation import sweep


def test_the_picture_is_the_same_for_the_same_numbers(tmp_path):
  for name in 'ab':
    sweep.draw_confusion(np.array([[3, 1], [0, 0]]), ['clap', 'wave'], str(tmp_path / f'{name}.svg'))
  assert (tmp_path / 'a.svg').read_text() == (tmp_path / 'b.svg').read_text()
  assert 'svg' in (tmp_path / 'a.svg').read_text()


@pytest.mark.parametrize(('classes', 'named'), [(105, 105), (106, 53), (400, 100)])
def test_names_of_many_classes_leave_room_for_each_other(tmp_path, classes, named):
  """400 names of 7 points on 24 inches lay over each other."""
  sweep.draw_confusion(np.eye(classes, dtype=int), [f'class-{i:03d}' for i in range(classes)], str(tmp_path / 'a.svg'))
  assert len(set(re.findall(r'class-\d{3}', (tmp_path / 'a.svg').read_text()))) == named


def test_labels_in_any_script_are_text_and_no_warnings(tmp_path, recwarn):
  """Each glyph that matplotlib's font lacks was a warning, the last lines of the command, and a box in the picture."""
  sweep.draw_confusion(np.eye(2, dtype=int), ['日本', 'wave'], str(tmp_path / 'a.svg'))
  assert '日本' in (tmp_path / 'a.svg').read_text() and not [w for w in recwarn if 'Glyph' in str(w.message)]
