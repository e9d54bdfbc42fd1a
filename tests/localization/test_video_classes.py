import json

import numpy as np
import pytest

from xdc_tf.localization import video_classes

CLASSES = ('Diving', 'Golf', 'Jump')


@pytest.mark.parametrize('name', ['scores.csv', 'scores.json'])
def test_files_of_scores(name, tmp_path):
  expected = {'a': {'Diving': 0.75, 'Golf': 0.5}, 'b': {'Jump': 1.0}}
  rows = [f'{video},{label},{score}' for video, scores in expected.items() for label, score in scores.items()]
  text = json.dumps(expected) if name.endswith('json') else '\n'.join(['video,class,score', *rows])
  (tmp_path / name).write_text('\ufeff' + text)  # As Excel's "CSV UTF-8".
  scores = video_classes.read_scores(str(tmp_path / name), CLASSES, ['a', 'b'])
  assert scores == expected
  assert video_classes.best_classes(scores, 'a', 1) == [('Diving', 0.75)]
  assert video_classes.best_classes(scores, 'b', 2) == [('Jump', 1.0)]


@pytest.mark.parametrize(
  ('name', 'text', 'message'),
  [
    ('x.csv', 'name,class,score\na,Golf,1\n', 'expected JSON.*or a .csv file with the header video,class,score'),
    ('x.csv', 'video,class,score\na,Golf,high\n', 'does not hold class scores'),
    ('x.json', '{"a": ', 'does not hold class scores'),
    ('x.json', '{"a": [1, 2]}', 'does not hold class scores'),
    ('x.csv', 'video,class,score\na,Gulf,1\n', "a has the class 'Gulf'; expected one of Diving, Golf, Jump"),
    ('x.csv', 'video,class,score\na,Golf,nan\n', 'a has the score nan for Golf'),
    ('x.csv', 'video,class,score\na,Golf,-1\n', 'a has the score -1.0 for Golf'),
    ('x.csv', 'video,class,score\na,Golf,1\na,Golf,0\n', 'a has two scores for Golf, 1.0 and 0.0; expected one'),
    ('x.json', '{"a": {"Golf": 1, "Jump": 0, "Golf": 0}}', 'does not hold class scores .*: Golf comes twice'),
    ('x.csv', 'video,class,score\nb,Golf,1\n', 'no scores of 1 of the 1 test videos; the first is a'),
  ],
)
def test_files_that_cannot_be_used(name, text, message, tmp_path):
  (tmp_path / name).write_text(text)
  with pytest.raises(ValueError, match=message):
    video_classes.read_scores(str(tmp_path / name), CLASSES, ['a'])


def test_our_own_classifier_takes_several_labels():
  random = np.random.default_rng(0)
  labels = np.stack([np.arange(60) % 3 == 0, np.arange(60) % 3 != 0, np.zeros(60)], axis=1).astype(bool)
  labels[30:, 0] = True  # The first half has one class, the second may have both.
  signal = labels[:, :2].astype(float)
  features = 100 * np.concatenate([signal, random.normal(scale=0.2, size=(60, 4))], axis=1) + 5
  test = {'first': 100 * np.array([1, 0, 0, 0, 0, 0]) + 5, 'both': 100 * np.array([1, 1, 0, 0, 0, 0]) + 5}
  scores = video_classes.learned_scores(features, labels, test, CLASSES, 1.0)
  assert scores['first']['Diving'] > 0.9 and scores['first']['Golf'] < 0.1
  assert min(scores['both']['Diving'], scores['both']['Golf']) > 0.9
  assert scores['both']['Jump'] == 0  # No training video has it.
