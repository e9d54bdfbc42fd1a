"""xdc embed's cutting of a video into clips, with a reader of a made-up film whose every frame and sample is known."""

import functools
import shutil

import media_factory
import numpy as np
import pytest
import tensorflow as tf
from made_up_film import FRAME_RATE, film

from xdc_tf.cli import embed as cli_embed
from xdc_tf.media import media
from xdc_tf.media.media import MediaError
from xdc_tf.models import AudioResNet18, R2Plus1D18
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.serving.clips import LeftOut
from xdc_tf.serving.embed import embed_video
from xdc_tf.serving.export import export_audio, export_video

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def video_model(tmp_path_factory):
  folder = tmp_path_factory.mktemp('models') / 'xdc_video'
  return export_video(
    R2Plus1D18(base_width=4, blocks_per_stage=1), VideoInput(num_frames=8, crop_size=24), 32, str(folder)
  )


@pytest.fixture(scope='module')
def audio_model(tmp_path_factory):
  folder = tmp_path_factory.mktemp('models') / 'xdc_audio'
  return export_audio(AudioResNet18(base_width=4, blocks_per_stage=1), AudioInput(), LogMelSpec(), str(folder))


@functools.cache
def signature(model: str):
  return tf.saved_model.load(model).signatures['embed']


def test_video_clips_start_every_stride_and_are_whole(video_model):
  read_span, frames, _, asked = film(3.0)
  starts, embeddings = embed_video('film.mp4', video_model, read_span, stride_seconds=0.7, batch_size=3)
  # The last whole clip of 8 frames starts before 3.0 - 8/30 = 2.73 s.
  np.testing.assert_allclose(starts, [0, 0.7, 1.4, 2.1], atol=1e-9)
  assert embeddings.shape == (4, 32)
  embed = signature(video_model)
  for start, embedding in zip(starts, embeddings, strict=True):
    first = round(start * FRAME_RATE)
    expected = embed(jpegs=tf.constant([frames[first : first + 8]]))['embedding'][0]
    np.testing.assert_allclose(embedding, expected, rtol=1e-4, atol=1e-6)
  assert asked[0] == (0.0, pytest.approx(13 * 0.7 + 8 / 30), True, False)


def test_a_long_film_is_read_ten_seconds_at_a_time(video_model):
  read_span, _, _, asked = film(25.0)
  starts, _ = embed_video('film.mp4', video_model, read_span, stride_seconds=2.0, batch_size=4)
  np.testing.assert_allclose(starts, np.arange(13) * 2.0)
  assert [start for start, *_ in asked] == [0.0, 10.0, 20.0]
  assert max(end - start for start, end, *_ in asked) < 10


def test_a_film_that_ends_between_two_reads(video_model):
  read_span, _, _, asked = film(10.0)
  starts, _ = embed_video('film.mp4', video_model, read_span, stride_seconds=2.0)
  np.testing.assert_allclose(starts, [0, 2, 4, 6, 8])
  assert [start for start, *_ in asked] == [0.0, 10.0]


def test_a_video_shorter_than_a_clip_loops(video_model):
  read_span, frames, _, _ = film(0.1)
  starts, embeddings = embed_video('film.mp4', video_model, read_span)
  looped = [frames[i] for i in (0, 1, 2, 0, 1, 2, 0, 1)]
  embed = signature(video_model)
  np.testing.assert_array_equal(starts, [0])
  np.testing.assert_allclose(embeddings, embed(jpegs=tf.constant([looped]))['embedding'], rtol=1e-5, atol=1e-6)


def test_audio_clips_are_two_seconds(audio_model):
  read_span, _, waveform, asked = film(5.0)
  starts, embeddings = embed_video('film.mp4', audio_model, read_span, stride_seconds=1.5, batch_size=2)
  np.testing.assert_allclose(starts, [0, 1.5, 3.0])
  embed = signature(audio_model)
  clips = np.stack([waveform[first : first + 32000] for first in (0, 24000, 48000)])
  np.testing.assert_allclose(embeddings, embed(waveform=clips)['embedding'], rtol=1e-4, atol=1e-6)
  assert asked[0][2:] == (False, True)


def test_a_short_sound_is_one_clip(audio_model):
  read_span, _, waveform, _ = film(0.5)
  starts, embeddings = embed_video('film.mp4', audio_model, read_span)
  embed = signature(audio_model)
  np.testing.assert_array_equal(starts, [0])
  np.testing.assert_allclose(embeddings, embed(waveform=waveform[None])['embedding'], rtol=1e-5, atol=1e-6)


def test_errors_of_the_reader_pass_through(video_model):
  read_span = film(0.0)[0]
  with pytest.raises(MediaError) as error:
    embed_video('film.mp4', video_model, read_span)
  assert error.value.reason == 'empty_span'


def test_bad_arguments_are_named(video_model, tmp_path):
  read_span = film(1.0)[0]
  with pytest.raises(ValueError, match='must be positive and finite. Received: stride_seconds=0.0, batch_size=8'):
    embed_video('film.mp4', video_model, read_span, stride_seconds=0.0)
  with pytest.raises(FileNotFoundError, match='Expected a version folder'):
    embed_video('film.mp4', str(tmp_path), read_span)


# Damaged places.


@pytest.fixture(scope='module')
def real_film(tmp_path_factory):
  """A film whose header says how long it is: 40 s."""
  return media_factory.write_video(
    tmp_path_factory.mktemp('film') / 'film.mp4', 40, size=(32, 32), audio_rate=None, gop=30
  )


def damaged(read_span, first, last):
  """A reader to which the film is broken from `first` to `last` seconds."""

  def read(path, start, end, options):
    if start < last and first < end:
      raise MediaError('truncated', f'broken at {first} s')
    return read_span(path, start, end, options)

  return read


def test_a_model_that_was_cut_off_is_named(video_model, tmp_path):
  """TensorFlow's own errors name no file, and one of them is an IndexError."""
  for name in ('variables/variables.data-00000-of-00001', 'variables/variables.index', 'saved_model.pb'):
    copy = tmp_path / name.replace('/', '-') / '1'
    shutil.copytree(video_model, copy)
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=rf'^{copy} is damaged \(.*\)\. Copy it again'):
      embed_video('film.mp4', str(copy), film(3.0)[0])


def test_a_damaged_place_costs_the_clips_that_lie_there(video_model, real_film):
  """xdc embed stopped at the first one and wrote nothing, where the job that makes clips loses two."""
  left_out = LeftOut()
  read_span = damaged(media.read_span, 13.0, 16.1)
  starts, embeddings = embed_video(real_film, video_model, read_span, left_out=left_out)
  assert starts.tolist() == [2.0 * i for i in range(20) if 2 * i not in (14, 16)] and len(embeddings) == 18
  assert left_out.starts == [14.0, 16.0]
  assert left_out.summary(18).startswith('2 of 20 clips could not be embedded and are left out, at 14, 16 s: truncated')


def test_a_damaged_end_is_the_end(video_model, real_film):
  left_out = LeftOut()
  starts, _ = embed_video(real_film, video_model, damaged(media.read_span, 35.0, 99.0), left_out=left_out)
  assert starts.tolist() == [2.0 * i for i in range(18)] and left_out.starts == [36.0, 38.0]


def test_a_film_that_is_mostly_damaged_is_an_error(video_model, real_film):
  with pytest.raises(MediaError, match='truncated'):
    embed_video(real_film, video_model, damaged(media.read_span, 12.0, 99.0))


def test_embeddings_are_not_written_under_another_kind_of_name(tmp_path):
  """An .npz archive called a.csv was no table."""
  cli_embed.check_output(None)
  cli_embed.check_output(str(tmp_path / 'a.npz'))
  with pytest.raises(ValueError, match=f'^output is {tmp_path}/a.csv, .* ends in .npz'):
    cli_embed.check_output(str(tmp_path / 'a.csv'))
