import export_cases
import pytest
import tf_serving_form


@pytest.fixture(scope='session')
def video(tmp_path_factory):
  return export_cases.export('video', str(tmp_path_factory.mktemp('models') / 'xdc_video'))


@pytest.fixture(scope='session')
def audio(tmp_path_factory):
  return export_cases.export('audio', str(tmp_path_factory.mktemp('models') / 'xdc_audio'))


@pytest.fixture(scope='session')
def servables(video, audio):
  """Both models as a server holds them."""
  return {'xdc_video': tf_serving_form.Servable(video.path), 'xdc_audio': tf_serving_form.Servable(audio.path)}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
  """Servers of these tests are on this machine, whatever proxy the environment names."""
  monkeypatch.setenv('no_proxy', '127.0.0.1')
