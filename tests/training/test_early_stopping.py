import pytest

from xdc_tf.training.early_stopping import EarlyStopping


def stops_after(losses, patience=3):
  stopping = EarlyStopping(patience)
  for i, loss in enumerate(losses):
    stopping.update(loss)
    if stopping.should_stop:
      return i + 1
  return None


def test_stops_after_three_rises_in_a_row():
  assert stops_after([3, 2, 2.1, 2.2, 2.3, 1]) == 5


def test_a_fall_starts_the_count_again():
  assert stops_after([3, 3.1, 3.2, 2, 2.1, 2.2, 2.3]) == 7


def test_equal_losses_are_no_rise_and_zero_never_stops():
  assert stops_after([1, 1, 1, 1, 1]) is None
  assert stops_after([1, 2, 3, 4, 5, 6], patience=0) is None


def test_the_best_epoch_is_the_lowest_so_far_to_the_last_digit():
  stopping = EarlyStopping(0)
  best = []
  for loss in (1.1113120714823406, 1.1113120714823, 1.1113120714823406, 0.1):
    stopping.update(loss)
    best.append(stopping.is_best)
  assert best == [True, True, False, True]


def test_a_loss_that_is_not_finite_is_an_error():
  with pytest.raises(ValueError, match='diverged'):
    EarlyStopping(3).update(float('nan'))
