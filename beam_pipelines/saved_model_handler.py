"""A model handler for Beam's RunInference around a SavedModel.

Beam's own TensorFlow handlers need tensorflow_hub and a Keras model; the exported models are plain graphs.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from apache_beam.ml.inference.base import ModelHandler

from xdc_tf import files, messages


class SavedModelHandler(ModelHandler[Any, tuple[Any, list[tuple[Any, np.ndarray]]], Callable]):
  """Element -> (element, [(label, embeddings float32 [n, d])]): an element is a unit of work, not one input of the model."""

  def __init__(
    self, saved_model: str, signature: str, batch_size: int, read: Callable[[Any], Iterable[tuple[Any, tf.Tensor]]]
  ):
    """Loads nothing yet: the handler is sent to the workers.

    Args:
      saved_model: a version folder that `xdc export` wrote.
      signature: a signature of one input, whose output is called embedding.
      batch_size: inputs in one call of the model.
      read: from an element to (label, inputs [n, ...]) pairs; runs on the workers.
    """
    super().__init__()
    self._saved_model, self._signature, self._batch_size, self._read = saved_model, signature, batch_size, read

  def load_model(self) -> Callable[[tf.Tensor], np.ndarray]:
    """Loads the SavedModel, once per worker process."""
    files.use_file_system(self._saved_model)
    try:
      module = tf.saved_model.load(self._saved_model)
    except tf.errors.OpError as error:  # It names no file.
      raise ValueError(f'{self._saved_model} is damaged ({messages.of_error(error)}). Export it again.') from error
    function = module.signatures[self._signature]
    (name,) = function.structured_input_signature[1]

    def embed(inputs: tf.Tensor) -> np.ndarray:
      size = self._batch_size
      parts = [function(**{name: inputs[i : i + size]})['embedding'] for i in range(0, len(inputs), size)]
      return np.concatenate([part.numpy() for part in parts])

    # A function alone does not keep the variables of its module alive.
    embed.module = module  # type: ignore[attr-defined]
    return embed

  def run_inference(
    self, batch: Sequence[Any], model: Callable, inference_args: dict[str, Any] | None = None
  ) -> Iterator[tuple[Any, list[tuple[Any, np.ndarray]]]]:
    """Yields one prediction for each element."""
    for element in batch:
      yield element, [(label, model(inputs)) for label, inputs in self._read(element)]

  def batch_elements_kwargs(self) -> dict[str, int]:
    """One element at a time: each is written as soon as it is done, so a killed job loses little."""
    return {'min_batch_size': 1, 'max_batch_size': 1}

  def get_metrics_namespace(self) -> str:
    """The namespace of Beam's counters."""
    return 'extract_features'
