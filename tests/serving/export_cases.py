"""A small video and a small audio encoder, exported with clusters; the fixtures of conftest.py make each once."""

import types

import numpy as np
import tensorflow as tf
from records_factory import jpeg

from xdc_tf.clustering.clusters import Clusters
from xdc_tf.clustering.preprocessing import Projection
from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.serving.export import export_audio, export_video

SHORT_SIDE = 48
VIDEO_INPUT = VideoInput(num_frames=8, crop_size=40)
AUDIO_INPUT = AudioInput()


# Signatures of one input, by its name.
SIGNATURES = {
  'jpegs': ('serving_default', 'embed', 'cluster'),
  'frames': ('embed_frames',),
  'waveform': ('serving_default', 'embed', 'cluster'),
  'log_mel': ('embed_log_mel',),
}


def strings(values) -> np.ndarray:
  return np.array(values, dtype=object)


def refused_video() -> list[tuple[str, np.ndarray, str]]:
  """What a video model must refuse: (input, value, part of the sentence)."""
  good, other = jpeg(np.random.default_rng(1), (48, 64)), jpeg(np.random.default_rng(1), (50, 64))
  large = jpeg(np.random.default_rng(1), (96, 128))  # Of a size that is scaled, and so decoded in another way.
  frames = np.zeros([1, 2, 48, 64, 3], np.uint8)
  axes, not_jpeg = (
    'jpegs must have 2 axes, [B, T], none of them empty. Received the shape:',
    'jpegs must hold whole JPEG',
  )
  frame_axes = 'frames must have 5 axes, [B, T, H, W, 3], none of them empty. Received the shape:'
  four_channels = np.zeros([1, 2, 48, 64, 4], np.uint8)
  cases = [
    (strings(good), axes),
    (strings([good]), axes),
    (strings([[[good]]]), axes),
    (np.zeros([0, 1], object), axes),
    (np.zeros([1, 0], object), axes),
    (strings([[good, b'GIF89a']]), not_jpeg),
    (strings([[good], [b'']]), not_jpeg),
    (strings([[good[:3]]]), 'Invalid JPEG data'),
    (strings([[good, good[: len(good) // 2]]]), 'Invalid JPEG data'),
    (strings([[good, good[:-1]]]), 'Invalid JPEG data'),
    (strings([[large[:-1]]]), 'Invalid JPEG data'),
    (strings([[good, other]]), 'All frames of a clip must have one size.'),
    (strings([[good], [claiming(good, 20_000)]]), 'A frame may have 16777216 pixels'),
    (strings([[claiming(good, 4000)] * 17]), 'a request 268435456 in all'),
  ]
  frame_cases = [
    frames[0],
    frames[np.newaxis],
    frames[..., :1],
    frames[:0],
    frames[:, :0],
    frames[:, :, :0],
    frames[:, :, :, :0],
  ]
  refused = [('jpegs', *case) for case in cases] + [('frames', value, frame_axes) for value in frame_cases]
  return [*refused, ('frames', four_channels, '1 2 48 64 4')]


def claiming(jpeg: bytes, side: int) -> bytes:
  """Returns a small JPEG whose header says that it is a square of `side` pixels: what a large one looks like before decoding."""
  start = jpeg.index(b'\xff\xc0') + 5  # Behind the marker, the length and the precision of the frame's header.
  return jpeg[:start] + side.to_bytes(2, 'big') * 2 + jpeg[start + 4 :]


def refused_audio() -> list[tuple[str, np.ndarray, str]]:
  """What an audio model must refuse: (input, value, part of the sentence)."""
  cases = []
  for name, good, axes in (
    ('waveform', np.zeros([2, 5000], np.float32), 'waveform must have 2 axes, [B, S]'),
    ('log_mel', np.zeros([2, 9, 40], np.float32), 'log_mel must have 3 axes, [B, M, 40]'),
  ):
    bad = {value: good.copy() for value in (np.nan, np.inf, -np.inf, 32767.0, -1e30)}
    for value, array in bad.items():
      array[(1, 3, *[0] * (good.ndim - 2))] = value
    cases += [(name, value, axes) for value in (good[0], good[np.newaxis], good[:0], good[:, :0])]
    cases += [(name, bad[value], f'{name} holds NaN or infinity.') for value in (np.nan, np.inf, -np.inf)]
    cases += [(name, bad[value], f'{name} holds numbers far from what it should') for value in (32767.0, -1e30)]
  long = np.zeros([2, 15_001, 40], np.float32)
  cases.append(('log_mel', long, 'A request may hold 600 seconds of sound, all clips together, each at least'))
  return [*cases, ('log_mel', np.zeros([2, 9, 39], np.float32), 'log_mel must have 3 axes, [B, M, 40]')]


def make_clusters(random, dimension: int) -> Clusters:
  """Seven centroids in a space whitened to six dimensions."""
  projection = Projection(
    mean=random.normal(0, 0.1, dimension).astype(np.float32),
    matrix=random.normal(0, 2, (dimension, 6)).astype(np.float32),
  )
  return Clusters(random.normal(0, 1, (7, 6)).astype(np.float32), projection)


def export(modality: str, folder: str) -> types.SimpleNamespace:
  """Exports an encoder; returns it with its clusters, the version's path and its signatures, loaded."""
  random = np.random.default_rng(0)
  clusters = make_clusters(random, 32)
  if modality == 'video':
    encoder, inputs = R2Plus1D18(base_width=4, blocks_per_stage=1), VIDEO_INPUT
  else:
    encoder, inputs = AudioResNet18(base_width=4, blocks_per_stage=1), AUDIO_INPUT
  for _ in range(3):  # In training mode, so that the statistics of BatchNorm are not the initial ones.
    encoder(random.normal(size=(2, *inputs.shape)).astype(np.float32), training=True)
  if modality == 'video':
    path = export_video(encoder, inputs, SHORT_SIDE, folder, clusters)
  else:
    path = export_audio(encoder, inputs, LogMelSpec(), folder, clusters)
  signatures = tf.saved_model.load(path).signatures
  return types.SimpleNamespace(encoder=encoder, clusters=clusters, path=path, signatures=signatures)
