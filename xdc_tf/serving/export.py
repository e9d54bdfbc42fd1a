"""Writes encoders as versioned SavedModels: DIRECTORY/VERSION/, the layout that TF Serving watches.

The graph takes what clients have (JPEG files, frames of any size, sound of any length) and does the rest itself with the
functions the training reader uses, in TensorFlow's core ops: a server needs no Python, no Keras and none of this package.
The encoder's BatchNorms are folded into its convolutions, whose weights have the type that it computes in: an encoder made with
dtype='mixed_bfloat16' takes half the space. Beside the graph lie what is known of it, for programs and for people, and requests
that TF Serving warms up with.
"""

import os
import re
import tempfile
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

import xdc_tf
from xdc_tf import files
from xdc_tf.clustering.clusters import Clusters
from xdc_tf.models.classifier import Classifier
from xdc_tf.models.folding import FoldedWeights
from xdc_tf.records import audio_ops
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.serving import provenance, served_clusters, version_folder, warmup
from xdc_tf.serving.checks import RequestLimits
from xdc_tf.serving.model_card import model_card
from xdc_tf.serving.signatures import audio_signatures, video_signatures

DEFAULT_LIMITS = RequestLimits()


def export_video(
  encoder,
  video_input: VideoInput,
  record_short_side: int,
  directory: str,
  clusters: Clusters | None = None,
  metadata: Mapping[str, Any] | None = None,
  frame_rate: float = 30.0,
  limits: RequestLimits = DEFAULT_LIMITS,
  classifier: Classifier | None = None,
) -> str:
  """Writes a video encoder as the next version below `directory`.

  Signatures (B clips and T frames are free): serving_default and embed take `jpegs` string [B, T], embed_frames takes
  `frames` uint8 [B, T, H, W, 3] of any size, all give `embedding` float32 [B, feature_dimension]; with clusters also
  cluster, from `jpegs` to `embedding`, `nearest_clusters` int32 [B, n] and `nearest_squared_distances` float32 [B, n] (see
  served_clusters.nearest), and the first of them, `cluster` int32 [B] and `squared_distance` float32 [B]; with a classifier also
  classify, from `jpegs` to `embedding`, `probabilities` float32 [B, classes] and the likeliest `class` int32 [B], and
  classify_embedding, from `embedding` to the last two.

  Args:
    encoder: a video encoder; its weights are copied as they are now.
    video_input: how the encoder was fed; frames get the evaluation's centre crop.
    record_short_side: short side in pixels of the frames in the records; frames of another size are resized to it first.
    directory: the model's folder, e.g. 'saved_models/xdc_video'. Local or remote.
    clusters: a clustering of this encoder's features, or None.
    metadata: more entries for metadata.json; the model card takes `training` from them (see runs.training_facts), or `weights` and
      `sha256`.
    frame_rate: frames a second of the records, for clients.
    limits: what a request may ask for; more is INVALID_ARGUMENT, before anything is decoded.
    classifier: the last layer of a finetuned encoder, or None.

  Returns:
    The path of the new version, e.g. 'saved_models/xdc_video/3'.

  Raises:
    ValueError: when encoder, input and clusters do not fit each other.
  """
  _check(encoder, 'video', clusters)
  short_side = video_input.short_side or record_short_side
  if video_input.crop_size > short_side:
    raise ValueError(
      f'The crop of {video_input.crop_size} pixels is larger than the short side of {short_side}. Expected the VideoInput '
      'and the records that the encoder was trained with.'
    )
  description = {
    'input': 'jpegs',
    'num_frames': video_input.num_frames,
    'frame_rate': frame_rate,
    'short_side': record_short_side,
    'scaled_short_side': short_side,
    'crop_size': video_input.crop_size,
    'limits': {'frame_pixels': limits.frame_pixels, 'request_pixels': limits.request_pixels},
  }
  folded = FoldedWeights(encoder)  # Lives until they are written: a graph does not keep its variables alive.
  folded.update()
  with folded.used():
    signatures = video_signatures(encoder, video_input, record_short_side, clusters, limits, classifier)
  examples = warmup.video_examples(video_input.num_frames, record_short_side)
  return _write(
    signatures, directory, _describe(encoder, clusters, classifier) | description | dict(metadata or {}), examples
  )


def export_audio(
  encoder,
  audio_input: AudioInput,
  log_mel_spec: LogMelSpec,
  directory: str,
  clusters: Clusters | None = None,
  metadata: Mapping[str, Any] | None = None,
  limits: RequestLimits = DEFAULT_LIMITS,
  classifier: Classifier | None = None,
) -> str:
  """Writes an audio encoder as the next version below `directory`.

  Signatures (B sounds of any length): serving_default and embed take `waveform` float32 [B, S] (mono, -1..1, at
  log_mel_spec's rate), embed_log_mel takes `log_mel` float32 [B, M, bands], all give `embedding` float32 [B, feature_dimension],
  the mean over windows of audio_input's length; with clusters also cluster, and with a classifier classify, from `waveform`, and
  classify_embedding, with the outputs that export_video describes.

  Args:
    encoder: an audio encoder; its weights are copied as they are now.
    audio_input: how the encoder was fed.
    log_mel_spec: how the records' log-mel was made.
    directory: the model's folder, e.g. 'saved_models/xdc_audio'. Local or remote.
    clusters: a clustering of this encoder's features, or None.
    metadata: more entries for metadata.json; the model card takes `training` from them (see runs.training_facts), or `weights` and
      `sha256`.
    limits: what a request may ask for; more is INVALID_ARGUMENT, before anything is computed.
    classifier: the last layer of a finetuned encoder, or None.

  Returns:
    The path of the new version, e.g. 'saved_models/xdc_audio/3'.

  Raises:
    ValueError: when encoder and clusters do not fit each other.
  """
  _check(encoder, 'audio', clusters)
  description = {
    'input': 'waveform',
    'sample_rate': log_mel_spec.sample_rate,
    'num_samples': audio_input.num_frames * log_mel_spec.hop_length,
    'clip_length': audio_input.clip_length,
    'limits': {'request_seconds': limits.request_seconds},
  }
  folded = FoldedWeights(encoder)  # Lives until they are written: a graph does not keep its variables alive.
  folded.update()
  with folded.used():
    signatures = audio_signatures(encoder, audio_input, log_mel_spec, clusters, limits, classifier)
  silence = audio_ops.silence(log_mel_spec)
  examples = warmup.audio_examples(
    audio_input.num_frames * log_mel_spec.hop_length, audio_input.num_frames, log_mel_spec.num_filters, silence
  )
  return _write(
    signatures, directory, _describe(encoder, clusters, classifier) | description | dict(metadata or {}), examples
  )


def _check(encoder, modality: str, clusters: Clusters | None) -> None:
  if encoder.modality != modality:
    raise ValueError(f'{type(encoder).__name__} is an {encoder.modality} encoder. Expected a {modality} encoder.')
  if clusters is not None:
    served_clusters.check(clusters, encoder.feature_dimension)


def _describe(encoder, clusters: Clusters | None, classifier: Classifier | None) -> dict[str, Any]:
  classes = (
    {} if classifier is None else {'classes': list(classifier.classes), 'several_labels': classifier.several_labels}
  )
  return classes | {
    'modality': encoder.modality,
    'encoder': type(encoder).__name__,
    'feature_dimension': encoder.feature_dimension,
    'num_clusters': 0 if clusters is None else len(clusters.centroids),
    'precision': encoder.compute_dtype,
    'tensorflow': tf.__version__,
    'xdc_tf': xdc_tf.__version__,
    'commit': provenance.commit(),
  }


def _write(signatures: Mapping[str, Any], directory: str, metadata: dict[str, Any], examples: Mapping[str, Any]) -> str:
  """Saves to a folder that TF Serving ignores (its name is no number) and renames it last."""
  tf.io.gfile.makedirs(directory)
  version = os.path.join(directory, str(next_version(directory)))
  # Where folders cannot be renamed at once, all is made here and uploaded.
  is_store = directory.startswith(('s3://', 'gs://'))
  with tempfile.TemporaryDirectory() as local:
    temporary = os.path.join(local if is_store else directory, f'unfinished.{uuid.uuid4().hex}')
    module = tf.Module()
    # The graph's own variables and not the Keras model: saving that would trace every one of its layers.
    module.weights = list({id(v): v for f in signatures.values() for v in f.graph.variables}.values())
    try:
      tf.saved_model.save(module, temporary, signatures=dict(signatures))
      _write_extra(temporary, os.path.basename(os.path.abspath(directory)), signatures, metadata, examples)
      if is_store:
        _upload(temporary, version)
      else:
        tf.io.gfile.rename(temporary, version)
    finally:
      if tf.io.gfile.exists(temporary):
        tf.io.gfile.rmtree(temporary)
  return version


def remove_unfinished(directory: str) -> None:
  """Removes what killed exports left in the folder of a model; for those who alone write there."""
  for name in files.list_folder(directory):
    if re.fullmatch(r'unfinished\.[0-9a-f]{32}', name):
      files.delete(os.path.join(directory, name))


def _upload(source: str, folder: str) -> None:
  """Copies a SavedModel to where folders cannot be renamed; saved_model.pb, without which it is none, comes last."""
  paths = [os.path.join(parent, name) for parent, _, names in tf.io.gfile.walk(source) for name in names]
  for path in sorted(paths, key=lambda path: (os.path.basename(path) == 'saved_model.pb', path)):
    tf.io.gfile.copy(path, os.path.join(folder, os.path.relpath(path, source)))


def _write_extra(folder: str, name: str, signatures: Mapping[str, Callable], metadata, examples) -> None:
  """Writes metadata.json, the model card and the warm-up requests."""
  metadata = metadata | {'signatures': _shapes(signatures)}
  files.write_json(os.path.join(folder, version_folder.METADATA_FILE), metadata)
  with files.atomic_write(os.path.join(folder, version_folder.MODEL_CARD_FILE), 'w') as file:
    file.write(model_card(name, metadata))
  inputs = [(signature, *shapes['inputs']) for signature, shapes in metadata['signatures'].items()]
  examples = examples | {'embedding': tf.make_tensor_proto(0.0, tf.float32, [1, metadata['feature_dimension']])}
  warmup.write_requests(os.path.join(folder, version_folder.WARMUP_FILE), name, inputs, examples)


def next_version(directory: str) -> int:
  """Returns one more than the highest version in `directory`, 1 where there is none."""
  return 1 + max((int(name) for name in files.list_folder(directory) if name.isdecimal()), default=0)


def _shapes(signatures: Mapping[str, Any]) -> dict[str, Any]:
  """Names, dtypes and shapes of every signature's inputs and outputs; null is a free size."""

  def describe(specs):
    return {name: [spec.dtype.name, spec.shape.as_list()] for name, spec in specs.items()}

  return {
    name: {
      'inputs': describe({spec.name: spec for spec in tf.nest.flatten(function.structured_input_signature)}),
      'outputs': describe(function.structured_outputs),
    }
    for name, function in signatures.items()
  }
