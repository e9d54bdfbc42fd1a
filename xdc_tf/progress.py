"""Progress bars of every long stage, in one style. Rare lines when the output is not watched, so that logs stay readable."""

import sys
from collections.abc import Iterable

import tqdm


def bar(
  iterable: Iterable | None = None,
  *,
  description: str,
  total: int | None = None,
  initial: int = 0,
  unit: str = 'it',
  delay: float = 0,
):
  """Returns a tqdm bar; without a terminal it prints a line every ten seconds at most.

  Args:
    iterable: what to walk through; None to call `.update(n)` by hand.
    description: the stage, e.g. 'train video 2/5'.
    total: the number of units, where `iterable` does not know it.
    initial: units that an earlier, interrupted run has already done.
    unit: the name of one unit, e.g. 'clip'.
    delay: seconds; what is done before them shows no bar.
  """
  return tqdm.tqdm(
    iterable,
    desc=f'{description:<28}',
    total=total,
    initial=initial,
    unit=unit,
    delay=delay,
    mininterval=0.5 if sys.stderr.isatty() else 10,
    dynamic_ncols=True,
  )
