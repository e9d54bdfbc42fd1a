"""The whole road on videos that the test makes: files -> clips -> pretraining -> SavedModels -> report -> embeddings."""

import json
import os

import media_factory
import numpy as np
import pytest
import tensorflow as tf
from absl import logging
from tiny_encoders import folded_weights

from xdc_tf import lease
from xdc_tf.cli import main
from xdc_tf.models import import_weights

TINY = {
  'num_video_clusters': 3,
  'num_audio_clusters': 3,
  'Pretraining.num_iterations': 1,
  'R2Plus1D18.base_width': 4,
  'R2Plus1D18.blocks_per_stage': 1,
  'AudioResNet18.base_width': 4,
  'AudioResNet18.blocks_per_stage': 1,
  'VideoInput.crop_size': 16,
  'VideoInput.short_side': 20,
  'Schedule.epoch_size': 16,
  'Schedule.batch_size': 8,
  'Schedule.total_epochs': 1,
}


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
  folder = tmp_path_factory.mktemp('videos')
  for number, pitch in enumerate((220.0, 440.0, 1500.0)):
    media_factory.write_video(folder / f'{number}.mp4', seconds=12, frame_rate=15, size=(64, 48), pitch=pitch)
  (folder / 'broken.mp4').write_bytes(b'this is not a video')
  return folder


def xdc(*words: str) -> None:
  parsed = main.build_parser().parse_args([*words])
  parsed.run(parsed)


@pytest.mark.slow
def test_a_demo_that_cannot_start_takes_no_folder(videos, tmp_path):
  output = tmp_path / 'demo'
  with pytest.raises(FileNotFoundError, match='does not exist'):
    xdc('demo', '--video', str(videos / 'missing.mp4'), '--output_dir', str(output))
  assert not output.exists()
  output.mkdir()
  (output / 'precious').write_text('not a demo')
  with pytest.raises(ValueError, match='no folder of a demo'):
    xdc('demo', '--video', str(videos), '--output_dir', str(output))
  short = tmp_path / 'short.mp4'
  media_factory.write_video(short, seconds=4, frame_rate=15, size=(64, 48))
  # Two at once would delete each other's exports.
  busy = tmp_path / 'busy'
  with lease.held(str(busy)), pytest.raises(lease.LeaseError, match='is being filled by process'):
    xdc('demo', '--video', str(short), '--output_dir', str(busy))
  # A demo that could not start leaves its folder for the next try.
  for video in (__file__, str(short)):
    complaint = 'too short for the demo, which needs 5 spans' if video == str(short) else 'cannot be read as a video'
    with pytest.raises(ValueError, match=complaint):
      xdc('demo', '--video', video, '--output_dir', str(tmp_path / 'other'))


def files_of(folder) -> dict[str, float]:
  """The modification time of every file that a finished demo should not write again."""
  times = {}
  for parent, _, names in os.walk(folder):
    times |= {os.path.join(parent, name): os.path.getmtime(os.path.join(parent, name)) for name in names}
  return {
    path: t
    for path, t in times.items()
    if os.path.basename(path) not in ('summary.json', 'run.json', 'operative_config.gin')
  }


@pytest.mark.slow
@pytest.mark.stack
def test_the_demo_on_own_videos_and_once_more(videos, tmp_path, capfd, caplog):
  logging.set_verbosity(logging.INFO)
  output = tmp_path / 'demo'
  words = ['demo', '--video', str(videos), '--output_dir', str(output)]
  words += [word for name, value in TINY.items() for word in ('--gin_param', f'{name} = {value}')]
  xdc(*words)

  summary = json.loads((output / 'summary.json').read_text())
  assert [row['iteration'] for row in summary['iterations']] == [0, 1]
  for row in summary['iterations']:
    assert all(0 <= value <= 1 for name, value in row.items() if name != 'iteration')
  failed = [json.loads(line) for line in (output / 'records' / 'failed_videos.jsonl').read_text().splitlines()]
  assert [(row['reason'], os.path.basename(row['path'])) for row in failed] == [('unreadable', 'broken.mp4')]
  pages = list((output / 'report' / 'pages').iterdir())
  assert len(pages) == 6
  text = ''.join(page.read_text() for page in pages)
  assert '0:02 0.mp4' in text or '0:04 0.mp4' in text
  assert 'random weights' in text and 'class="reason"' not in text
  assert 'nmi' in (output / 'report' / 'index.html').read_text()
  assert 'R2Plus1D18.base_width = 4' in (output / 'run' / 'operative_config.gin').read_text()

  assert not list(output.glob('run/*/train/*/checkpoints'))  # Only an interrupted stage needs them.

  before = files_of(output)
  capfd.readouterr()
  caplog.clear()
  xdc(*words)
  assert files_of(output) == before
  printed = ''.join(capfd.readouterr()) + caplog.text
  for sentence in ('is finished already', 'done before, not done again', 'exported before', 'made before'):
    assert sentence in printed, sentence

  for modality in ('video', 'audio'):
    vectors = tmp_path / f'{modality}.npz'
    model = str(output / 'saved_models' / f'xdc_{modality}' / '1')
    xdc('embed', str(videos / '1.mp4'), '--saved_model', model, '--output', str(vectors))
    with np.load(vectors) as saved:
      np.testing.assert_array_equal(saved['start_seconds'], [0, 2, 4, 6, 8, 10])
      assert saved['embeddings'].shape == (6, 32)
      assert np.isfinite(saved['embeddings']).all()

  for modality in ('video', 'audio'):
    weights = str(tmp_path / f'{modality}.pth')
    xdc('export-weights', '--run_dir', str(output / 'run'), '--encoder', modality, '--output', weights)
    encoder = import_weights.import_weights(import_weights.read_checkpoint(weights))
    saved = tf.saved_model.load(str(output / 'saved_models' / f'xdc_{modality}' / '1')).weights
    # A SavedModel keeps its weights in the order of their use.
    assert sorted(float(tf.reduce_sum(v)) for v in saved) == sorted(
      float(tf.reduce_sum(v)) for v in folded_weights(encoder)
    )

  with pytest.raises(ValueError, match='Give another --output_dir'):
    xdc('demo', '--video', str(videos / '1.mp4'), '--output_dir', str(output))
