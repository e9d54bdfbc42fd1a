"""What `xdc export` puts beside the graph in a version folder, and reading it.

TF Serving looks into assets.extra for the warm-up requests only.
"""

from typing import Any

import tensorflow as tf

from xdc_tf import files, messages

METADATA_FILE = 'assets.extra/metadata.json'
MODEL_CARD_FILE = 'assets.extra/model_card.md'
WARMUP_FILE = 'assets.extra/tf_serving_warmup_requests'


def load_model(path: str):
  """Loads the SavedModel of a version folder.

  Raises:
    ValueError: when it is damaged.
  """
  try:
    return tf.saved_model.load(path)
  # TensorFlow raises the last for a file of variables that is cut off.
  except (tf.errors.OpError, OSError, ValueError, IndexError) as error:
    problem = messages.of_error(error)[:300]
    raise ValueError(
      f'{path} is damaged ({type(error).__name__}: {problem}). Copy it again, or export it anew.'
    ) from error


def read_metadata(path: str) -> dict[str, Any]:
  """Reads what the export wrote about itself.

  Args:
    path: a version folder, or a copy of the metadata.json in it.

  Raises:
    FileNotFoundError: when it is neither.
  """
  if path.endswith('.json'):
    return files.read_json(path)
  try:
    return files.read_json(f'{path}/{METADATA_FILE}')
  except FileNotFoundError as error:
    raise FileNotFoundError(
      f'{path} has no {METADATA_FILE}. Expected a version folder that `xdc export` wrote, such as saved_models/xdc_video/1.'
    ) from error
