"""A film that several tests read."""

import media_factory
import pytest


@pytest.fixture(scope='session')
def film(tmp_path_factory):
  return media_factory.write_video(tmp_path_factory.mktemp('film') / 'film.mp4', seconds=6)
