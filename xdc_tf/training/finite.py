"""Numbers that are none: a diverged training must not read as an accuracy (argmax of NaN is class 0)."""

import numpy as np


class DivergedError(ValueError):
  """Predictions or features are not finite, so nothing can be measured on them."""


def diverged(what: str) -> DivergedError:
  """Returns the error of a training that has diverged, with what its user may try.

  Args:
    what: a sentence that says what was seen.
  """
  return DivergedError(
    f'{what} Try a lower Schedule.base_learning_rate or more Schedule.warmup_epochs in a new folder, or --gin_param '
    "'TrainingOptions.restarts_when_diverged = 2', which goes back and on with a lower rate."
  )


def check_finite(what: str, values: np.ndarray, of: str = 'videos') -> None:
  """Raises DivergedError when a value is NaN or infinite.

  Args:
    what: the values' name for the message, e.g. 'probabilities'.
    values: float [n, ...], one row for each of `of`; there may be none.
    of: what the rows belong to.
  """
  values = np.asarray(values)
  bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
  if bad.any():
    raise DivergedError(
      f'The {what} of {bad.sum()} of {len(values)} {of} are not finite numbers, first those of number {int(bad.argmax())}: the '
      'training diverged, or the weights are damaged. Try a lower learning rate.'
    )
