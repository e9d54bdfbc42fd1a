"""The records of the tests of the reader."""

import pytest
import records_factory
from reader_cases import MISSING


@pytest.fixture(scope='session')
def records(tmp_path_factory):
  return records_factory.write_records(
    tmp_path_factory.mktemp('records'),
    splits={'train': 23, 'validation': 5},
    frames_per_span=12,
    seconds=0.5,
    missing=MISSING,
  )
