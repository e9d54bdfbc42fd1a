"""A small video and a small audio encoder, exported with clusters; the fixtures of conftest.py make each once."""

import types

import numpy as np
import tensorflow as tf

from xdc_tf.data.audio_ops import LogMelSpec
from xdc_tf.data.inputs import AudioInput, VideoInput
from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.serving.export import ServedClusters, export_audio, export_video

SHORT_SIDE = 48
VIDEO_INPUT = VideoInput(num_frames=8, crop_size=40)
AUDIO_INPUT = AudioInput()


def make_clusters(random, dimension: int) -> ServedClusters:
  """Five centroids in a space whitened to six dimensions."""
  projection = types.SimpleNamespace(
    mean=random.normal(0, 0.1, dimension).astype(np.float32),
    matrix=random.normal(0, 2, (dimension, 6)).astype(np.float32),
  )
  return ServedClusters(random.normal(0, 1, (5, 6)).astype(np.float32), True, projection)


def export(modality: str, folder: str) -> types.SimpleNamespace:
  """Exports an encoder; returns it with its clusters, the version's path and its signatures, loaded."""
  random = np.random.default_rng(0)
  clusters = make_clusters(random, 32)
  if modality == 'video':
    encoder, inputs = R2Plus1D18(base_width=4), VIDEO_INPUT
  else:
    encoder, inputs = AudioResNet18(base_width=4), AUDIO_INPUT
  for _ in range(3):  # In training mode, so that the statistics of BatchNorm are not the initial ones.
    encoder(random.normal(size=(2, *inputs.shape)).astype(np.float32), training=True)
  if modality == 'video':
    path = export_video(encoder, inputs, SHORT_SIDE, folder, clusters)
  else:
    path = export_audio(encoder, inputs, LogMelSpec(), folder, clusters)
  signatures = tf.saved_model.load(path).signatures
  return types.SimpleNamespace(encoder=encoder, clusters=clusters, path=path, signatures=signatures)
