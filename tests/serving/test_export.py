"""Exported models against reader + encoder called in Python, and what they say to bad input."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from export_cases import AUDIO_INPUT, SHORT_SIDE, VIDEO_INPUT
from records_factory import jpeg, write_records

from xdc_tf.data import audio_ops, schema, video_ops
from xdc_tf.data.audio_ops import LogMelSpec
from xdc_tf.data.reader import VideoInput, evaluation_dataset
from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.serving import export
from xdc_tf.serving.export import ServedClusters, export_audio, export_video

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope='module')
def records(tmp_path_factory):
  return write_records(
    tmp_path_factory.mktemp('records'), splits={'train': 4}, frames_per_span=12, size=(SHORT_SIDE, 64)
  )


@pytest.fixture(scope='module')
def examples(records):
  return [schema.parse(serialized) for serialized in tf.data.TFRecordDataset(records.shard_paths('train'))]


def assert_close(found, expected):
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.max(np.abs(expected)))


def slow_nearest(embedding, clusters):
  """Nearest centroids by brute force in float64, of the float16 features that would be stored."""
  x = np.asarray(embedding, np.float16).astype(np.float64)
  x /= np.linalg.norm(x, axis=1, keepdims=True)
  x = (x - clusters.projection.mean) @ clusters.projection.matrix.astype(np.float64)
  distances = ((x[:, None] - clusters.centroids[None].astype(np.float64)) ** 2).sum(axis=2)
  return distances.argmin(axis=1), distances.min(axis=1)


class Mirror(keras.Model):
  """An encoder whose embedding is the picture or sound that it sees."""

  def __init__(self, modality, inputs):
    super().__init__()
    self.modality, self.feature_dimension = modality, int(np.prod(inputs.shape))

  def call(self, x, training=None):
    assert training is False
    return tf.reshape(x, [-1, self.feature_dimension])


def audio_image(waveform) -> tf.Tensor:
  """What the encoder sees of two seconds."""
  return audio_ops.audio_image(audio_ops.normalize(audio_ops.log_mel(waveform), AUDIO_INPUT.mean, AUDIO_INPUT.std))


def middle_clips(examples) -> tf.Tensor:
  """The evaluation's clips, string [4, 8]: a span has 12 frames, so that the middle 8 start at frame 2."""
  return tf.stack([example['frames'][2:10] for example in examples])


@pytest.mark.stack
@pytest.mark.parametrize('inputs', [VIDEO_INPUT, VideoInput(num_frames=8, crop_size=24, short_side=30)])
def test_a_served_video_encoder_sees_what_the_reader_gives_bit_for_bit(inputs, records, examples, tmp_path):
  (batch,) = evaluation_dataset(records, 'train', inputs, batch_size=4)
  expected = tf.reshape(batch['input'], [4, -1])
  path = export_video(Mirror('video', inputs), inputs, SHORT_SIDE, str(tmp_path))
  signatures = tf.saved_model.load(path).signatures
  assert set(signatures) == {'serving_default', 'embed', 'embed_frames'}
  jpegs = middle_clips(examples)
  np.testing.assert_array_equal(signatures['embed'](jpegs=jpegs)['embedding'], expected)
  frames = tf.stack([video_ops.decode(clip) for clip in jpegs])
  np.testing.assert_array_equal(signatures['embed_frames'](frames=frames)['embedding'], expected)


@pytest.mark.stack
def test_a_served_audio_encoder_sees_what_the_reader_gives_bit_for_bit(records, examples, tmp_path):
  (batch,) = evaluation_dataset(records, 'train', AUDIO_INPUT, batch_size=4)
  path = export_audio(Mirror('audio', AUDIO_INPUT), AUDIO_INPUT, LogMelSpec(), str(tmp_path))
  signatures = tf.saved_model.load(path).signatures
  log_mel = tf.stack([example['log_mel'] for example in examples])
  found = signatures['embed_log_mel'](log_mel=log_mel)['embedding']
  np.testing.assert_array_equal(found, tf.reshape(batch['input'], [4, -1]))
  waveform = RANDOM.uniform(-1, 1, (2, 32000)).astype(np.float32)
  image = audio_image(waveform)
  found = signatures['embed'](waveform=waveform)['embedding']
  np.testing.assert_allclose(found, tf.reshape(image, [2, -1]), rtol=1e-5, atol=1e-5)


# The encoders agree up to rounding only: which kernels TensorFlow fuses depends on the graph around them.
@pytest.mark.stack
def test_video_equals_reader_and_encoder(video, records, examples):
  (batch,) = evaluation_dataset(records, 'train', VIDEO_INPUT, batch_size=4)
  expected = np.asarray(video.encoder(batch['input'][:, 0]))
  for name in ('serving_default', 'embed', 'cluster'):
    embedding = video.signatures[name](jpegs=middle_clips(examples))['embedding']
    assert embedding.dtype == tf.float32
    assert embedding.shape == (4, 32)
    assert_close(embedding, expected)
  assert np.abs(expected[0] - expected[1]).max() > 1e-3


@pytest.mark.stack
def test_audio_equals_reader_and_encoder(audio, records, examples):
  (batch,) = evaluation_dataset(records, 'train', AUDIO_INPUT, batch_size=4)
  log_mel = tf.stack([example['log_mel'] for example in examples])
  assert_close(audio.signatures['embed_log_mel'](log_mel=log_mel)['embedding'], audio.encoder(batch['input'][:, 0]))
  waveform = RANDOM.uniform(-1, 1, (2, 32000)).astype(np.float32)
  image = audio_image(waveform)
  for name in ('serving_default', 'embed', 'cluster'):
    assert_close(audio.signatures[name](waveform=waveform)['embedding'], audio.encoder(image))


def test_frames_of_any_size_number_and_batch(video):
  for batch, num_frames, size in ((1, 1, (48, 48)), (3, 5, (97, 130)), (2, 16, (60, 52))):
    clips = [[jpeg(RANDOM, size) for _ in range(num_frames)] for _ in range(batch)]
    decoded = np.stack(
      [[tf.io.decode_jpeg(x, dct_method='INTEGER_ACCURATE', fancy_upscaling=False) for x in clip] for clip in clips]
    )
    # By TensorFlow's own resize: antialiased, short side 48, then the centre 40x40.
    scale = SHORT_SIDE / min(size)
    height, width = (int(np.floor(side * scale + 0.5)) for side in size)
    resized = tf.image.resize(decoded.reshape(-1, *size, 3), (height, width), antialias=True)
    top, left = (height - 40) // 2, (width - 40) // 2
    pixels = np.round(resized)[:, top : top + 40, left : left + 40] / 255
    x = ((pixels - VIDEO_INPUT.mean) / VIDEO_INPUT.std).astype(np.float32).reshape(batch, num_frames, 40, 40, 3)
    expected = np.asarray(video.encoder(x))
    assert expected.shape == (batch, 32)
    # Half a grey level may round either way.
    for found in (
      video.signatures['embed'](jpegs=tf.constant(clips))['embedding'],
      video.signatures['embed_frames'](frames=decoded)['embedding'],
    ):
      np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_the_graph_has_no_batch_norm_left(modality, request):
  graph = request.getfixturevalue(modality).signatures['embed'].graph
  types = {node.op for function in graph.as_graph_def().library.function for node in function.node_def}
  assert 'Conv2D' in types
  assert not types & {'FusedBatchNormV3', 'Rsqrt'}


def test_clips_of_a_batch_may_differ_in_size(video):
  clips = [[jpeg(RANDOM, size) for _ in range(8)] for size in ((48, 64), (80, 60))]
  together = video.signatures['embed'](jpegs=tf.constant(clips))['embedding']
  for clip, embedding in zip(clips, together, strict=True):
    assert_close(embedding, video.signatures['embed'](jpegs=tf.constant([clip]))['embedding'][0])


def test_long_sounds_are_averaged_over_windows_and_short_ones_padded(audio):
  spec = LogMelSpec()
  silence = np.log(spec.log_offset)
  for samples, starts in ((80_000, (0, 100, 150)), (64_000, (0, 100)), (33_000, (0, 4)), (8_000, (0,)), (1, (0,))):
    waveform = RANDOM.uniform(-1, 1, (2, samples)).astype(np.float32)
    log_mel = np.asarray(audio_ops.log_mel(waveform, spec))
    log_mel = np.pad(log_mel, ((0, 0), (0, max(0, 100 - log_mel.shape[1])), (0, 0)), constant_values=silence)
    windows = np.stack([log_mel[:, start : start + 100] for start in starts], axis=1)
    images = (windows.transpose(0, 1, 3, 2)[..., None] - AUDIO_INPUT.mean) / AUDIO_INPUT.std
    expected = np.mean([audio.encoder(images[:, i].astype(np.float32)) for i in range(len(starts))], axis=0)
    assert_close(audio.signatures['embed'](waveform=waveform)['embedding'], expected)


@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_clusters_equal_brute_force(modality, request):
  model = request.getfixturevalue(modality)
  if modality == 'video':
    inputs = {'jpegs': tf.constant([[jpeg(RANDOM, (48, 64)) for _ in range(2)] for _ in range(6)])}
  else:
    inputs = {'waveform': RANDOM.uniform(-1, 1, (6, 9000)).astype(np.float32)}
  found = model.signatures['cluster'](**inputs)
  assert (found['cluster'].dtype, found['squared_distance'].dtype) == (tf.int32, tf.float32)
  cluster, squared_distance = slow_nearest(found['embedding'], model.clusters)
  np.testing.assert_array_equal(found['cluster'], cluster)
  np.testing.assert_allclose(found['squared_distance'], squared_distance, rtol=1e-3)


def test_plain_clusters_without_projection_or_normalisation(tmp_path):
  clusters = ServedClusters(RANDOM.uniform(0, 1, (7, 32)).astype(np.float32), l2_normalize=False)
  encoder = AudioResNet18(base_width=4)
  found = tf.saved_model.load(export_audio(encoder, AUDIO_INPUT, LogMelSpec(), str(tmp_path), clusters)).signatures[
    'cluster'
  ](waveform=RANDOM.uniform(-1, 1, (3, 32000)).astype(np.float32))
  x = np.asarray(found['embedding'], np.float16).astype(np.float64)
  distances = ((x[:, None] - clusters.centroids[None]) ** 2).sum(axis=2)
  np.testing.assert_array_equal(found['cluster'], distances.argmin(axis=1))
  np.testing.assert_allclose(found['squared_distance'], distances.min(axis=1), rtol=1e-4)


GOOD = jpeg(np.random.default_rng(1), (48, 64))


@pytest.mark.parametrize(
  ('signature', 'inputs', 'message'),
  [
    ('embed', {'jpegs': [[GOOD, b'GIF89a']]}, r'(?s)whole JPEG files.*Not a JPEG, at \[clip, frame\].*\[\[0 1\]\]'),
    ('embed', {'jpegs': [[b'']]}, 'whole JPEG files'),
    ('embed', {'jpegs': [[GOOD[: len(GOOD) // 2]]]}, 'JPEG'),
    ('embed', {'jpegs': [[GOOD, jpeg(np.random.default_rng(1), (50, 64))]]}, 'All frames of a clip must have one size'),
    ('cluster', {'jpegs': np.zeros([1, 0], object)}, r'(?s)\[B, T\], none of them empty.*\[1 0\]'),
    ('embed_frames', {'frames': np.zeros([0, 1, 48, 48, 3], np.uint8)}, r'\[B, T, H, W, 3\], none of them empty'),
  ],
)
def test_bad_video_is_an_invalid_argument_with_a_sentence(video, signature, inputs, message):
  inputs = {name: tf.constant(value, tf.uint8 if name == 'frames' else tf.string) for name, value in inputs.items()}
  with pytest.raises(tf.errors.InvalidArgumentError, match=message):
    video.signatures[signature](**inputs)


@pytest.mark.parametrize(
  ('signature', 'inputs', 'message'),
  [
    ('embed', {'waveform': np.float32([[0, np.nan, 0]])}, 'waveform holds NaN or infinity'),
    ('cluster', {'waveform': np.float32([[0, np.inf, 0]])}, 'waveform holds NaN or infinity'),
    ('embed', {'waveform': np.zeros([1, 0], np.float32)}, r'(?s)\[B, S\], none of them empty.*\[1 0\]'),
    ('embed_log_mel', {'log_mel': np.full([1, 9, 40], np.nan, np.float32)}, 'log_mel holds NaN or infinity'),
    ('embed_log_mel', {'log_mel': np.zeros([1, 0, 40], np.float32)}, r'\[B, M, 40\], none of them empty'),
  ],
)
def test_bad_audio_is_an_invalid_argument_with_a_sentence(audio, signature, inputs, message):
  with pytest.raises(tf.errors.InvalidArgumentError, match=message):
    audio.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})


def test_versions_count_up_and_are_whole(tmp_path):
  encoder, folder = AudioResNet18(base_width=4), str(tmp_path / 'xdc_audio')
  assert export_audio(encoder, AUDIO_INPUT, LogMelSpec(), folder) == f'{folder}/1'
  os.makedirs(f'{folder}/7')
  os.makedirs(f'{folder}/notes')
  path = export_audio(encoder, AUDIO_INPUT, LogMelSpec(), folder, metadata={'run': 'demo'})
  assert path == f'{folder}/8'
  assert sorted(os.listdir(folder)) == ['1', '7', '8', 'notes']
  with open(f'{path}/assets.extra/metadata.json') as file:
    metadata = json.load(file)
  assert metadata['run'] == 'demo'
  assert metadata['modality'] == 'audio'
  assert metadata['num_samples'] == 32000
  assert metadata['signatures']['embed'] == {
    'inputs': {'waveform': ['float32', [None, None]]},
    'outputs': {'embedding': ['float32', [None, 32]]},
  }


def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
  def fail(*_):
    raise OSError('disk full')

  monkeypatch.setattr(export.files, 'write_json', fail)
  with pytest.raises(OSError, match='disk full'):
    export_audio(AudioResNet18(base_width=4), AUDIO_INPUT, LogMelSpec(), str(tmp_path))
  assert os.listdir(tmp_path) == []


def test_an_encoder_of_two_replicas_is_exported(tmp_path, two_replicas):
  with two_replicas.scope():
    encoder = AudioResNet18(base_width=4, seed=3)
  waveform = RANDOM.uniform(-1, 1, (1, 32000)).astype(np.float32)
  path = export_audio(encoder, AUDIO_INPUT, LogMelSpec(), str(tmp_path))
  for variable in encoder.trainable_variables:
    variable.assign(variable * 1.5)  # Training that goes on does not reach what was exported.
  found = tf.saved_model.load(path).signatures['embed'](waveform=waveform)['embedding']
  image = audio_image(waveform)
  assert_close(found, AudioResNet18(base_width=4, seed=3)(image))


def test_mixed_precision_encoders_are_exported(tmp_path):
  waveform = RANDOM.uniform(-1, 1, (2, 32000)).astype(np.float32)
  path = export_audio(AudioResNet18(base_width=4, dtype='mixed_bfloat16'), AUDIO_INPUT, LogMelSpec(), str(tmp_path))
  embedding = tf.saved_model.load(path).signatures['embed'](waveform=waveform)['embedding']
  image = audio_image(waveform)
  expected = AudioResNet18(base_width=4)(image)
  assert embedding.dtype == tf.float32
  assert np.linalg.norm(embedding - expected) / np.linalg.norm(expected) < 0.03


LOADER = """
import sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
jpegs = [[tf.io.encode_jpeg(tf.fill([48, 64, 3], tf.cast(20 * i, tf.uint8))) for i in range(8)]]
print(model.signatures['embed'](jpegs=tf.stack(jpegs))['embedding'].numpy().tolist())
assert not [name for name in sys.modules if name.split('.')[0] == 'xdc_tf']
"""


@pytest.mark.stack
def test_a_process_that_knows_only_tensorflow(video, tmp_path):
  environment = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
  # From another folder and isolated, so that xdc_tf could not be imported by accident.
  command = [sys.executable, '-I', '-c', LOADER, video.path]
  output = subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
  jpegs = tf.stack([[tf.io.encode_jpeg(tf.fill([48, 64, 3], tf.cast(20 * i, tf.uint8))) for i in range(8)]])
  expected = video.signatures['embed'](jpegs=jpegs)['embedding']
  assert_close(json.loads(output.splitlines()[-1]), np.asarray(expected))


def test_what_does_not_fit_is_named(tmp_path):
  encoder, spec = AudioResNet18(base_width=4), LogMelSpec()
  with pytest.raises(ValueError, match='AudioResNet18 is an audio encoder. Expected a video encoder'):
    export_video(encoder, VIDEO_INPUT, SHORT_SIDE, str(tmp_path))
  with pytest.raises(ValueError, match='crop of 224 pixels is larger than the short side of 48'):
    export_video(R2Plus1D18(base_width=4), VideoInput(), SHORT_SIDE, str(tmp_path))
  joint = ServedClusters(np.zeros([5, 64], np.float32))
  with pytest.raises(ValueError, match=r'centroids has shape \(5, 64\), expected \(5, 32\).*several joined \(CDC\)'):
    export_audio(encoder, AUDIO_INPUT, spec, str(tmp_path), joint)
  assert os.listdir(tmp_path) == []
