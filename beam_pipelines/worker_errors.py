"""What went wrong in a worker, in its own words: Beam wraps it in tracebacks of its own, in another way on every runner."""

import os
import re

import tensorflow as tf

from xdc_tf import messages

# What files and TensorFlow say of a disk, a right or a damaged file, and what our own code raises for such. Others are bugs.
_SAID = re.compile(
  r'^(?:(?:xdc_tf\.lease\.)?LeaseError|(?:beam_pipelines\.clip_shard\.)?ClipJobError|'
  r'tensorflow\.python\.framework\.errors_impl\.\w+|ValueError|OSError|PermissionError|FileNotFoundError): '
  r"(?P<message>.*?) ?\[while running '",
  re.MULTILINE | re.DOTALL,
)


def sentence(error: BaseException) -> str:
  """Returns what to tell the user of an error that a pipeline ended with; '' where it is to be seen whole, as a bug."""
  if os.environ.get('XDC_TRACEBACK'):
    return ''
  if isinstance(error, tf.errors.OpError | OSError):
    text = re.sub(r" ?\[while running '[^']*'\]", '', messages.of_error(error))
  else:
    said = _SAID.search(f'{type(error).__name__}: {error}') or _SAID.search(str(error))
    text = said['message'].strip() if said else ''
  return f'{text}\n(Set XDC_TRACEBACK=1 to see where.)' if text else ''
