"""The graphs of the exported signatures: from what a client has to an embedding, through the reader's own functions."""

from collections.abc import Callable

import tensorflow as tf

from xdc_tf import graphs
from xdc_tf.clustering.clusters import Clusters
from xdc_tf.models.classifier import Classifier
from xdc_tf.records import audio_ops, video_ops
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.serving import served_clusters
from xdc_tf.serving.checks import (
  RequestLimits,
  checked,
  checked_finite,
  checked_jpegs,
  checked_length,
  checked_sizes,
  checked_values,
)


def video_signatures(
  encoder,
  video_input: VideoInput,
  record_short_side: int,
  clusters: Clusters | None,
  limits: RequestLimits,
  classifier: Classifier | None = None,
) -> dict[str, Callable]:
  """Traces the signatures of a video encoder; see export.export_video for their inputs and outputs.

  Frames get the evaluation's view: the centre crop, after scaling to the encoder's short side where they have another.

  Args:
    encoder: float32 [B, T, crop, crop, 3] -> float32 [B, feature_dimension].
    video_input: how the encoder was fed.
    record_short_side: short side of the stored frames in pixels.
    clusters: a clustering of this encoder's features, or None.
    limits: the limits of a request.
    classifier: the last layer of a finetuned encoder, or None.

  Returns:
    Concrete functions by signature name.
  """
  short_side = video_input.short_side or record_short_side

  def encode(frames):
    return encoder(video_input.normalize(frames), training=False)

  def view(jpegs):
    return video_ops.decode_centre(jpegs, video_input.crop_size, short_side)

  def from_jpegs(jpegs):
    jpegs = checked_jpegs(checked(jpegs, 'jpegs', ('B', 'T')))
    sizes = tf.map_fn(tf.io.extract_jpeg_shape, tf.reshape(jpegs, [-1]), fn_output_signature=tf.int32)[:, :2]
    with tf.control_dependencies([_one_size(tf.reshape(sizes, [tf.shape(jpegs)[0], -1, 2]))]):
      jpegs = checked_sizes(jpegs, sizes, video_input.crop_size, limits)
    return encode(tf.map_fn(view, jpegs, fn_output_signature=tf.uint8))

  def from_frames(frames):
    frames = checked(frames, 'frames', ('B', 'T', 'H', 'W', 3))
    shape = tf.shape(frames)
    sizes = tf.tile([shape[2:4]], [shape[0] * shape[1], 1])
    frames = checked_sizes(frames, sizes, video_input.crop_size, limits)
    images = tf.reshape(frames, tf.concat([[-1], shape[2:]], axis=0))
    images = video_ops.centre_crop(tf.ensure_shape(images, [None, None, None, 3]), video_input.crop_size, short_side)
    return encode(tf.reshape(images, [shape[0], shape[1], *images.shape[1:]]))

  jpegs = tf.TensorSpec([None, None], tf.string, name='jpegs')
  frames = tf.TensorSpec([None, None, None, None, 3], tf.uint8, name='frames')
  return _signatures(from_jpegs, jpegs, clusters, classifier) | {'embed_frames': _trace(from_frames, frames)}


def audio_signatures(
  encoder,
  audio_input: AudioInput,
  log_mel_spec: LogMelSpec,
  clusters: Clusters | None,
  limits: RequestLimits,
  classifier: Classifier | None = None,
) -> dict[str, Callable]:
  """Traces the signatures of an audio encoder; see export.export_audio for their inputs and outputs.

  The embedding is the mean over windows of `audio_input.num_frames` side by side; the last one ends with the sound and so
  overlaps the one before it, and a sound shorter than a window is padded with silence.

  Args:
    encoder: float32 [B, 40, frames, 1] -> float32 [B, feature_dimension].
    audio_input: how the encoder was fed.
    log_mel_spec: how the records' log-mel was made.
    clusters: a clustering of this encoder's features, or None.
    limits: the limits of a request.
    classifier: the last layer of a finetuned encoder, or None.

  Returns:
    Concrete functions by signature name.
  """
  length = audio_input.num_frames
  window_seconds = length * log_mel_spec.hop_length / log_mel_spec.sample_rate

  def encode(log_mel):
    num_clips, num_stored = tf.shape(log_mel)[0], tf.shape(log_mel)[1]
    num_windows = (num_stored + length - 1) // length
    starts = tf.minimum(tf.range(num_windows) * length, tf.maximum(num_stored - length, 0))

    def cut(clip):
      return tf.map_fn(
        lambda start: audio_ops.windows(clip, start, length, log_mel_spec), starts, fn_output_signature=tf.float32
      )

    windows = tf.map_fn(cut, log_mel, fn_output_signature=tf.float32)
    windows = tf.reshape(windows, [-1, length, log_mel_spec.num_filters])
    embeddings = encoder(audio_input.normalize(windows), training=False)
    return tf.reduce_mean(tf.reshape(embeddings, [num_clips, num_windows, encoder.feature_dimension]), axis=1)

  def from_waveform(waveform):
    waveform = checked_length(
      checked(waveform, 'waveform', ('B', 'S')), log_mel_spec.sample_rate, window_seconds, limits
    )
    waveform = checked_values(waveform, 'waveform', '-1 to 1')
    return encode(audio_ops.log_mel(waveform, log_mel_spec))

  def from_log_mel(log_mel):
    log_mel = checked(log_mel, 'log_mel', ('B', 'M', log_mel_spec.num_filters))
    log_mel = checked_length(log_mel, log_mel_spec.sample_rate / log_mel_spec.hop_length, window_seconds, limits)
    return encode(checked_values(log_mel, 'log_mel', '-14 to 10, the natural logarithm of the power'))

  waveform = tf.TensorSpec([None, None], tf.float32, name='waveform')
  log_mel = tf.TensorSpec([None, None, log_mel_spec.num_filters], tf.float32, name='log_mel')
  return _signatures(from_waveform, waveform, clusters, classifier) | {'embed_log_mel': _trace(from_log_mel, log_mel)}


def _signatures(
  embedding_of: Callable, spec: tf.TensorSpec, clusters: Clusters | None, classifier: Classifier | None
) -> dict[str, Callable]:
  """Traces embed, serving_default (the same), cluster where there are clusters, and classify where there is a last layer."""
  embed = _trace(embedding_of, spec)
  signatures = {'serving_default': embed, 'embed': embed}
  if clusters is not None:

    def with_cluster(x):
      embedding = embedding_of(x)
      nearest, distances = served_clusters.nearest(clusters, embedding)
      return {
        'cluster': nearest[:, 0],
        'squared_distance': distances[:, 0],
        'nearest_clusters': nearest,
        'nearest_squared_distances': distances,
        'embedding': embedding,
      }

    signatures['cluster'] = _trace(with_cluster, spec)
  if classifier is not None:
    signatures |= _classifying(classifier, embedding_of, spec)
  return signatures


def _classifying(classifier: Classifier, embedding_of: Callable, spec: tf.TensorSpec) -> dict[str, Callable]:
  """Traces classify, and classify_embedding for embeddings that a client has already, of stored clips or averaged ones."""
  dimension = classifier.kernel.shape[0]

  def classes_of(embedding):
    probabilities = classifier.probabilities(embedding)
    return {'class': tf.argmax(probabilities, axis=1, output_type=tf.int32), 'probabilities': probabilities}

  def with_classes(x):
    embedding = embedding_of(x)
    return classes_of(embedding) | {'embedding': embedding}

  def of_embedding(embedding):
    return classes_of(checked_finite(checked(embedding, 'embedding', ('B', dimension)), 'embedding'))

  embeddings = tf.TensorSpec([None, dimension], tf.float32, name='embedding')
  return {'classify': _trace(with_classes, spec), 'classify_embedding': _trace(of_embedding, embeddings)}


def _trace(function: Callable, spec: tf.TensorSpec) -> Callable:
  """Returns the concrete function of one input, named as `spec` is; a tensor that comes out is called 'embedding'."""

  def outputs(x):
    result = function(x)
    return result if isinstance(result, dict) else {'embedding': result}

  return graphs.compiled(outputs, input_signature=[spec]).get_concrete_function()


def _one_size(sizes: tf.Tensor) -> tf.Operation:
  """Checks that all frames of a clip have the size of the first; `sizes` are their heights and widths, int32 [B, T, 2]."""
  message = 'All frames of a clip must have one size. Received these heights and widths:'
  return tf.debugging.Assert(tf.reduce_all(sizes == sizes[:, :1]), [message, sizes], summarize=32)
