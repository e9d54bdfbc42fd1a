"""What an error says to a user."""

import re
from collections.abc import Iterable

# Before the sentence of a Python error in a pipeline stand a node, in newer releases a transformation, and the error's class.
_BEFORE_SENTENCE = re.compile(
  r'^(\{\{[^}]*\}\}:? ?)?(Error in user-defined function passed to .* with iterator: \S+: )?'
  r'(?:[\w.]+\.)?\w+(?:Error|Exception|Interrupt): '
)


def of_error(error: BaseException) -> str:
  """Returns the message of an error without what TensorFlow puts around it: names of its graph's nodes and operations.

  What a Python function of a tf.data pipeline raised comes with its traceback, of which nothing but the sentence is kept.
  """
  text = getattr(error, 'message', None) or str(error)
  said, traceback, _ = text.partition('\nTraceback (most recent call last):')
  if traceback:
    text = _BEFORE_SENTENCE.sub('', said)
  # Of a traced function comes the place of each operation first, in paragraphs; of a loaded one, in lines without the place.
  text = re.sub(r'^Graph execution error:\n\n(?:Detected at node .*\n<stack traces unavailable>\n)+', '', text)
  text = re.sub(r'^Graph execution error:\n.*\n\n', '', text, flags=re.DOTALL)
  text = re.sub(r'\{\{(function_node|node) [^}]*\}\}:?,? ?', '', text)
  text = re.sub(r' ?\[Op:\w+\](?: name: ?)?|\s*\[\[\]\]', '', text).strip()
  text = re.sub(
    r'\.tmp\.[0-9a-f]{32}', '', text
  )  # What was to be written is known by its own name (files.atomic_path).
  if text.startswith('Collective ops is aborted'):
    return (
      'Another worker has ended or cannot be reached; its log says why. Start the same command on all of them again: it goes on. '
      f'({text.splitlines()[0]})'
    )
  asserted = re.fullmatch(r'assertion failed: \[(.*)\]', text, flags=re.DOTALL)
  return asserted[1].replace('] [', ' ') if asserted else text


def as_typed(text: str, options: Iterable[str]) -> str:
  """Returns a message of the library with the options of a command as they are typed.

  'span_seconds is -1' becomes '--span_seconds is -1'. Names of settings (VideoInput.crop_size), of files and in quotes stay.

  Args:
    text: the message; it names the arguments of functions.
    options: names of the command's options, which are those of the arguments that they are given to.
  """
  names = '|'.join(sorted(map(re.escape, options), key=len, reverse=True))
  return re.sub(rf'(?<![\w.\'"`/-])({names})(?=(?: is| are| must|=))(?! is an? )', r'--\1', text) if names else text
