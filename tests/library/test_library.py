"""What a notebook calls: from a folder of videos to embeddings and pages, without gin and without the command line."""

import concurrent.futures
import dataclasses
import doctest
import json
import pathlib
import shutil
import subprocess
import sys

import gin
import keras
import media_factory
import numpy as np
import pytest
import tensorflow as tf

import xdc_tf
from beam_pipelines.clip_shard import ClipJobError
from xdc_tf.cli import bindings, configuration, main
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.doctor import integrity
from xdc_tf.library import encoders, steps
from xdc_tf.media import media
from xdc_tf.media.media import MediaError
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.records import schema, video_ops

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = {'base_width': 4, 'blocks_per_stage': 1}


def small_config(**changes) -> xdc_tf.Pretraining:
  values = {
    'encoders': {
      'video': xdc_tf.bound_encoder('R2Plus1D18', **SMALL),
      'audio': xdc_tf.bound_encoder('AudioResNet18', **SMALL),
    },
    'clusterings': xdc_tf.methods.xdc(num_video_clusters=2, num_audio_clusters=3),
    'video_input': xdc_tf.VideoInput(num_frames=4, crop_size=24),
    'audio_input': xdc_tf.AudioInput(),
    'schedule': xdc_tf.Schedule(epoch_size=4, batch_size=2, total_epochs=1, warmup_epochs=0),
    'kmeans': xdc_tf.KMeansOptions(num_passes=2),
    'training': xdc_tf.TrainingOptions(precision='float32', evaluation_batch_size=2),
    'num_iterations': 1,
  }
  return xdc_tf.Pretraining(**(values | changes))


def test_every_public_object_has_an_example():
  for name in set(xdc_tf.__all__) - {'__version__', 'methods'}:
    value = getattr(xdc_tf, name)
    members = vars(value).values() if isinstance(value, type) else ()
    assert any('>>>' in (getattr(v, '__doc__', None) or '') for v in (value, *members)), f'xdc_tf.{name} has no example'


@pytest.mark.parametrize(
  'name',
  [
    'Schedule',
    'TrainingOptions',
    'KMeansOptions',
    'VideoInput',
    'AudioInput',
    'Pretraining',
    'bound_encoder',
    'nearest',
  ]
  + ['methods.xdc'],
)
def test_examples_that_need_no_files_say_what_is_printed(name):
  value = xdc_tf
  for part in name.split('.'):
    value = getattr(value, part)
  # Of the object alone, not of its members, and without the names of its module: a reader has what the example imports.
  (example,) = doctest.DocTestFinder(recurse=False).find(value, name, globs={'xdc_tf': xdc_tf, 'np': np})
  assert example.examples
  assert doctest.DocTestRunner().run(example).failed == 0


NOTEBOOK = json.loads((ROOT / 'docs/pretrain_on_own_videos.ipynb').read_text())
NOTEBOOK_CELLS = [''.join(cell['source']) for cell in NOTEBOOK['cells'] if cell['cell_type'] == 'code']


@pytest.fixture(scope='module')
def notebook(tmp_path_factory):
  """The names that the cells of docs/pretrain_on_own_videos.ipynb leave, on three films and with small settings."""
  folder = tmp_path_factory.mktemp('road')
  (folder / 'films').mkdir()
  for number in range(3):
    media_factory.write_video(folder / 'films' / f'{number}.mp4', seconds=8.0, size=(48, 32))
  settings, *cells = NOTEBOOK_CELLS
  names = {}
  exec(settings, names)
  names |= {'VIDEOS': str(folder / 'films'), 'WORK': str(folder), 'NUM_CLUSTERS': 2, 'SHORT_SIDE': 32, 'CROP_SIZE': 24}
  names |= {'BASE_WIDTH': 4, 'ITERATIONS': 1, 'CLIPS_AN_EPOCH': 32, 'EPOCHS': 1}
  for cell in cells:
    exec(cell.replace('warmup_epochs=1', 'warmup_epochs=0'), names)
  return names


@pytest.fixture
def road(notebook):
  """Where everything is, and the run."""
  return pathlib.Path(notebook['WORK']), f'{notebook["WORK"]}/run'


@pytest.mark.slow
@pytest.mark.stack
def test_the_notebook_goes_from_videos_to_models(notebook):
  assert notebook['clip']['frames'].shape == (60, 32, 48, 3) and len(notebook['agreement']) == 2
  assert notebook['encoder'].modality == 'video' and sorted(notebook['models']) == ['audio', 'video']
  assert pathlib.Path(notebook['WORK'], 'report/index.html').exists()
  assert all(c['outputs'] == [] and c['execution_count'] is None for c in NOTEBOOK['cells'] if c['cell_type'] == 'code')


@pytest.mark.slow
@pytest.mark.stack
def test_a_run_in_python_is_one_of_the_command(road, notebook):
  folder, run = road
  opened = configuration.open_run(run)
  assert opened.config == notebook['config']
  again = ['pretrain', '--records', str(folder / 'clips'), '--run_dir', run, '--gin_file', f'{run}/config.gin']
  main._main(main.build_parser('pretrain').parse_args(again))  # Finds all of it done.
  with pytest.raises(ValueError, match='was started with another configuration'):
    xdc_tf.pretrain(str(folder / 'clips'), run, dataclasses.replace(notebook['config'], seed=1))


@pytest.mark.slow
def test_a_run_leaves_its_settings_to_nothing_that_is_built_afterwards(road):
  """The notebook has trained, reported and exported; small_config has settings unlike the defaults as well."""
  folder, run = road
  gin.clear_config()
  gin.bind_parameter('KMeansOptions.num_passes', 7)  # Somebody who uses gin beside the library.
  xdc_tf.load(run, 'video')
  xdc_tf.write_report(run, folder / 'report')
  xdc_tf.export(run, folder / 'exported_again')
  bindings.bindings_of(small_config())
  assert (xdc_tf.VideoInput().num_frames, xdc_tf.VideoInput().crop_size) == (8, 224)
  assert xdc_tf.Schedule(epoch_size=100).batch_size == 32 and ENCODERS['R2Plus1D18'](seed=1).feature_dimension == 512
  assert xdc_tf.KMeansOptions().num_passes == 7
  gin.bind_parameter('KMeansOptions.num_passes', 8)
  assert xdc_tf.KMeansOptions().num_passes == 8
  gin.clear_config()


@pytest.mark.slow
def test_threads_open_runs_with_their_own_configurations(road, tmp_path):
  """gin has one configuration in a process: a run was opened with the input of another one, or as damaged."""
  other = shutil.copytree(road[1], tmp_path / 'other')
  gin_file = other / 'config.gin'
  gin_file.write_text(gin_file.read_text().replace('VideoInput.crop_size = 24', 'VideoInput.crop_size = 16'))
  runs = [road[1], str(other)] * 20
  with concurrent.futures.ThreadPoolExecutor(4) as threads:
    sizes = list(threads.map(lambda run: configuration.open_run(run).config.video_input.crop_size, runs))
  assert sizes == [24, 16] * 20


@pytest.mark.slow
@pytest.mark.stack
def test_what_has_no_place_in_the_scope_of_a_strategy_says_so(road, notebook, tmp_path):
  with tf.distribute.MirroredStrategy(['CPU:0']).scope():
    with pytest.raises(ValueError, match='load was called in the scope of a tf.distribute strategy'):
      xdc_tf.load(notebook['models']['video'])
    with pytest.raises(ValueError, match='pretrain was called in the scope'):
      xdc_tf.pretrain(road[0] / 'clips', tmp_path / 'run', small_config())
  assert not (tmp_path / 'run').exists()


@pytest.mark.slow
def test_check_calls_a_finished_run_whole(road):
  checks = integrity.checks(road[1])
  assert len([check for check in checks if check.kind == 'stage']) > 8 and integrity.run(checks, threads=2) == []


@pytest.mark.slow
def test_encoders_of_a_run_and_of_its_export_give_the_same(road, notebook):
  folder, run = road
  exported = notebook['models']
  film = folder / 'films' / '0.mp4'
  for modality in ('video', 'audio'):
    encoder, served = xdc_tf.load(run, modality), xdc_tf.load(exported[modality])
    found, expected = encoder.embed(film), served.embed([film])[str(film)]
    assert found.times.tolist() == [0.0, 2.0, 4.0, 6.0] and found.embeddings.dtype == np.float32
    np.testing.assert_allclose(found.embeddings, expected.embeddings, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(encoder.embed_at(film, 2.0), found.embeddings[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(served.embed_at(film, 2.0), found.embeddings[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(encoder.embed_at(film, 2.0, audio_track=1), encoder.embed_at(film, 2.0))
    with pytest.raises(MediaError, match='a clip of this encoder takes'):
      encoder.embed_at(film, media.probe(str(film)).duration_seconds - 0.1)
    column = encoder.embed(np.array([str(film)], object))  # As in a table of pandas.
    np.testing.assert_array_equal(column[str(film)].embeddings, found.embeddings)
    clips = np.zeros([3, 8, 32, 48, 3], np.uint8) if modality == 'video' else np.zeros([3, 32000], np.float32)
    np.testing.assert_allclose(encoder.embed(clips, batch_size=2), served.embed(clips), rtol=1e-4, atol=1e-5)
    assert (encoder.modality, served.modality, served.model) == (modality, modality, None)
  with pytest.raises(ValueError, match=r'Clips of this encoder are float32 \[B, S\]. Received: uint8 \[3\]'):
    encoder.embed(np.zeros(3, np.uint8))
  for wrong, complaint in (
    ([np.zeros([4, 32, 48, 3], np.uint8)], 'A list is one of paths'),
    (np.zeros([0, 32000], np.float32), r'Received: float32 \[0, 32000\]'),
    (
      np.full([1, 32000], 32767, np.float32),
      r'^waveform holds numbers far .* \(-1 to 1\). The largest magnitude is: 32767$',
    ),
    (np.full([1, 32000], np.nan, np.float32), '^waveform holds NaN or infinity.$'),
  ):
    with pytest.raises(ValueError, match=complaint):
      encoder.embed(wrong)
  with pytest.raises(ValueError, match='batch_size is 0'):
    encoder.embed(clips, batch_size=0)
  with pytest.raises(ValueError, match='stride_seconds=inf'):
    encoder.embed(film, stride_seconds=np.inf)
  with pytest.raises(ValueError, match="holds one encoder, of video. Received: encoder='audio'"):
    xdc_tf.load(exported['video'], 'audio')
  with pytest.raises(ValueError, match="file_format must be one of .* Received: 'onnx'"):
    xdc_tf.export(run, file_format='onnx')
  with pytest.raises(ValueError, match="precision must be one of .* Received: 'fp16'"):
    xdc_tf.export(run, precision='fp16')
  with pytest.raises(ValueError, match='the run in .* has the encoders audio, video'):
    xdc_tf.load(run)
  with pytest.raises(FileNotFoundError, match='holds no encoder'):
    xdc_tf.load(folder)


@pytest.mark.slow
@pytest.mark.stack
def test_what_is_stored_becomes_the_models_input(road):
  """By `inputs.normalize`, which a Keras user calls."""
  folder, run = road
  video, audio = (xdc_tf.load(run, modality) for modality in ('video', 'audio'))
  clip = next(xdc_tf.open_records(str(folder / 'clips')).as_numpy_iterator())
  # The very pixels of training and serving: TFDS decodes the colours of JPEGs in another way.
  shard = schema.open_records(str(folder / 'clips')).shard_paths('train')[0]
  stored = schema.parse(next(iter(tf.data.TFRecordDataset(shard))))
  assert stored['index'] == clip['index']
  np.testing.assert_array_equal(clip['frames'], video_ops.decode(stored['frames']))
  frames, size = clip['frames'][: video.inputs.num_frames], video.inputs.crop_size
  top, left = (frames.shape[1] - size) // 2, (frames.shape[2] - size) // 2
  found = video.model(video.inputs.normalize(frames[None, :, top : top + size, left : left + size]))
  np.testing.assert_allclose(found, video.embed(frames[None]), rtol=1e-4, atol=1e-5)

  store = FeatureStore(f'{run}/iteration-01/features/audio', 'train')
  features = dict(zip(*store.read_shard(store.complete_shards()[0]), strict=True))
  found, expected = audio.model(audio.inputs.normalize(clip['log_mel'][None]))[0], features[clip['index']]
  # The run computed in bfloat16 and wrote float16.
  assert np.linalg.norm(found - expected) < 0.02 * np.linalg.norm(expected)


@pytest.mark.slow
@pytest.mark.stack
def test_a_keras_user_finetunes_with_fit(road):
  """Ten lines, as the page shows them: the encoder is a Keras model like any other."""
  _, run = road
  keras.utils.set_random_seed(0)  # Of the layer and the order: once in many it took longer.
  encoder = xdc_tf.load(run, 'audio')
  model = keras.Sequential([encoder.model, keras.layers.Dense(2)])
  loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
  model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss)
  rng = np.random.default_rng(0)
  labels = np.arange(16) % 2
  log_mel = rng.normal(size=[16, *encoder.inputs.shape]).astype(np.float32) + 3 * labels[:, None, None, None]
  before = [variable.numpy() for variable in encoder.model.trainable_variables]
  losses = model.fit(log_mel, labels, epochs=10, batch_size=8, verbose=0).history['loss']
  assert losses[-1] < 0.5 * losses[0]
  changed = [np.abs(v.numpy() - b).max() > 0 for v, b in zip(encoder.model.trainable_variables, before, strict=True)]
  assert all(changed)


@pytest.mark.slow
def test_records_are_a_dataset(road):
  folder, _ = road
  clips = list(xdc_tf.open_records(folder / 'clips').as_numpy_iterator())
  written = xdc_tf.make_manifest(folder / 'films', folder / 'again', validation_fraction=0.3)
  assert written == {'train': 8, 'validation': 4}
  assert sorted(int(clip['index']) for clip in clips) == list(range(len(clips)))
  assert clips[0]['frames'].shape == (60, 32, 48, 3) and clips[0]['log_mel'].shape[1] == 40
  with pytest.raises(ValueError, match="has no split 'test'"):
    xdc_tf.open_records(str(folder / 'clips'), 'test')


@pytest.mark.slow
def test_clips_that_cannot_be_read_are_left_out_with_a_warning(road, tmp_path, caplog):
  film = tmp_path / 'damaged.mp4'
  media_factory.damage(media_factory.write_video(film, seconds=12.0, size=(48, 32), gop=15), 0.3, 0.7)
  encoder = xdc_tf.load(road[1], 'video')
  with caplog.at_level('WARNING'):
    (embeddings,) = encoder.embed(path for path in [film]).values()
  assert 3 <= len(embeddings.times) < 6 and 'could not be embedded and are left out' in caplog.text
  (tmp_path / 'text.mp4').write_text('no film')
  with caplog.at_level('WARNING'):
    assert list(encoder.embed([tmp_path / 'text.mp4', film])) == [str(film)]
  assert 'left out: unreadable: ' in caplog.text
  with pytest.raises(MediaError, match=r'missing.mp4 does not exist'):
    encoder.embed([film, tmp_path / 'missing.mp4'])
  with pytest.raises(MediaError, match=r'text.mp4 cannot be read'):
    encoder.embed({tmp_path / 'text.mp4'})
  with pytest.raises(ValueError, match='batch_size must be of the type int. Received: 2.0'):
    encoder.embed(film, batch_size=2.0)


@pytest.mark.slow
def test_a_report_of_a_run(road):
  folder, run = road
  page = xdc_tf.write_report(pathlib.Path(run), folder / 'report', clips_per_cluster=1)
  assert '<html' in open(page).read()  # noqa: SIM115
  with pytest.raises(ValueError, match='clips_per_cluster is 0; expected at least 1'):
    xdc_tf.write_report(run, folder / 'report', clips_per_cluster=0)


def test_nearest_is_brute_force():
  rng = np.random.default_rng(0)
  embeddings, queries = rng.normal(size=[50, 8]), rng.normal(size=[3, 8])
  index, similarity = xdc_tf.nearest(embeddings, queries, 4)
  for query, found, likes in zip(queries, index, similarity, strict=True):
    cosines = [float(query @ e / np.linalg.norm(query) / np.linalg.norm(e)) for e in embeddings]
    assert found.tolist() == sorted(range(50), key=lambda i: -cosines[i])[:4]
    np.testing.assert_allclose(likes, sorted(cosines, reverse=True)[:4], rtol=1e-5)
  assert xdc_tf.nearest(embeddings, embeddings[7])[0][0] == 7
  assert [len(xdc_tf.nearest(embeddings[:n], embeddings[7])[0]) for n in (50, 4)] == [
    5,
    4,
  ]  # A film of 8 seconds has 4.
  with pytest.raises(ValueError, match='count is 51; expected 1 to 50, the number of embeddings'):
    xdc_tf.nearest(embeddings, queries, 51)
  with pytest.raises(ValueError, match='query holds numbers that are not finite'):
    xdc_tf.nearest(embeddings, np.full(8, np.nan))
  large, _ = xdc_tf.nearest(embeddings * 1e30, queries * 1e30, 4)  # Their squares are more than float32 holds.
  np.testing.assert_array_equal(large, index)
  with pytest.raises(ValueError, match='Expected embeddings'):
    xdc_tf.nearest(embeddings, queries[:, :3])
  with pytest.raises(ValueError, match='not what embed returned'):
    xdc_tf.nearest(encoders.Embeddings(np.arange(50), embeddings), embeddings[7])
  assert xdc_tf.nearest(embeddings, tuple(embeddings[7]))[0][0] == 7


@pytest.mark.parametrize('count', [1, 7, 50])
def test_nearest_compares_a_block_at_a_time(monkeypatch, count):
  rng = np.random.default_rng(0)
  embeddings = rng.integers(-2, 3, [50, 3]).astype(np.float32)  # Many are equal: the first of them is the nearest.
  queries = embeddings[::10]
  units = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
  likes = np.array([[float(np.float32((a.astype(np.float64) * b).sum())) for b in units] for a in units[::10]])
  whole = xdc_tf.nearest(embeddings, queries, count)
  monkeypatch.setattr(encoders, '_ROWS', 16)
  monkeypatch.setattr(encoders, '_QUERIES', 2)
  index, similarity = xdc_tf.nearest(embeddings, queries, count)
  np.testing.assert_array_equal(index, whole[0])
  np.testing.assert_allclose(similarity, -np.sort(-likes)[:, :count], atol=1e-6)
  assert [row[0] for row in index.tolist()] == [int(np.argmax(row.round(5))) for row in likes]


@pytest.mark.parametrize('method', ['sdc', 'mdc', 'cdc', 'xdc', 'shuffled_xdc'])
def test_a_pretraining_in_python_is_written_as_bindings_and_read_again(method):
  arguments = {'num_clusters': 5} if method == 'cdc' else {'num_video_clusters': 5, 'num_audio_clusters': 6}
  config = small_config(clusterings=getattr(xdc_tf.methods, method)(**arguments), seed=3)
  lines = bindings.bindings_of(config)
  assert f'Pretraining.clusterings = @{method}()' in lines
  configuration.load([], lines)
  assert configuration.pretraining() == config
  numpy = dataclasses.replace(
    config,
    clusterings=tuple(dataclasses.replace(c, num_clusters=np.int64(c.num_clusters)) for c in config.clusterings),
    seed=np.int64(3),
    audio_input=xdc_tf.AudioInput(mean=np.float64(-4.5)),
    video_input=xdc_tf.VideoInput(num_frames=4, crop_size=24, std=np.array([0.5, 0.25, 0.125])),
  )
  configuration.load([], bindings.bindings_of(numpy))
  assert configuration.pretraining().clusterings == config.clusterings
  assert configuration.pretraining().audio_input.mean == -4.5
  assert configuration.pretraining().video_input.std == (0.5, 0.25, 0.125)


def test_a_method_that_was_added_is_written_as_bindings_too(monkeypatch):
  monkeypatch.setattr(xdc_tf.methods, 'METHODS', dict(xdc_tf.methods.METHODS))

  @xdc_tf.methods.method
  def sound_led(num_audio_clusters):
    return [xdc_tf.methods.ClusteringSpec('audio', ('audio',), ('video', 'audio'), num_audio_clusters)]

  config = small_config(clusterings=sound_led(num_audio_clusters=6))
  configuration.load([], bindings.bindings_of(config))
  assert configuration.pretraining() == config


def test_what_bindings_cannot_say_is_refused(tmp_path):
  own = [xdc_tf.methods.ClusteringSpec('a', ('video',), ('video', 'audio'), 3)]
  with pytest.raises(ValueError, match='of no method that xdc-tf knows'):
    bindings.bindings_of(small_config(clusterings=own))
  two = {name: xdc_tf.bound_encoder('AudioResNet18', base_width=width) for name, width in (('a', 4), ('b', 8))}
  same = xdc_tf.methods.same_modality_xdc(('a', 'b'), num_clusters=2)
  with pytest.raises(
    ValueError, match="'b' is a AudioResNet18 of other arguments than the one before it: {'base_width': 8}"
  ):
    bindings.bindings_of(small_config(encoders=two, clusterings=same))
  with pytest.raises(ValueError, match='needs a gin file'):
    bindings.bindings_of(small_config(last_schedule=xdc_tf.Schedule(epoch_size=8)))
  with pytest.raises(ValueError, match="There is no encoder 'R3D'"):
    xdc_tf.bound_encoder('R3D')
  with pytest.raises(ValueError, match='R2Plus1D18 has no argument width'):
    xdc_tf.bound_encoder('R2Plus1D18', width=3)
  with pytest.raises(ValueError, match='expected a list of words'):
    xdc_tf.make_clips(str(tmp_path), str(tmp_path / 'records'), '--short_side 32')
  with pytest.raises(ValueError, match="options is {'short_side': 32}; expected a list of words"):
    xdc_tf.make_clips(str(tmp_path), str(tmp_path / 'records'), {'short_side': 32})
  for words, message in (
    (['--short_side', 'abc'], "argument --short_side: invalid int value: 'abc'"),
    (['--direct_num_workers', 'abc'], 'An option of Beam has a value that it cannot have'),
    (['short_side=32'], "'short_side=32' belongs to no option"),
  ):
    with pytest.raises(ClipJobError, match=message):
      xdc_tf.make_clips(str(tmp_path), str(tmp_path / 'records'), words)
  with pytest.raises(ClipJobError, match='does not exist; expected a manifest'):
    xdc_tf.make_clips(str(tmp_path), str(tmp_path / 'records'))


def test_importing_takes_no_tensorflow_and_the_face_is_complete():
  program = (
    'import sys, xdc_tf; assert not {"tensorflow", "keras", "numpy"} & set(sys.modules); print(len(dir(xdc_tf)))'
  )
  subprocess.run([sys.executable, '-c', program], check=True, capture_output=True, text=True)
  for name in xdc_tf.__all__:
    assert getattr(xdc_tf, name) is not None
    assert name in dir(xdc_tf)
  with pytest.raises(AttributeError):
    xdc_tf.nothing  # noqa: B018


def test_pretrain_goes_on_under_changes_where_asked(monkeypatch, tmp_path):
  """The message of a run that began with other versions named an option that the function did not have."""
  asked = []
  monkeypatch.setattr(steps, 'pretrain_run', lambda *arguments: asked.append(arguments[4:]))
  monkeypatch.setattr(steps, 'bindings_of', lambda config: [])
  xdc_tf.pretrain('clips', tmp_path, small_config())
  xdc_tf.pretrain('clips', tmp_path, small_config(), logical_cpus=2, deterministic=True, allow_changes=True)
  assert asked == [(1, False, False, False), (2, True, True, False)]
