"""The records of the tests of training."""

import pytest
import records_factory


@pytest.fixture(scope='session')
def records(tmp_path_factory):
  return records_factory.write_records(tmp_path_factory.mktemp('records'), frames_per_span=8)
