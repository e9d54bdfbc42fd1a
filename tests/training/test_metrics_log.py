"""The CSV and the events of a training say the same, every epoch once, however often it was killed."""

import pytest
from event_reader import read_events

from xdc_tf.training.metrics_log import MetricsLog, read_metrics


def write(log, epochs, offset=0.0):
  for epoch in epochs:
    log.write(epoch, {'train_loss': 2.0 / (epoch + 1) + offset, 'train_accuracy_video': 0.25 * epoch})


@pytest.mark.stack
def test_events_are_those_of_the_csv_also_after_a_kill(tmp_path):
  # Killed after the numbers of epoch 2 were written and before its checkpoint was: epochs 1 and 2 come once more.
  killed = MetricsLog(str(tmp_path), first_epoch=0)
  write(killed, [0, 1, 2], offset=100.0)
  log = MetricsLog(str(tmp_path), first_epoch=1)
  write(log, [1, 2, 3])
  log.close()
  found = read_events(tmp_path / 'tensorboard')
  assert found['train_loss'] == [(0, 102.0), (1, 1.0), (2, pytest.approx(2 / 3)), (3, 0.5)]
  assert found['train_accuracy_video'] == [(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.75)]
  rows = read_metrics(str(tmp_path / 'metrics.csv'))
  assert [(int(row['epoch']), pytest.approx(float(row['train_loss']))) for row in rows] == found['train_loss']


def test_a_stage_that_starts_anew_leaves_nothing_of_its_first_try(tmp_path):
  write(MetricsLog(str(tmp_path), first_epoch=0), [0, 1])
  log = MetricsLog(str(tmp_path), first_epoch=0)
  write(log, [0])
  log.close()
  assert read_events(tmp_path / 'tensorboard')['train_loss'] == [(0, 2.0)]


@pytest.mark.parametrize(
  'text', ['', 'epo', 'epoch,loss\n0,1\n1', 'epoch,loss\n0,1,2\n', 'epoch,loss\n0,1\n\0\0', 'loss\n1\n']
)
def test_damage_is_named(text, tmp_path):
  """It was a TypeError or a KeyError of a resumed training, or earlier epochs were gone."""
  path = tmp_path / 'metrics.csv'
  path.write_text(text)
  with pytest.raises(ValueError, match=f'^{path} is damaged .*expected numbers in every row'):
    MetricsLog(str(tmp_path), first_epoch=1)
