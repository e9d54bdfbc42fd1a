"""docs/search_a_film.ipynb, cell by cell without Jupyter, on a film of two scenes that come again: what is found is known."""

import json
import pathlib
import sys
import types

import media_factory
import numpy as np
import pytest

pytestmark = pytest.mark.slow

NOTEBOOK = json.loads((pathlib.Path(__file__).resolve().parent.parent.parent / 'docs/search_a_film.ipynb').read_text())
SCENE_SECONDS, NUM_SCENES = 6, 4  # Bright and low, dark and high, bright and low ...
FRAME_RATE = 15


def scene_of(seconds) -> np.ndarray:
  return np.asarray(seconds) // SCENE_SECONDS % 2


def write_film(path) -> str:
  random = np.random.default_rng(0)
  pictures = [np.full((64, 96, 3), (220, 200, 40), np.uint8), random.integers(0, 120, (64, 96, 3)).astype(np.uint8)]
  times = np.arange(SCENE_SECONDS * NUM_SCENES * FRAME_RATE) / FRAME_RATE

  def sound(seconds):
    low, high = media_factory.tone(300.0)(seconds), 0.3 * random.normal(size=len(seconds)).clip(-1, 1)
    return np.where(scene_of(seconds) == 0, low, high)

  # No two frames are the same, or k-means would find fewer moments than it is to make clusters of.
  images = [pictures[int(scene_of(t))] + random.integers(0, 30, (64, 96, 3)).astype(np.uint8) for t in times]
  return media_factory.write_video(
    path, len(times) / FRAME_RATE, FRAME_RATE, (96, 64), images=images, sound=sound, audio_rate=16_000, layout='mono'
  )


@pytest.fixture(scope='module')
def ran(video, audio, tmp_path_factory):
  """The names that the cells leave, the pictures they show and the sounds they play."""
  film = write_film(tmp_path_factory.mktemp('film') / 'film.mp4')
  shown, played = [], []
  ipython, in_jupyter = types.ModuleType('IPython'), types.ModuleType('IPython.display')
  ipython.get_ipython, ipython.version_info = lambda: None, (9, 0)  # Matplotlib asks.
  in_jupyter.Audio = lambda waveform, rate, normalize: played.append((waveform, rate))
  in_jupyter.display = lambda shown: None
  names = {}
  with pytest.MonkeyPatch.context() as patch:
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    patch.setitem(sys.modules, 'IPython', ipython)
    patch.setitem(sys.modules, 'IPython.display', in_jupyter)
    patch.setattr(plt, 'show', lambda: (shown.append(plt.gcf()), plt.close()))
    settings, *cells = (''.join(cell['source']) for cell in NOTEBOOK['cells'] if cell['cell_type'] == 'code')
    exec(settings, names)
    names |= {'VIDEO_MODEL': video.path, 'AUDIO_MODEL': audio.path, 'FILM': film, 'QUERY_FILM': film}
    names |= {'QUERY_SECONDS': 8.0, 'STRIDE_SECONDS': 1.0, 'NUM_FOUND': 4}
    for cell in cells:
      exec(cell, names)
  return types.SimpleNamespace(names=names, shown=shown, played=played)


@pytest.mark.parametrize(('found', 'starts'), [('found_by_sight', 'seen_at'), ('found_by_sound', 'heard_at')])
def test_the_moments_found_are_of_the_scene_that_comes_again(ran, found, starts):
  moments = ran.names[starts][ran.names[found]]
  assert len(moments) == 4
  assert (np.abs(moments - 8.0) >= 10).all()
  assert set(scene_of(moments)) == {scene_of(8.0)}


def test_a_kind_of_sound_leads_to_the_pictures_that_come_with_it(ran):
  moments = ran.names['seen_at'][ran.names['found_by_clusters']]
  assert len(moments) >= 1
  assert set(scene_of(moments)) == {scene_of(8.0)}
  met = ran.names['met']
  assert met.sum() == min(len(ran.names['seen_at']), len(ran.names['heard_at']))
  # Every sound has its pictures: of each row of times_chance, weighted by how often the pictures come, the mean is 1.
  pictures = met.sum(axis=0) / met.sum()
  there = met.sum(axis=1) > 0
  np.testing.assert_allclose((ran.names['times_chance'] @ pictures)[there], 1.0)


def test_a_query_has_the_vector_of_its_moment(ran):
  for query, vectors, starts in (('seen_query', 'sights', 'seen_at'), ('heard_query', 'sounds', 'heard_at')):
    place = list(ran.names[starts]).index(8.0)
    np.testing.assert_allclose(ran.names[query], ran.names[vectors][place], rtol=1e-4, atol=1e-5)


def test_frames_are_shown_and_sounds_played(ran):
  assert [len(figure.axes) for figure in ran.shown[:2]] == [5, 5]
  assert len(ran.shown) == 3
  query_frame = ran.shown[0].axes[0].images[0].get_array()
  assert query_frame.shape[0] == 180 and query_frame.mean() < 100  # Of the dark scene.
  assert ran.shown[0].axes[0].get_title() == 'query\n0:08.0'
  assert [(len(waveform), rate) for waveform, rate in ran.played] == [(32_000, 16_000)] * 5


def test_the_notebook_stores_no_outputs():
  for cell in NOTEBOOK['cells']:
    if cell['cell_type'] == 'code':
      assert cell['outputs'] == [] and cell['execution_count'] is None
