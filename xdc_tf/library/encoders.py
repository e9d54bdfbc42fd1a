"""Encoders as values: of a run, of imported or finetuned weights, or of an exported SavedModel, and what they make of videos."""

import dataclasses
import os
import threading
from collections.abc import Callable, Iterator, Sequence, Set
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from xdc_tf import files, messages
from xdc_tf.cli import configuration
from xdc_tf.evaluation.retrieval import nearest_columns
from xdc_tf.media import media
from xdc_tf.media.media import MediaError, ReadOptions
from xdc_tf.models.classifier import Classifier
from xdc_tf.runs import layout, starting_point, weights_folder
from xdc_tf.serving import clips
from xdc_tf.serving.export import DEFAULT_LIMITS
from xdc_tf.serving.signatures import audio_signatures, video_signatures
from xdc_tf.serving.version_folder import METADATA_FILE, load_model, read_metadata
from xdc_tf.training import distribution
from xdc_tf.value_types import checked

# Embeddings and queries of `nearest` that are compared at a time: 64 MB of similarities.
_ROWS, _QUERIES = 16_384, 1024


class Embeddings(NamedTuple):
  """Of one video.

  Attributes:
    times: float64 [n], seconds at which its clips begin.
    embeddings: float32 [n, d].
  """

  times: np.ndarray
  embeddings: np.ndarray


class Classes(NamedTuple):
  """Of one video.

  Attributes:
    times: float64 [n], seconds at which its clips begin.
    probabilities: float32 [n, classes], in the order of `Encoder.classes`.
  """

  times: np.ndarray
  probabilities: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Encoder:
  """What `load` returns.

  Attributes:
    modality: 'video' or 'audio'.
    model: the Keras model, from float32 [B, T, H, W, 3] or [B, 40, frames, 1] to float32 [B, d], for training on; of a SavedModel
      None: it holds a graph.
    inputs: VideoInput or AudioInput, how `model` is fed; of a SavedModel None.
    classes: the names of the classes that a finetuned encoder tells; () of any other.
  """

  modality: str
  model: Any
  inputs: Any
  _cut: dict[str, Any]
  _embed: dict[str, Callable]
  classes: tuple[str, ...] = ()
  _probabilities: Callable | None = None

  def __reduce__(self):
    # A copy would embed with the model of the original, which its functions hold.
    raise TypeError('An Encoder cannot be copied or pickled. Load it again: xdc_tf.load(...).')

  @checked
  def embed(self, what: Any, stride_seconds: float = 2.0, batch_size: int = 8, audio_track: str | int = '') -> Any:
    """Embeds videos, or arrays of clips.

    Examples:
      >>> encoder.embed('film.mp4').embeddings.shape
      (31, 512)
      >>> encoder.embed(np.zeros([2, 8, 256, 340, 3], np.uint8)).shape
      (2, 512)

    Args:
      what: the path of a video; several paths, also as a column of NumPy or pandas; or clips: uint8 [B, T, H, W, 3] of a video
        encoder, float32 [B, S] (mono, at the rate that it was trained with, -1 to 1) of an audio encoder.
      stride_seconds: time between the starts of two clips of a video.
      batch_size: clips at a time.
      audio_track: which sound of a video with several: its number, from 1 on, or its language ('deu'); '': as in the records that
        it was trained on.

    Returns:
      Embeddings of a path; {path: Embeddings} of a list; float32 [B, d] of clips.

    Clips of a video that cannot be read are left out, with a warning: `times` says which are there. So are the videos of a list
    that cannot be used.

    Raises:
      MediaError: when most of a video cannot be read, or a file or all of a list: at once where one does not exist.
      ValueError: for clips of another shape or type, or with other values; for a stride or a batch size that is not positive.
    """
    if batch_size < 1:
      raise ValueError(f'batch_size is {batch_size}; expected at least 1.')
    if isinstance(what, Iterator | Set) or _is_column_of_paths(what):
      what = list(what)
    how = (stride_seconds, batch_size, audio_track)
    if isinstance(what, str | os.PathLike):
      return self._embed_video(os.fspath(what), *how)
    if isinstance(what, Sequence):
      if not all(isinstance(path, str | os.PathLike) for path in what):
        raise ValueError('A list is one of paths. Clips come as one array: numpy.stack(clips).')
      return self._embed_videos(list(map(os.fspath, what)), *how)
    return self._embed_clips(what, batch_size)

  def _embed_clips(self, what: Any, batch_size: int) -> np.ndarray:
    array = np.asarray(what)
    expected = (np.uint8, 5) if self.modality == 'video' else (np.float32, 2)
    if (array.dtype, array.ndim) != expected or not array.size:
      shape = 'uint8 [B, T, H, W, 3]' if self.modality == 'video' else 'float32 [B, S]'
      raise ValueError(f'Clips of this encoder are {shape}. Received: {array.dtype} {list(array.shape)}.')
    parts = [array[i : i + batch_size] for i in range(0, len(array), batch_size)]
    try:
      return np.concatenate([self._embed['array'](tf.constant(part)).numpy() for part in parts])
    except tf.errors.InvalidArgumentError as error:  # The graph looks at sizes and values.
      raise ValueError(messages.of_error(error)) from error

  @checked
  def classify(self, what: Any, stride_seconds: float = 2.0, batch_size: int = 8, audio_track: str | int = '') -> Any:
    """Tells the classes of videos, or of arrays of clips, by the last layer of a finetuned encoder.

    Examples:
      >>> encoder = xdc_tf.load('runs/mine/fold-1/test/rate-0.004')
      >>> times, probabilities = encoder.classify('film.mp4')
      >>> encoder.classes[probabilities.mean(axis=0).argmax()]
      'dog'

    Args:
      what: see `embed`, as the others.
      stride_seconds: time between the starts of two clips of a video.
      batch_size: clips at a time.
      audio_track: which sound of a video with several.

    Returns:
      Classes of a path; {path: Classes} of a list; float32 [B, classes] of clips.

    Raises:
      MediaError or ValueError: as `embed`; and ValueError when the encoder has no such layer.
    """
    classify = self._probabilities
    if classify is None:
      raise ValueError(
        'This encoder tells no classes. Expected a cell of `xdc finetune` or `xdc sweep` that trained all weights, or its export; '
        'cells of earlier versions have no last layer.'
      )

    def told_of(embedding: np.ndarray) -> np.ndarray:
      try:
        return classify(tf.constant(embedding)).numpy()
      except tf.errors.InvalidArgumentError as error:  # Of an export, whose graph looks at values.
        raise ValueError(messages.of_error(error)) from error

    def told(embedded: Embeddings) -> Classes:
      return Classes(embedded.times, told_of(embedded.embeddings))

    embedded = self.embed(what, stride_seconds, batch_size, audio_track)
    if isinstance(embedded, Embeddings):
      return told(embedded)
    if isinstance(embedded, dict):
      return {path: told(of_path) for path, of_path in embedded.items()}
    return told_of(embedded)

  @checked
  def embed_at(self, path: str | os.PathLike, seconds: float, audio_track: str | int = '') -> np.ndarray:
    """Embeds the one clip of a video that begins at a moment.

    Examples:
      >>> encoder.embed_at('film.mp4', 100.0).shape
      (512,)

    Args:
      path: the path of the video.
      seconds: since its beginning.
      audio_track: see `embed`.

    Returns:
      float32 [d].

    Raises:
      MediaError: when there is no whole clip to be read.
    """
    path, cut = os.fspath(path), self._how_to_cut(audio_track)
    files.use_file_system(path)
    if self.modality == 'video':
      options = ReadOptions(frame_rate=cut['frame_rate'], short_side=cut['short_side'], want_audio=False)
      length, rate = cut['num_frames'], cut['frame_rate']
      clip: Any = media.read_span(path, seconds, seconds + length / rate, options).frames
    else:
      options = ReadOptions(sample_rate=cut['sample_rate'], want_video=False, audio_track=cut.get('audio_track', ''))
      length, rate = cut['num_samples'], cut['sample_rate']
      clip = media.read_span(path, seconds, seconds + length / rate, options).waveform
    if len(clip) < length:
      raise MediaError(
        'empty_span',
        f'{path} ends {len(clip) / rate:g} s after {seconds:g} s; a clip of this encoder takes {length / rate:g} s.',
      )
    return self._embed['clips'](tf.constant([clip])).numpy()[0]

  def _how_to_cut(self, audio_track: str | int) -> dict[str, Any]:
    return self._cut | ({'audio_track': str(audio_track)} if audio_track != '' else {})

  def _embed_videos(self, paths: list[str], *how: Any) -> dict[str, Embeddings]:
    for path in paths:
      files.use_file_system(path)
      if not tf.io.gfile.exists(path):
        raise MediaError('missing_file', f'{path} does not exist.')
    embeddings: dict[str, Embeddings] = {}
    for path in paths:
      try:
        embeddings[path] = self._embed_video(path, *how)
      except MediaError as error:
        if path == paths[-1] and not embeddings:
          raise
        logging.warning('left out: %s', error)
    return embeddings

  def _embed_video(self, path: str, stride_seconds: float, batch_size: int, audio_track: str | int) -> Embeddings:
    files.use_file_system(path)
    cut = self._how_to_cut(audio_track)
    reader, starts, embedded, left_out = media.MediaReader(), [], [], clips.LeftOut()
    try:
      for batch_starts, batch in clips.batches(path, reader.read_span, cut, stride_seconds, batch_size, left_out):
        starts += batch_starts
        embedded.append(self._embed['clips'](tf.constant(batch)).numpy())
    finally:
      reader.close()
    if left_out.starts:
      logging.warning('%s: %s', path, left_out.summary(len(starts)))
    return Embeddings(np.asarray(starts, np.float64), np.concatenate(embedded))


@checked
def load(path: str | os.PathLike, encoder: str | None = None) -> Encoder:
  """Opens an encoder.

  Examples:
    >>> xdc_tf.load('runs/xdc', 'video')          # of a run
    >>> xdc_tf.load('weights/r2plus1d_18')        # of `xdc import-weights`, or of a cell of `xdc finetune`
    >>> xdc_tf.load('saved_models/xdc_video/1')   # of `xdc export`

  Args:
    path: the folder.
    encoder: which one of a run, e.g. 'video'; may be left out where there is one.

  Raises:
    FileNotFoundError: when the folder is none of these.
    ValueError: when what is in it cannot be used, a run has several encoders and none is chosen, or there is no such encoder; for
      a SavedModel in the scope of a strategy.
  """
  with _ONE_AT_A_TIME:
    return _load(os.fspath(path), encoder)


# TensorFlow 2.15 ends the process when two threads build networks.
_ONE_AT_A_TIME = threading.Lock()


def _load(path: str, encoder: str | None) -> Encoder:
  files.use_file_system(path)
  is_export = tf.io.gfile.exists(f'{path}/{METADATA_FILE}')
  if is_export or tf.io.gfile.exists(f'{path}/{weights_folder.INFO_FILE}'):
    files.check_folder_of_weights(path)
    loaded = _of_saved_model(path) if is_export else _of_weights(path)
    if encoder not in (None, loaded.modality):
      raise ValueError(f'{path} holds one encoder, of {loaded.modality}. Received: encoder={encoder!r}.')
    return loaded
  if not tf.io.gfile.exists(f'{path}/{layout.CONFIG_FILE}'):
    raise FileNotFoundError(
      f'{path} holds no encoder. Expected a run, a folder of weights, or a version that `xdc export` wrote, such as '
      'saved_models/xdc_video/1.'
    )
  start = starting_point.of_run(configuration.open_run(path), encoder)
  assert start.fed is not None  # A run knows.
  return _of_model(start.load(start.inputs), start.fed)


def _of_weights(path: str) -> Encoder:
  model, info = weights_folder.load(path)
  fed = weights_folder.input_spec(info, model.modality)
  classifier = weights_folder.load_classifier(path, info)
  return _of_model(model, fed or weights_folder.usual_input(path, model), classifier)


def _of_saved_model(path: str) -> Encoder:
  distribution.check_no_scope('load')  # Else it would hold replicas' variables, which its graph does not know.
  metadata, model = read_metadata(path), load_model(path)
  modality = 'video' if metadata['input'] == 'jpegs' else 'audio'
  named = {'clips': ('embed', metadata['input']), 'array': ('embed_frames', 'frames')}
  if modality == 'audio':
    named['array'] = named['clips']

  def call(signature: str, name: str) -> Callable:
    function = model.signatures[signature]
    # The model is held, since its functions do not keep their variables alive.
    return lambda x, model=model: function(**{name: x})['embedding']

  classes = tuple(metadata.get('classes', ()))

  def probabilities(embedding, model=model):
    return model.signatures['classify_embedding'](embedding=embedding)['probabilities']

  embed = {key: call(*names) for key, names in named.items()}
  return Encoder(modality, None, None, metadata, embed, classes, probabilities if classes else None)


def _of_model(model, fed: weights_folder.InputSpec, classifier: Classifier | None = None) -> Encoder:
  if model.modality == 'video':
    signatures = video_signatures(model, fed.inputs, fed.short_side, None, DEFAULT_LIMITS)
    cut = {
      'input': 'jpegs',
      'num_frames': fed.inputs.num_frames,
      'frame_rate': fed.frame_rate,
      'short_side': fed.short_side,
    }
  else:
    signatures, spec = audio_signatures(model, fed.inputs, fed.log_mel_spec, None, DEFAULT_LIMITS), fed.log_mel_spec
    cut = {
      'input': 'waveform',
      'sample_rate': spec.sample_rate,
      'num_samples': fed.inputs.num_frames * spec.hop_length,
      'audio_track': fed.audio_track,
    }
  named = {'clips': 'embed', 'array': 'embed_frames' if model.modality == 'video' else 'embed'}

  def call(signature: str) -> Callable:
    return lambda x: signatures[signature](x)['embedding']

  embed = {key: call(name) for key, name in named.items()}
  if classifier is None:
    return Encoder(model.modality, model, fed.inputs, cut, embed)
  return Encoder(model.modality, model, fed.inputs, cut, embed, tuple(classifier.classes), classifier.probabilities)


def _is_column_of_paths(what: Any) -> bool:
  """Whether this is a column of texts of NumPy or pandas."""
  return getattr(what, 'ndim', None) == 1 and getattr(getattr(what, 'dtype', None), 'kind', '') in 'OUT'


@checked
def nearest(embeddings: np.ndarray, query: np.ndarray, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
  """Finds the embeddings that are most like a query, by cosine similarity.

  Examples:
    >>> embeddings = np.array([[1, 0], [0, 1], [3, 4]])
    >>> index, similarity = xdc_tf.nearest(embeddings, query=embeddings[2], count=2)
    >>> index.tolist(), [round(float(value), 3) for value in similarity]
    ([2, 1], [1.0, 0.8])

  Args:
    embeddings: float [n, d].
    query: float [d], or [q, d] for several at once.
    count: how many to return, at most n; None: 5, or all n where there are fewer.

  Returns:
    index int64 [count] and similarity float32 [count], the most similar first; [q, count] for several queries.

  Raises:
    ValueError: when the dimensions do not fit, a number is not finite, or `count` is not 1 to n.
  """
  if isinstance(embeddings, Embeddings) or isinstance(query, Embeddings):
    raise ValueError('nearest takes the embeddings, not what embed returned: that is (times, embeddings).')
  embeddings, query = np.asarray(embeddings), np.asarray(query)
  for name, values in (('embeddings', embeddings), ('query', query)):
    if values.dtype.kind not in 'fiu':
      raise ValueError(f'{name} must be an array of numbers. Received one of {values.dtype}.')
  if embeddings.ndim != 2 or query.ndim not in (1, 2) or query.shape[-1] != embeddings.shape[1]:
    raise ValueError(
      f'Expected embeddings [n, d] and a query [d] or [q, d]. Received: {embeddings.shape} and {query.shape}.'
    )
  queries = query.reshape(1, -1) if query.ndim == 1 else query
  for name, values in (('embeddings', embeddings), ('query', queries)):
    if not all(np.isfinite(values[first : first + _ROWS]).all() for first in range(0, len(values), _ROWS)):
      raise ValueError(f'{name} holds numbers that are not finite: nothing is near them.')
  count = min(5, len(embeddings)) if count is None else count
  if not min(1, len(embeddings)) <= count <= len(embeddings):
    raise ValueError(f'count is {count}; expected 1 to {len(embeddings)}, the number of embeddings.')
  some_at_a_time = [queries[first : first + _QUERIES] for first in range(0, len(queries), _QUERIES)] or [queries]
  found = [_nearest(_unit(some), embeddings, count) for some in some_at_a_time]
  index, similarity = (np.concatenate(parts) for parts in zip(*found, strict=True))
  return (index[0], similarity[0]) if query.ndim == 1 else (index, similarity)


def _nearest(units: np.ndarray, embeddings: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
  """As nearest, for queries of length 1, float32 [q, d]; holds no copy of all embeddings, which of days of film are gigabytes."""
  index, similarity = np.zeros([len(units), 0], np.int64), np.zeros([len(units), 0], np.float32)
  for first in range(0, len(embeddings), _ROWS):
    found = units @ _unit(embeddings[first : first + _ROWS]).T
    columns = nearest_columns(found, min(count, found.shape[1]))
    # What was found before comes first: it has the lower numbers, of which equal ones are the nearest.
    index = np.concatenate([index, first + columns], axis=1)
    similarity = np.concatenate([similarity, np.take_along_axis(found, columns, axis=1)], axis=1)
    kept = nearest_columns(similarity, min(count, similarity.shape[1]))
    index = np.take_along_axis(index, kept, axis=1)
    similarity = np.take_along_axis(similarity, kept, axis=1)
  return index, similarity


def _unit(x: np.ndarray) -> np.ndarray:
  """Returns rows of length 1, float32."""
  tiny = np.finfo(np.float64).tiny
  x = x.astype(np.float64)
  x /= np.maximum(np.abs(x).max(axis=-1, keepdims=True), tiny)  # Its square may be too large.
  return (x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), tiny)).astype(np.float32)
