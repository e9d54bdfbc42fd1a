"""Jobs that are begun in a notebook."""

import pytest


@pytest.mark.stack
def test_what_beam_imports_in_a_notebook_can_be_imported():
  """There, and only there, every job imports Beam's dataframes, which failed with pandas 3."""
  import apache_beam.dataframe.frames  # noqa: F401
