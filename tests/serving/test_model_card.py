"""The model card, and where an export says that its code comes from."""

import json
import pathlib
import subprocess

import pytest

import xdc_tf
from xdc_tf.serving import provenance
from xdc_tf.serving.model_card import model_card

GIT = ('git', '-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'commit.gpgsign=false')


@pytest.fixture
def metadata(video):
  return json.loads((pathlib.Path(video.path) / 'assets.extra' / 'metadata.json').read_text())


def test_the_card_of_an_export_without_a_run(video, metadata):
  card = (pathlib.Path(video.path) / 'assets.extra' / 'model_card.md').read_text()
  assert card == model_card('xdc_video', metadata)
  assert 'which of 7 clusters a clip is closest to' in card
  row = '| `embed_frames` | `frames` uint8 [any, any, any, any, 3] | `embedding` float32 [any, 32] |'
  assert row in card.splitlines()
  assert 'Not stated by whoever exported the model.' in card
  assert '## Numbers' not in card
  assert f'xdc-tf {xdc_tf.__version__}' in card


def test_the_card_of_imported_weights_names_the_file(metadata):
  card = model_card('xdc_video', metadata | {'weights': 'r2plus1d_18.pth', 'sha256': 'abc123'})
  assert 'The weights come from r2plus1d_18.pth (SHA-256 abc123).' in card


def git(folder, *words) -> str:
  return subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_is_that_of_a_checkout_that_tracks_the_package(tmp_path, monkeypatch):
  package = tmp_path / 'xdc_tf'
  package.mkdir()
  monkeypatch.setattr(provenance.xdc_tf, '__file__', str(package / '__init__.py'))
  (package / '__init__.py').write_text('')
  assert provenance.commit() is None  # No checkout at all.
  git(tmp_path, 'init')
  assert provenance.commit() is None  # Somebody else's checkout, in which the package is installed.
  git(tmp_path, 'add', '.')
  git(tmp_path, 'commit', '-m', 'first')
  head = git(tmp_path, 'rev-parse', 'HEAD')
  assert provenance.commit() == head
  (package / '__init__.py').write_text('changed')
  assert provenance.commit() == f'{head}+changes'


def test_without_git_there_is_no_commit(monkeypatch):
  monkeypatch.setenv('PATH', '')
  assert provenance.commit() is None
