"""`xdc localize` on a synthetic corpus in THUMOS14's layout: it learns, goes on where it was killed, and names what is wrong."""

import dataclasses
import json
import pathlib
import shutil

import numpy as np
import pytest
import synthetic_actions
import tensorflow as tf

from xdc_tf.cli import configuration, main, strict_gin
from xdc_tf.localization import corpus, training
from xdc_tf.localization.options import Localization
from xdc_tf.records import folds
from xdc_tf.training.finite import DivergedError
from xdc_tf.training.metrics_log import read_metrics

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def made(tmp_path_factory) -> dict[str, str]:
  """The folders of a synthetic corpus."""
  root = tmp_path_factory.mktemp('synthetic')
  numbers = {'val': synthetic_actions.NUM_TRAIN, 'test': synthetic_actions.NUM_TEST}
  videos = {part: [synthetic_actions.make_video(i, part) for i in range(n)] for part, n in numbers.items()}
  records = synthetic_actions.write_records(root / 'records', videos)
  return {
    'annotations': synthetic_actions.write_annotations(root / 'annotations', videos),
    'records': records.directory,
    'features': synthetic_actions.write_features(root / 'features', records, videos),
    'shuffled': synthetic_actions.write_features(root / 'shuffled', records, videos, shuffled=True),
  }


def localize(made, output, *words: str, features: str = 'features', params: tuple[str, ...] = ()) -> dict:
  """Runs the verb and returns results.json."""
  folders = ['--records', made['records'], '--annotations', made['annotations'], '--output_dir', str(output)]
  settings = [word for param in (*synthetic_actions.TINY, *params) for word in ('--gin_param', param)]
  line = ['localize', '--features', made[features], *folders, '--gin_file', 'transfer/thumos14.gin', *settings, *words]
  parsed = main.build_parser().parse_args(line)
  parsed.run(parsed)
  return json.loads((pathlib.Path(output) / 'results.json').read_text())


@pytest.fixture(scope='module')
def output(made, tmp_path_factory) -> pathlib.Path:
  """A finished run."""
  folder = tmp_path_factory.mktemp('run') / 'out'
  localize(made, folder, '--table_row', 'table8/xdc_ig_random')
  return folder


@pytest.mark.stack
def test_planted_actions_are_found(made, output):
  results = json.loads((output / 'results.json').read_text())
  assert list(results['map']) == ['0.3', '0.4', '0.5', '0.6', '0.7']
  assert results['map']['0.5'] > 0.9  # 0.97 to 0.995 with five seeds.
  assert {label: list(values) for label, values in results['average_precision'].items()} == {
    label: list(results['map']) for label in synthetic_actions.CLASSES
  }
  assert results['map_ambiguous_ignored']['0.5'] >= results['map']['0.5']
  about = ('data_set', 'protocol', 'num_frames', 'table_row', 'num_train', 'num_test', 'missing_videos')
  assert [results[name] for name in about] == ['thumos14', 'localization', 16, 'table8/xdc_ig_random', 40, 10, []]
  rows = read_metrics(str(output / 'training/metrics.csv'))
  assert [float(row['learning_rate']) for row in rows] == pytest.approx([0.005] * 8 + [0.0005] * 2)
  assert not (output / 'training/checkpoints').exists()

  detections = json.loads((output / 'detections.json').read_text())['results']
  assert sorted(detections) == [f'video_test_{i:07d}' for i in range(synthetic_actions.NUM_TEST)]
  video = synthetic_actions.make_video(3, 'test')
  best = [d for d in detections[video.name] if d['label'] == video.label][: len(video.actions)]
  # The best detections are the actions, each border within a snippet and a half.
  for start, end in video.actions:
    nearest = min(best, key=lambda d: abs(d['segment'][0] - start))
    np.testing.assert_allclose(nearest['segment'], [start, end], atol=1.5 * synthetic_actions.STEP)


def test_shuffled_snippets_show_no_actions(made, tmp_path):
  """The same videos and classes; only the order in time is gone."""
  results = localize(made, tmp_path / 'out', features='shuffled')
  assert results['map']['0.5'] < 0.25


def test_the_same_command_does_nothing_again_and_takes_other_classes(made, output, tmp_path, capsys):
  folder = shutil.copytree(output, tmp_path / 'out')
  before = json.loads((folder / 'results.json').read_text())
  (folder / 'training/weights.index').unlink()  # What is done is not looked at.
  results = localize(made, folder, '--table_row', 'table8/xdc_ig_random')
  assert results == before
  printed = capsys.readouterr().out
  assert f'{100 * before["map"]["0.5"]:.1f}' in printed and 'results.json holds the numbers' in printed
  assert 'Classes of the videos: linear classifier on mean snippet features.' in printed

  scores = {f'video_test_{i:07d}': {synthetic_actions.CLASSES[(i + 1) % 2]: 1.0} for i in range(10)}
  (tmp_path / 'wrong.json').write_text(json.dumps(scores))
  results = localize(made, folder, '--video_scores', str(tmp_path / 'wrong.json'))
  assert results['map']['0.3'] == 0 and results['video_scores'].endswith('wrong.json')


def test_the_results_stand_in_table_8(output, capsys):
  parsed = main.build_parser().parse_args(['tables', '--runs', str(output)])
  parsed.run(parsed)
  printed = capsys.readouterr().out
  results = json.loads((output / 'results.json').read_text())
  papers = ('51.5', '44.8', '36.9', '28.6', '20.0')
  for (tiou, value), paper in zip(results['map'].items(), papers, strict=True):
    assert f'| XDC (IG-Random) | thumos14@{tiou} | {paper} | {100 * value:.1f} (own video classes) |  |' in printed
  assert ', 0 skipped' in printed


def small_config(made) -> tuple[Localization, list[training.Example]]:
  params = ['Localization.epochs = 3', 'Localization.batch_size = 3']
  configuration.load(['transfer/thumos14.gin'], [*synthetic_actions.TINY, *params], Localization)
  config = configuration.localization()
  opened = corpus.open_corpus(made['features'], corpus_records(made))
  actions = corpus.read_annotations(made['annotations'], 'val').of_any_class()
  return config, training.examples(opened.tracks(folds.TRAIN), actions, config.windows)[:5]


def corpus_records(made):
  from xdc_tf.records.schema import open_records

  return open_records(made['records'])


@pytest.fixture
def eagerly():
  """Few steps: tracing would take longer."""
  tf.config.run_functions_eagerly(True)
  yield
  tf.config.run_functions_eagerly(False)


@pytest.mark.stack
def test_an_interrupted_training_equals_an_undisturbed_one(made, eagerly, monkeypatch, tmp_path):
  config, examples = small_config(made)
  undisturbed = training.Trainer(config, synthetic_actions.DIMENSION)
  undisturbed.train(str(tmp_path / 'whole'), examples)

  train_epoch = training.Trainer._train_epoch

  def killed(trainer, epoch, found):
    if epoch == 2:
      raise KeyboardInterrupt
    return train_epoch(trainer, epoch, found)

  folder = str(tmp_path / 'killed')
  with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
    patched.setattr(training.Trainer, '_train_epoch', killed)
    training.Trainer(config, synthetic_actions.DIMENSION).train(folder, examples)
  other = training.Trainer(dataclasses.replace(config, seed=0), synthetic_actions.DIMENSION)
  other.network.trainable_variables[0].assign_add(tf.ones_like(other.network.trainable_variables[0]))
  other.train(folder, examples)
  for a, b in zip(undisturbed.network.trainable_variables, other.network.trainable_variables, strict=True):
    np.testing.assert_array_equal(a, b)
  assert read_metrics(f'{folder}/metrics.csv') == read_metrics(str(tmp_path / 'whole/metrics.csv'))


def test_a_step_is_adam_with_l2(made, eagerly):
  """The first step of Adam moves every weight by the rate against the sign of gradient + decay * weight."""
  config, examples = small_config(made)
  config = dataclasses.replace(config, weight_decay=1e6, learning_rate=0.01)
  trainer = training.Trainer(config, synthetic_actions.DIMENSION)
  before = [tf.identity(v).numpy() for v in trainer.network.trainable_variables]
  trainer._train_epoch(0, examples[:3])
  for old, variable in zip(before, trainer.network.trainable_variables, strict=True):
    # With such a decay the gradients, of length 1 at most, do not count where a weight is not about 0.
    moved = np.abs(old) > 1e-3
    np.testing.assert_allclose((tf.identity(variable).numpy() - old)[moved], -0.01 * np.sign(old[moved]), rtol=1e-3)


def test_gradients_are_clipped_together_before_the_l2(made, eagerly, monkeypatch):
  config, examples = small_config(made)

  def applied(**settings):
    """The gradients of all weights in the first step, in one vector."""
    trainer, seen = training.Trainer(dataclasses.replace(config, **settings), synthetic_actions.DIMENSION), []
    monkeypatch.setattr(
      training.compat, 'apply_gradients', lambda optimizer, gradients, variables: seen.append(gradients)
    )
    weights = np.concatenate([v.numpy().ravel() for v in trainer.network.trainable_variables])
    trainer._train_epoch(0, examples[:3])
    return np.concatenate([g.numpy().ravel() for g in seen[0]]), weights

  free, weights = applied(weight_decay=0.0, clip_norm=1e6)
  length = np.linalg.norm(free)
  clipped, _ = applied(weight_decay=0.0, clip_norm=float(length / 4))
  np.testing.assert_allclose(clipped, free / 4, rtol=1e-4, atol=1e-7 * length)
  np.testing.assert_array_equal(applied(weight_decay=0.0, clip_norm=float(2 * length))[0], free)
  decayed, _ = applied(weight_decay=10.0, clip_norm=float(length / 4))
  np.testing.assert_allclose(decayed - 10 * weights, clipped, atol=1e-5)


def test_a_training_that_diverges_ends_at_once(made, eagerly, monkeypatch, tmp_path):
  """It went on to the end, and the folder took no other rate."""
  monkeypatch.setattr(training.Trainer, '_train_epoch', lambda self, epoch, found: {'loss_start': float('nan')})
  config, examples = small_config(made)
  with pytest.raises(DivergedError, match='its losses in epoch 1 are .*nan'):
    training.Trainer(config, synthetic_actions.DIMENSION).train(str(tmp_path), examples)
  assert not (tmp_path / 'weights.index').exists()


@pytest.mark.parametrize(
  'wrong', [{'learning_rate': -1.0}, {'learning_rate': float('inf')}, {'gamma': 2.0}, {'weight_decay': -1.0}]
)
def test_impossible_settings_are_refused(made, wrong):
  with pytest.raises(ValueError, match='Localization needs'):
    dataclasses.replace(small_config(made)[0], **wrong)


def test_a_graph_of_more_neighbours_than_snippets_is_refused(made):
  config, _ = small_config(made)
  network = dataclasses.replace(config.network, neighbours=config.windows.length + 1)
  with pytest.raises(ValueError, match='GTAD.neighbours must be 1 to SnippetWindows.length'):
    dataclasses.replace(config, network=network)


def test_windows_without_a_whole_action_are_not_trained_on(made):
  config, _ = small_config(made)
  track = training.windows.Track('v', 0.0, 1.0, np.zeros([64, 2], np.float32))
  # Windows begin at 0, 16 and 32. The first action lies in the first two, half of the second one in the last.
  actions = {'v': np.array([[20.0, 30.0], [60.0, 68.0]])}
  found = training.examples([track], actions, config.windows)
  assert [(example.start, example.actions.tolist()) for example in found] == [(0, [[20, 30]]), (16, [[4, 14]])]
  with pytest.raises(ValueError, match='No window of 32 snippets holds more than 0.9'):
    training.examples([track], {'w': actions['v']}, config.windows)


def test_annotations_by_class_and_of_any_class(tmp_path):
  lines = {'CliffDiving': 'video_test_0000001 1 2\n', 'Diving': 'video_test_0000001 5 7\nvideo_test_0000001 1 2\n'}
  for label, text in {**lines, 'Ambiguous': 'video_test_0000002 3 4\n'}.items():
    (tmp_path / f'{label}_test.txt').write_text(text)
  found = corpus.read_annotations(str(tmp_path), 'test')
  assert {label: {v: a.tolist() for v, a in videos.items()} for label, videos in found.actions.items()} == {
    'CliffDiving': {'video_test_0000001': [[1, 2]]},
    'Diving': {'video_test_0000001': [[1, 2], [5, 7]]},
  }
  assert {v: a.tolist() for v, a in found.ambiguous.items()} == {'video_test_0000002': [[3, 4]]}
  assert {v: a.tolist() for v, a in found.of_any_class().items()} == {'video_test_0000001': [[1, 2], [5, 7]]}


def test_nothing_to_measure_on_is_said_before_the_training(made, tmp_path):
  annotations = shutil.copytree(made['annotations'], tmp_path / 'annotations')
  for label in synthetic_actions.CLASSES:
    (annotations / f'{label}_test.txt').write_text('')
  with pytest.raises(ValueError, match='has no action among its test annotations'):
    localize(made | {'annotations': str(annotations)}, tmp_path / 'out')
  assert not (tmp_path / 'out').exists()


def test_folders_that_cannot_be_used_are_named(made, tmp_path):
  records = corpus_records(made)
  with pytest.raises(FileNotFoundError, match='xdc extract-features --snippet_frames 16'):
    corpus.open_corpus(str(tmp_path), records)
  (tmp_path / 'DONE').touch()
  settings = json.loads((pathlib.Path(made['features']) / 'settings.json').read_text())
  for changed, message in (
    ({'snippets': None}, 'expected features of snippets'),
    ({'records': 'x'}, 'of other records'),
    ({}, 'official-0000000.npz is missing, and .* of the split official in all'),
  ):
    (tmp_path / 'settings.json').write_text(json.dumps(settings | changed))
    with pytest.raises(ValueError, match=message):
      corpus.open_corpus(str(tmp_path), records)


def test_a_folder_that_lacks_some_features_is_refused(made, tmp_path):
  """As of a copy that broke off: detectors were trained and measured on the rest."""
  shutil.copytree(made['features'], tmp_path / 'part')
  (tmp_path / 'part' / 'official-0000002.npz').unlink()
  with pytest.raises(ValueError, match='official-0000002.npz is missing, and 1 of the'):
    corpus.open_corpus(str(tmp_path / 'part'), corpus_records(made))


def test_what_extract_features_writes_can_be_opened(tmp_path):
  videos = {part: [synthetic_actions.make_video(i, part) for i in range(2)] for part in ('val', 'test')}
  # Sound alone, which is quick: 2 s.
  records = synthetic_actions.write_records(tmp_path / 'records', videos, seconds=2.0, frames_per_span=0)
  words = ['--records', records.directory, '--random', 'AudioResNet18', '--output_dir', str(tmp_path / 'features')]
  parsed = main.build_parser().parse_args(['extract-features', *words, '--snippet_frames', '16'])
  parsed.run(parsed)
  killed = tmp_path / 'features' / f'official-0000000.npz.tmp.{"0a" * 16}'  # What the command leaves that is killed.
  killed.write_bytes(b'')
  (tmp_path / 'features' / 'notes.tmp.txt').write_text('mine')
  parsed.run(parsed)
  assert not killed.exists() and (tmp_path / 'features' / 'notes.tmp.txt').exists()
  opened = corpus.open_corpus(str(tmp_path / 'features'), records)
  assert opened.snippets.frames == 16
  assert opened.videos(folds.TEST) == ['video_test_0000000', 'video_test_0000001']
  first, second = opened.tracks(folds.TRAIN)
  assert (first.video, second.video) == ('video_validation_0000000', 'video_validation_0000001')
  assert first.step == pytest.approx(5 / 30) and first.features.shape == (9, 512)
  # The first snippet's cell is 5 frames around its centre, the eighth frame; the factory's second record starts at 2 s.
  np.testing.assert_allclose([first.origin, second.origin], [5.5 / 30, 2 + 5.5 / 30], rtol=1e-6)


def test_a_video_without_features_is_missed_and_named(made, output, tmp_path, capsys):
  annotations = shutil.copytree(made['annotations'], tmp_path / 'annotations')
  with open(annotations / 'Jump_test.txt', 'a') as file:
    file.write('video_test_0000077 1.0 2.0\n')
  folder = shutil.copytree(output, tmp_path / 'out')
  before = json.loads((folder / 'results.json').read_text())
  results = localize(made | {'annotations': str(annotations)}, folder)
  assert results['missing_videos'] == ['video_test_0000077']
  assert results['map']['0.3'] < before['map']['0.3']
  assert '1 annotated test videos have no features' in capsys.readouterr().out


def test_a_run_keeps_its_settings(made, output, tmp_path):
  with pytest.raises(ValueError, match='another configuration:(.|\n)*Localization.epochs = 17'):
    localize(made, output, params=('Localization.epochs = 17',))
  with pytest.raises(ValueError, match='another configuration:(.|\n)*features: '):
    localize(made, output, features='shuffled')
  annotations = shutil.copytree(made['annotations'], tmp_path / 'annotations')
  with open(annotations / 'Jump_val.txt', 'a') as file:
    file.write('video_validation_0000000 1.0 2.0\n')
  with pytest.raises(ValueError, match='another configuration:(.|\n)*annotations: '):
    localize(made | {'annotations': str(annotations)}, output)
  with pytest.raises(strict_gin.ConfigurationError, match='Add --gin_file transfer/thumos14.gin'):
    configuration.load([], [], Localization)
    configuration.localization()
