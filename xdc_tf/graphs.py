"""Functions that become graphs as they are written, without AutoGraph.

AutoGraph writes the source of every function, layer and input stage anew before it is traced, which took 15 % of a short run, and
leaves files in the folder of temporary files where a process is killed. Nothing here needs it: what repeats or branches on tensors
says so by tf.while_loop and tf.where.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import tensorflow as tf

F = TypeVar('F', bound=Callable[..., Any])


def plain(function: F) -> F:
  """Returns the function; what is traced while it runs, the stages of data sets too, is not rewritten.

  Examples:
    >>> from xdc_tf import graphs
    >>> graphs.plain(lambda x: x + 1)(1)
    2
  """
  return tf.autograph.experimental.do_not_convert(function)


def compiled(function: Callable[..., Any], **options: Any) -> Any:
  """Returns `tf.function(function, **options)` that traces the function and all it calls as they are written.

  Args:
    function: a function of tensors.
    **options: the options of tf.function, but for `autograph`.

  Examples:
    >>> import tensorflow as tf
    >>> from xdc_tf import graphs
    >>> int(graphs.compiled(lambda x: x + 1)(tf.constant(1)))
    2
  """
  return tf.function(function, autograph=False, **options)
