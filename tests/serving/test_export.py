"""Exported models against reader + encoder called in Python, and what they say to bad input."""

import json
import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from export_cases import AUDIO_INPUT, SHORT_SIDE, SIGNATURES, VIDEO_INPUT, refused_audio, refused_video
from records_factory import jpeg, write_records

from xdc_tf.clustering.clusters import Clusters
from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.records import audio_ops, schema, video_ops
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import VideoInput
from xdc_tf.records.reader import evaluation_dataset
from xdc_tf.serving import export, served_clusters
from xdc_tf.serving.checks import RequestLimits, checked_length
from xdc_tf.serving.export import export_audio, export_video
from xdc_tf.serving.version_folder import METADATA_FILE, MODEL_CARD_FILE

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
  """The five nearest centroids by brute force in float64, of the float16 features that would be stored."""
  x = np.asarray(embedding, np.float16).astype(np.float64)
  if clusters.l2_normalize:
    x /= np.linalg.norm(x, axis=1, keepdims=True)
  if clusters.projection is not None:
    x = (x - clusters.projection.mean) @ clusters.projection.matrix.astype(np.float64)
  distances = ((x[:, None] - clusters.centroids[None].astype(np.float64)) ** 2).sum(axis=2)
  return distances.argsort(axis=1)[:, :5], np.sort(distances, axis=1)[:, :5]


def assert_nearest(found, clusters, rtol):
  """Checks the answer of the signature `cluster`."""
  nearest, distances = slow_nearest(found['embedding'], clusters)
  np.testing.assert_array_equal(found['nearest_clusters'], nearest)
  np.testing.assert_allclose(found['nearest_squared_distances'], distances, rtol=rtol)
  np.testing.assert_array_equal(found['cluster'], nearest[:, 0])
  np.testing.assert_array_equal(found['squared_distance'], found['nearest_squared_distances'][:, 0])
  assert {name: value.dtype for name, value in found.items()} == {
    'embedding': tf.float32,
    'cluster': tf.int32,
    'squared_distance': tf.float32,
    'nearest_clusters': tf.int32,
    'nearest_squared_distances': tf.float32,
  }


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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.stack
def test_a_served_audio_encoder_sees_what_the_reader_gives_bit_for_bit(records, examples, tmp_path):
  (batch,) = evaluation_dataset(records, 'train', AUDIO_INPUT, batch_size=4)
  path = export_audio(Mirror('audio', AUDIO_INPUT), AUDIO_INPUT, LogMelSpec(), str(tmp_path))
  signatures = tf.saved_model.load(path).signatures
  log_mel = tf.stack([example['log_mel'] for example in examples])
  found = signatures['embed_log_mel'](log_mel=log_mel)['embedding']
  np.testing.assert_array_equal(found, tf.reshape(batch['input'], [4, -1]))
  waveform = RANDOM.uniform(-1, 1, (2, 32000)).astype(np.float32)
  found = signatures['embed'](waveform=waveform)['embedding']
  np.testing.assert_array_equal(found, tf.reshape(audio_image(waveform), [2, -1]))


# The encoders agree up to rounding only: which kernels TensorFlow fuses depends on the graph around them.
@pytest.mark.slow
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
  assert_nearest(model.signatures['cluster'](**inputs), model.clusters, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize('num_clusters', [1, 3])
def test_few_plain_clusters_without_projection_or_normalisation(num_clusters, tmp_path):
  clusters = Clusters(RANDOM.uniform(0, 1, (num_clusters, 32)).astype(np.float32), l2_normalize=False)
  path = export_audio(
    AudioResNet18(base_width=4, blocks_per_stage=1), AUDIO_INPUT, LogMelSpec(), str(tmp_path), clusters
  )
  waveform = RANDOM.uniform(-1, 1, (3, 32000)).astype(np.float32)
  assert_nearest(tf.saved_model.load(path).signatures['cluster'](waveform=waveform), clusters, rtol=1e-4)


def test_the_lowest_of_equal_clusters_is_the_nearest():
  clusters = Clusters(np.tile(np.float32([[3, 4]]), (4, 1)), l2_normalize=False)
  nearest, distances = served_clusters.nearest(clusters, tf.constant([[0.0, 0.0]]))
  np.testing.assert_array_equal(nearest, [[0, 1, 2, 3]])
  np.testing.assert_array_equal(distances, [[25, 25, 25, 25]])


@pytest.mark.stack
@pytest.mark.parametrize(('modality', 'cases'), [('video', refused_video()), ('audio', refused_audio())])
def test_bad_input_is_an_invalid_argument_with_a_sentence(modality, cases, request):
  model = request.getfixturevalue(modality)
  for name, value, sentence in cases:
    for signature in SIGNATURES[name]:
      with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(sentence)):
        model.signatures[signature](**{name: tf.constant(value)})


def test_the_message_says_which_frame_is_no_jpeg(video):
  good = jpeg(np.random.default_rng(1), (48, 64))
  with pytest.raises(tf.errors.InvalidArgumentError, match=r'(?s)Not a JPEG, at \[clip, frame\].*\[\[0 1\]\]'):
    video.signatures['embed'](jpegs=tf.constant([[good, b'GIF89a']]))


@pytest.mark.slow
def test_versions_count_up_and_are_whole(tmp_path):
  encoder, folder = AudioResNet18(base_width=4, blocks_per_stage=1), str(tmp_path / 'xdc_audio')
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


@pytest.mark.slow
def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
  def fail(*_):
    raise OSError('disk full')

  monkeypatch.setattr(export.warmup, 'write_requests', fail)  # The last step before the renaming.
  with pytest.raises(OSError, match='disk full'):
    export_audio(AudioResNet18(base_width=4, blocks_per_stage=1), AUDIO_INPUT, LogMelSpec(), str(tmp_path))
  assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_an_encoder_of_two_replicas_is_exported(tmp_path, two_replicas):
  with two_replicas.scope():
    encoder = AudioResNet18(base_width=4, blocks_per_stage=1, seed=3)
  waveform = RANDOM.uniform(-1, 1, (1, 32000)).astype(np.float32)
  path = export_audio(encoder, AUDIO_INPUT, LogMelSpec(), str(tmp_path))
  for variable in encoder.trainable_variables:
    variable.assign(variable * 1.5)  # Training that goes on does not reach what was exported.
  found = tf.saved_model.load(path).signatures['embed'](waveform=waveform)['embedding']
  image = audio_image(waveform)
  assert_close(found, AudioResNet18(base_width=4, blocks_per_stage=1, seed=3)(image))


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize(
  ('modality', 'encoder', 'inputs', 'most'),
  [
    ('video', R2Plus1D18, {'frames': RANDOM.integers(0, 256, (4, 8, 48, 64, 3)).astype(np.uint8)}, 0.02),
    ('audio', AudioResNet18, {'log_mel': RANDOM.normal(-4, 4, (4, 100, 40)).astype(np.float32)}, 0.02),
  ],
)
def test_bfloat16_takes_half_the_space_and_changes_the_embedding_little(
  modality, encoder, inputs, most, request, tmp_path
):
  exact = request.getfixturevalue(modality)
  mixed = encoder(base_width=4, blocks_per_stage=1, dtype='mixed_bfloat16')
  mixed.set_weights(exact.encoder.get_weights())
  if modality == 'video':
    path = export_video(mixed, VIDEO_INPUT, SHORT_SIDE, str(tmp_path))
  else:
    path = export_audio(mixed, AUDIO_INPUT, LogMelSpec(), str(tmp_path))
  module = tf.saved_model.load(path)
  assert {variable.dtype for variable in module.weights} == {tf.bfloat16}
  sizes = [os.path.getsize(f'{p}/variables/variables.data-00000-of-00001') for p in (path, exact.path)]
  num_weights = sum(int(np.prod(variable.shape)) for variable in module.weights)
  assert sizes[1] - sizes[0] == pytest.approx(2 * num_weights, rel=0.01)
  name = {'video': 'embed_frames', 'audio': 'embed_log_mel'}[modality]
  found, expected = (s[name](**inputs)['embedding'].numpy() for s in (module.signatures, exact.signatures))
  assert found.dtype == np.float32
  difference = np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)
  assert 1e-5 < difference.max() < most, difference


LOADER = """
import sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
jpegs = [[tf.io.encode_jpeg(tf.fill([48, 64, 3], tf.cast(20 * i, tf.uint8))) for i in range(8)]]
print(model.signatures['embed'](jpegs=tf.stack(jpegs))['embedding'].numpy().tolist())
assert not [name for name in sys.modules if name.split('.')[0] == 'xdc_tf']
"""


@pytest.mark.slow
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
  encoder, spec = AudioResNet18(base_width=4, blocks_per_stage=1), LogMelSpec()
  with pytest.raises(ValueError, match='AudioResNet18 is an audio encoder. Expected a video encoder'):
    export_video(encoder, VIDEO_INPUT, SHORT_SIDE, str(tmp_path))
  with pytest.raises(ValueError, match='crop of 224 pixels is larger than the short side of 48'):
    export_video(R2Plus1D18(base_width=4, blocks_per_stage=1), VideoInput(), SHORT_SIDE, str(tmp_path))
  joint = Clusters(np.zeros([5, 64], np.float32))
  with pytest.raises(ValueError, match=r'centroids has shape \(5, 64\), expected \(5, 32\).*several joined \(CDC\)'):
    export_audio(encoder, AUDIO_INPUT, spec, str(tmp_path), joint)
  assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('clips', [1, 3, 5, 10, 12, 20, 50, 300])
def test_exactly_as_much_sound_as_a_request_may_hold_is_taken(clips):
  @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int8)])
  def check(waveform):
    return checked_length(waveform, 16000, 2.0, RequestLimits())

  length = 600 * 16000 // clips
  assert check(tf.zeros([clips, length], tf.int8)).shape == (clips, length)
  with pytest.raises(tf.errors.InvalidArgumentError, match='may hold 600 seconds of sound'):
    check(tf.zeros([clips, length + 1], tf.int8))


@pytest.mark.slow
def test_limits_of_a_request_are_set_at_export_and_stated(tmp_path):
  limits = RequestLimits(frame_pixels=1500, request_pixels=4000, request_seconds=4.0)
  path = export_video(
    R2Plus1D18(base_width=4, blocks_per_stage=1), VIDEO_INPUT, SHORT_SIDE, str(tmp_path / 'video'), limits=limits
  )
  embed = tf.saved_model.load(path).signatures['embed_frames']
  assert embed(frames=np.zeros([1, 2, 50, 30, 3], np.uint8))['embedding'].shape == (1, 32)
  for shape in ([1, 1, 51, 30, 3], [3, 1, 50, 30, 3]):
    with pytest.raises(tf.errors.InvalidArgumentError, match='A frame may have 1500 pixels, a request 4000 in all'):
      embed(frames=np.zeros(shape, np.uint8))
  crop = VIDEO_INPUT.crop_size**2
  small = np.zeros([1, 4000 // crop, 2, 2, 3], np.uint8)  # Each becomes a whole crop.
  assert embed(frames=small)['embedding'].shape == (1, 32)
  with pytest.raises(tf.errors.InvalidArgumentError, match=f'4000 in all, each frame at least {crop}'):
    embed(frames=np.concatenate([small, small[:, :1]], axis=1))
  assert json.loads((tmp_path / 'video/1' / METADATA_FILE).read_text())['limits'] == {
    'frame_pixels': 1500, 'request_pixels': 4000
  }  # fmt: skip
  assert '1,500 pixels a frame, 4,000 in all' in (tmp_path / 'video/1' / MODEL_CARD_FILE).read_text()
  path = export_audio(
    AudioResNet18(base_width=4, blocks_per_stage=1), AUDIO_INPUT, LogMelSpec(), str(tmp_path / 'audio'), limits=limits
  )
  embed = tf.saved_model.load(path).signatures['embed']
  for shape in ([2, 100], [1, 64000]):  # A short one is padded to a window of 2 s.
    assert embed(waveform=np.zeros(shape, np.float32))['embedding'].shape == (shape[0], 32)
  for shape in ([3, 100], [1, 64001]):
    with pytest.raises(
      tf.errors.InvalidArgumentError, match='A request may hold 4 seconds of sound, .* each at least 2'
    ):
      embed(waveform=np.zeros(shape, np.float32))
  with pytest.raises(ValueError, match='must be positive'):
    RequestLimits(frame_pixels=0)
