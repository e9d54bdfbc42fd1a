import export_cases
import pytest


@pytest.fixture(scope='session')
def video(tmp_path_factory):
  return export_cases.export('video', str(tmp_path_factory.mktemp('models') / 'xdc_video'))


@pytest.fixture(scope='session')
def audio(tmp_path_factory):
  return export_cases.export('audio', str(tmp_path_factory.mktemp('models') / 'xdc_audio'))
