"""What an error says to a user."""

import re


def of_error(error: BaseException) -> str:
  """Returns the message of an error without what TensorFlow puts around it: names of its graph's nodes and operations."""
  text = getattr(error, 'message', None) or str(error)
  text = re.sub(r'\{\{(function_node|node) [^}]*\}\}:?,? ?', '', text)
  return re.sub(r' ?\[Op:\w+\](?: name: ?)?', '', text).strip()
