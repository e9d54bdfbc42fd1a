"""That XDC learns: the whole road on a few hundred clips of AV digits (synthetic), beside the control with shuffled labels."""

import pytest
from digits_learning import BUDGET, assert_has_learned, make_records, nmi_with_digits, start_pretraining

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
  """Returns the run directories of XDC and of the control."""
  folder = tmp_path_factory.mktemp('learning')
  records = make_records(folder)
  methods = ('xdc', 'shuffled_xdc')
  processes = {method: start_pretraining(method, records, folder / method) for method in methods}
  for method, process in processes.items():
    assert process.wait() == 0, (folder / f'{method}.log').read_text()[-2000:]
  return {method: str(folder / method) for method in methods}


def test_xdc_learns_digits_from_the_other_modality_alone(runs):
  assert nmi_with_digits(runs['xdc'], 0)['video'] < 0.15
  assert_has_learned(runs['xdc'])


def test_it_does_not_when_the_labels_belong_to_other_clips(runs):
  assert nmi_with_digits(runs['shuffled_xdc'], BUDGET['Pretraining.num_iterations'])['video'] < 0.15
  with pytest.raises(AssertionError):
    assert_has_learned(runs['shuffled_xdc'])


def test_the_difference_is_made_by_the_labels_alone(runs):
  # The same weights, the same features and the same clusters to begin with.
  first = {method: nmi_with_digits(run_dir, 0) for method, run_dir in runs.items()}
  assert first['xdc'] == first['shuffled_xdc']
