"""Embeddings of a whole video by an exported model: cut it into clips, let the SavedModel do the rest."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from xdc_tf import files
from xdc_tf.serving import clips
from xdc_tf.serving.version_folder import load_model, read_metadata


def embed_video(
  path: str,
  saved_model_dir: str,
  read_span: Callable,
  stride_seconds: float = 2.0,
  batch_size: int = 8,
  left_out: clips.LeftOut | None = None,
  audio_track: str = '',
) -> tuple[np.ndarray, np.ndarray]:
  """Embeds a clip every `stride_seconds` of a video with an exported video or audio model; see `clips.batches`.

  Args:
    path: the video.
    saved_model_dir: a version folder that export_video or export_audio wrote.
    read_span: xdc_tf.media.media.read_span, or a function like it.
    stride_seconds: time between the starts of two clips.
    batch_size: clips in one call of the model.
    left_out: takes the clips that cannot be read.
    audio_track: see ReadOptions; '': as the model's metadata say.

  Returns:
    start_seconds float64 [n]; embeddings float32 [n, feature_dimension].

  Raises:
    FileNotFoundError: for a folder that is not such a version folder.
    ValueError: for one that is damaged, and for a stride or batch size that is not positive.
    MediaError: when most of the video cannot be read.
  """
  files.check_folder_of_weights(saved_model_dir)
  metadata = read_metadata(saved_model_dir)
  embed = load_model(saved_model_dir).signatures['embed']
  starts, embeddings = [], []
  how = metadata | ({'audio_track': audio_track} if audio_track else {})
  for batch_starts, batch in clips.batches(path, read_span, how, stride_seconds, batch_size, left_out):
    starts += batch_starts
    embeddings.append(embed(**{metadata['input']: tf.constant(batch)})['embedding'].numpy())
  return np.asarray(starts, np.float64), np.concatenate(embeddings)


def classify(embeddings: np.ndarray, saved_model_dir: str) -> dict[str, np.ndarray]:
  """Returns what a finetuned model says of embeddings that it has made; nothing of another model.

  Args:
    embeddings: float32 [n, feature_dimension].
    saved_model_dir: the version folder.

  Returns:
    {'classes': int32 [n], 'probabilities': float32 [n, classes], 'class_names': texts [classes]}, or {}.
  """
  names = read_metadata(saved_model_dir).get('classes')
  if names is None:
    return {}
  said = load_model(saved_model_dir).signatures['classify_embedding'](embedding=tf.constant(embeddings))
  return {
    'classes': said['class'].numpy(), 'probabilities': said['probabilities'].numpy(), 'class_names': np.array(names)
  }  # fmt: skip
