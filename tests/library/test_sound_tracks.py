"""Of films with several sounds all steps take the one that the records were made of."""

import copy
import json
import pickle

import media_factory
import numpy as np
import pytest
import records_factory

import xdc_tf
from xdc_tf.media.media import MediaError, read_span
from xdc_tf.media.read_options import ReadOptions
from xdc_tf.models import AudioResNet18
from xdc_tf.records.inputs import AudioInput
from xdc_tf.records.schema import open_records
from xdc_tf.report import report_input
from xdc_tf.runs import weights_folder
from xdc_tf.training import checkpoints


@pytest.fixture(scope='module')
def film(tmp_path_factory):
  """A film of 4 s whose second sound is higher."""
  folder = tmp_path_factory.mktemp('films')
  low, high = (media_factory.write_video(folder / f'{pitch}.mkv', 4, pitch=pitch) for pitch in (440.0, 1500.0))
  return media_factory.remux([('video', low), ('audio', low), ('audio', high)], folder / 'both.mkv')


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
  """An encoder that was trained on records of second sounds."""
  folder = tmp_path_factory.mktemp('weights')
  records = records_factory.write_records(folder / 'records', frames_per_span=0)
  (folder / 'records/settings.json').write_text(json.dumps({'read_options': {'audio_track': '2'}}))
  assert (records.audio_track, open_records(str(folder / 'records')).audio_track) == ('2', '2')
  encoder = AudioResNet18(base_width=4, blocks_per_stage=1)
  encoder(np.zeros([1, 40, 100, 1], np.float32))
  checkpoints.save_weights(encoder, str(folder))
  weights_folder.write_info(str(folder), encoder, 'a test', AudioInput(), records)
  return folder


@pytest.mark.slow
@pytest.mark.parametrize('exported', [False, True])
def test_an_encoder_hears_what_its_records_held(film, weights, tmp_path, exported):
  folder = xdc_tf.export(weights, tmp_path)['audio'] if exported else weights
  encoder = xdc_tf.load(folder)

  def of_track(track, start):
    waveform = read_span(film, start, 4.0, ReadOptions(want_video=False, audio_track=track)).waveform
    return encoder.embed(waveform.reshape(-1, 32_000))

  first, second = of_track('1', 0.0), of_track('2', 0.0)
  assert np.abs(first - second).max() > 0.1 * np.abs(second).max()
  for track, expected in (('', second), ('1', first), ('2', second)):
    np.testing.assert_allclose(encoder.embed(film, audio_track=track).embeddings, expected, rtol=1e-4, atol=1e-4)
    at = encoder.embed_at(film, 2.0, track)  # Matroska's milliseconds make that another moment by a fraction of one.
    np.testing.assert_allclose(at, of_track(track or '2', 2.0)[0], rtol=1e-4, atol=1e-4)
  # Who counts from 0 got the default sound, and the first one for 1 too; whole strides gave whole times.
  with pytest.raises(MediaError, match="audio track '0' is wanted; it has track 1"):
    encoder.embed(film, audio_track=0)
  assert encoder.embed(film, stride_seconds=2).times.dtype == np.float64


def test_an_encoder_is_not_copied(weights):
  """A copy's functions held the original's model: what was trained on was not what embedded."""
  encoder = xdc_tf.load(weights)
  for copied in (copy.copy, copy.deepcopy, pickle.dumps):
    with pytest.raises(TypeError, match='cannot be copied or pickled. Load it again'):
      copied(encoder)
  assert {encoder: 1}[encoder] == 1


def test_a_report_plays_what_the_records_held(film):
  heard = report_input._read(film, 0.0, 2.0, '2').waveform
  spectrum = np.abs(np.fft.rfft(heard))
  assert spectrum.argmax() * 16_000 / len(heard) == pytest.approx(1500, abs=2)


def test_records_of_other_jobs_have_the_default_sound(tmp_path):
  assert records_factory.write_records(tmp_path, frames_per_span=0).audio_track == ''
