"""What looks into a finished run: xdc clusters-table, filters-figure, projector, and TensorBoard."""

import json
import types

import numpy as np
import pytest
import records_factory
import tensorflow as tf
from event_reader import read_events

from xdc_tf.cli import configuration, main
from xdc_tf.clustering.assignments import PseudoLabels
from xdc_tf.clustering.feature_store import FeatureStore
from xdc_tf.manifest import manifest
from xdc_tf.models import R2Plus1D18
from xdc_tf.report import conv1_filters
from xdc_tf.runs import weights_folder
from xdc_tf.training import checkpoints
from xdc_tf.training.trainer import EncoderTrainer

pytestmark = pytest.mark.slow

NAMES = ('cat', 'dog', 'owl')
BOTH_LABELS, UNLABELLED = 4, 7  # Training clips with two labels and with none.
TINY = (
  'num_video_clusters = 3', 'num_audio_clusters = 2', 'Pretraining.num_iterations = 1', 'R2Plus1D18.base_width = 4',
  'R2Plus1D18.blocks_per_stage = 1', 'AudioResNet18.base_width = 4', 'AudioResNet18.blocks_per_stage = 1',
  'VideoInput.num_frames = 2', 'VideoInput.crop_size = 16', 'Schedule.epoch_size = 128',
)  # fmt: skip


def xdc(*words: str) -> None:
  parsed = main.build_parser().parse_args([*words])
  parsed.run(parsed)


def labels_of(index: int) -> tuple[str, ...]:
  if index == UNLABELLED:
    return ()
  return ('cat', 'dog') if index == BOTH_LABELS else (NAMES[index % 3],)


@pytest.fixture(scope='module')
def run_dir(tmp_path_factory):
  folder = tmp_path_factory.mktemp('seen')
  records = records_factory.write_records(folder / 'records', frames_per_span=4)
  rows = [
    (split, manifest.Row(0, f'{split}{i}', f'films/{split}\t{i}.mp4', start_seconds=2.5 * i, labels=labels_of(i)))
    for split, number in records_factory.SPLITS.items()
    for i in range(number)
  ]
  manifest.write_manifest(records.manifest_directory, 'tiny', rows, label_names=NAMES)
  bindings = [word for binding in TINY for word in ('--gin_param', binding)]
  path = str(folder / 'run')

  def learn_something(trainer, folder, *_):
    """Real training would take most of the time of these tests."""
    for variable in trainer.encoder.trainable_variables:
      variable.assign(variable * (0.9 + 0.2 * (np.arange(variable.shape[-1]) % 2)))
    trainer.save(folder)

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(EncoderTrainer, 'train', learn_something)
    xdc('pretrain', '--records', records.directory, '--run_dir', path, '--gin_file', 'methods/xdc.gin', *bindings)
  return path


def clusters(run_dir, name, iteration=1):
  return PseudoLabels.load(f'{run_dir}/iteration-{iteration:02d}/clusters/{name}/train', 12).labels


@pytest.mark.stack
def test_tensorboard_has_the_clusters_of_every_iteration(run_dir):
  for name in ('audio', 'video'):
    events = read_events(f'{run_dir}/tensorboard/clusters/{name}')
    assert [step for step, _ in events['cluster_sizes']] == [0, 1]
    for iteration, buckets in events['cluster_sizes']:
      sizes = np.bincount(clusters(run_dir, name, iteration))
      assert (buckets[0, 0], buckets[-1, 1], buckets[:, 2].sum()) == (sizes.min(), sizes.max(), len(sizes))
      with open(f'{run_dir}/iteration-{iteration:02d}/clusters/{name}/metrics.json') as file:
        numbers = json.load(file)
      assert {'purity', 'mean_squared_distance', 'largest_cluster'} < set(numbers)
      for measure, value in numbers.items():
        assert dict(events[measure])[iteration] == pytest.approx(value)
  assert [step for step, _ in read_events(f'{run_dir}/tensorboard/clusters')['train_nmi_between/audio-video']] == [0, 1]


@pytest.mark.stack
def test_clusters_table(run_dir, capsys):
  xdc('clusters-table', '--run_dir', run_dir, '--format', 'json', '--concepts', '3')
  found = json.loads(capsys.readouterr().out)
  assert list(found) == ['audio', 'video']
  for name, listed in found.items():
    of_clips = clusters(run_dir, name)
    assert sorted(row['cluster'] for row in listed) == sorted(set(of_clips.tolist()))
    for row in listed:
      labels = [labels_of(i) for i in range(12) if of_clips[i] == row['cluster'] and i != UNLABELLED]
      counts = {concept: sum(concept in of_clip for of_clip in labels) for concept in NAMES}
      expected = {concept: count / len(labels) for concept, count in counts.items() if count}
      assert {c['concept']: c['share'] for c in row['concepts']} == pytest.approx(expected)
      assert row['purity'] == pytest.approx(max(expected.values(), default=0) or None)
  xdc('clusters-table', '--run_dir', run_dir, '--top', '1', '--concepts', '1', '--iteration', '0')
  lines = capsys.readouterr().out.splitlines()
  assert lines[0].startswith(
    'Top and bottom 1 audio (left) and video (right) clusters ranked by clustering purity w.r.t. tiny'
  )
  assert [cell.strip() for cell in lines[2].split('|')] == ['', '#', 'tiny concepts', '#', 'tiny concepts', '']
  assert [line.split('|')[3].strip() for line in lines[4:]] == ['1', '3']
  xdc('clusters-table', '--run_dir', run_dir, '--format', 'csv')
  assert capsys.readouterr().out.startswith('clustering,rank,cluster,clips,labelled_clips,concept,share\naudio,1,')
  with pytest.raises(ValueError, match='has no iteration 2: give 0 to 1'):
    xdc('clusters-table', '--run_dir', run_dir, '--iteration', '2')
  with pytest.raises(ValueError, match='at least 1'):
    xdc('clusters-table', '--run_dir', run_dir, '--top', '0')


def test_a_table_needs_labels(run_dir, monkeypatch):
  opened = configuration.open_run(run_dir)
  records = types.SimpleNamespace(label_names=(), directory='some/records')
  monkeypatch.setattr(configuration, 'open_run', lambda _: types.SimpleNamespace(records=records, config=opened.config))
  with pytest.raises(ValueError, match='some/records have no labels'):
    xdc('clusters-table', '--run_dir', run_dir)


@pytest.mark.stack
def test_filters_figure(run_dir, tmp_path, capsys, monkeypatch):
  drawn = []
  monkeypatch.setattr(conv1_filters, 'draw', lambda rows, path: drawn.append((rows, path)))
  weights, output = str(tmp_path / 'weights'), str(tmp_path / 'filters.png')
  imported = R2Plus1D18(base_width=4, blocks_per_stage=1, seed=7)
  weights_folder.save(weights, imported, 'r2plus1d.pth', 64 * 'a')
  xdc('filters-figure', '--run_dir', run_dir, '--weights', weights, '--output', output)
  xdc('filters-figure', '--run_dir', run_dir, '--encoder', 'video', '--iteration', '0', '--output', output)
  assert capsys.readouterr().out == f'{output}: 5 panels.\n{output}: 2 panels.\n'
  (all_of_them, path), (first, _) = drawn
  assert path == output
  assert [title for title, _ in all_of_them + first] == [
    'audio encoder, final (AudioResNet18)', 'video encoder, final (R2Plus1D18)', 'r2plus1d.pth (R2Plus1D18)',
    'video encoder, iteration 0 (R2Plus1D18)',
  ]  # fmt: skip
  final, initial = R2Plus1D18(base_width=4, blocks_per_stage=1), R2Plus1D18(base_width=4, blocks_per_stage=1)
  checkpoints.load_weights(final, f'{run_dir}/iteration-00/train/video')
  checkpoints.load_weights(initial, f'{run_dir}/initial/video')
  for (_, panels), encoder in zip((all_of_them[1], all_of_them[2], first[0]), (final, imported, initial), strict=True):
    for panel, expected in zip(panels, conv1_filters.panels(encoder), strict=True):
      np.testing.assert_array_equal(panel.picture, expected.picture)
  with pytest.raises(ValueError, match="has no encoder 'sound'. It has audio, video"):
    xdc('filters-figure', '--run_dir', run_dir, '--encoder', 'sound', '--output', output)
  for words in ([], ['--weights', weights, '--encoder', 'video']):
    with pytest.raises(ValueError, match='Give --run_dir, --weights or both'):
      xdc('filters-figure', '--output', output, *words)


@pytest.mark.stack
def test_projector(run_dir, tmp_path, capsys):
  xdc('projector', '--run_dir', run_dir, '--thumbnails')
  folder = f'{run_dir}/tensorboard/projector'
  said = 'The features of audio and video in iteration-01, training clips: all 12.'
  assert capsys.readouterr().out == f'{said} tensorboard --logdir {folder}\n'
  assert [(step, text.tolist()) for step, text in read_events(folder)['projector']] == [(0, said.encode())]
  with open(f'{folder}/metadata.tsv') as file:
    rows = [line.split('\t') for line in file.read().splitlines()]
  assert rows[0] == ['clip', 'audio cluster', 'video cluster', 'video', 'start', 'label']
  assert [row[0] for row in rows[1:]] == [str(i) for i in range(12)]
  for column, name in ((1, 'audio'), (2, 'video')):
    assert [int(row[column]) for row in rows[1:]] == clusters(run_dir, name).tolist()
    blocks = FeatureStore(f'{run_dir}/iteration-01/features/{name}', 'train').blocks(9)
    index, features = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    np.testing.assert_array_equal(np.loadtxt(f'{folder}/{name}.tsv', dtype=np.float16), features[np.argsort(index)])
  assert rows[1 + BOTH_LABELS][3:] == ['train 4.mp4', '10.0', 'cat, dog'] and rows[1 + UNLABELLED][5] == ''
  assert tf.io.decode_png(tf.io.read_file(f'{folder}/sprite.png')).shape == (4 * 48, 4 * 48, 3)

  xdc('projector', '--run_dir', run_dir, '--max_clips', '5', '--output_dir', str(tmp_path), '--iteration', '0')
  assert 'in iteration-00, training clips: 5 of 12, drawn at random' in capsys.readouterr().out
  assert len((tmp_path / 'metadata.tsv').read_text().splitlines()) == 6
