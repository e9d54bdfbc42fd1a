"""Labels of clips, and what is done where they are gone."""

import shutil

import pytest
import records_factory

from xdc_tf.manifest import manifest
from xdc_tf.records import human_labels


def test_a_manifest_that_is_gone_costs_the_labels_but_records_that_are_gone_are_an_error(tmp_path):
  """A disk that vanished for a moment left a clustering without its purity, marked as done."""
  records = records_factory.write_records(tmp_path / 'records', {'train': 3})
  rows = [('train', manifest.Row(0, str(i), '/a.mp4', labels=(records.label_names[i],))) for i in range(3)]
  made = manifest.write_manifest(records.manifest_directory, 'tiny', rows, label_names=records.label_names)
  assert human_labels.first_labels_if_any(records, 'train').tolist() == [0, 1, 2]
  shutil.move(made.directory, tmp_path / 'elsewhere')
  assert human_labels.first_labels_if_any(records, 'train') is None
  shutil.move(records.directory, tmp_path / 'gone')
  with pytest.raises(FileNotFoundError, match='does not exist; expected a manifest'):
    human_labels.first_labels_if_any(records, 'train')


def test_clips_of_several_labels_are_measured_on_the_first_with_a_warning(tmp_path, caplog):
  records = records_factory.write_records(tmp_path / 'records', {'train': 3})
  names = records.label_names
  rows = [('train', manifest.Row(0, str(i), '/a.mp4', labels=names[: i + 1])) for i in range(3)]
  manifest.write_manifest(records.manifest_directory, 'tiny', rows, label_names=names)
  with caplog.at_level('WARNING'):
    assert human_labels.first_labels(records, 'train').tolist() == [0, 0, 0]
    assert 'several labels' not in caplog.text
    assert human_labels.first_labels(records, 'train', warns=True).tolist() == [0, 0, 0]
    assert '2 of 3 clips of train' in caplog.text and 'of which the first counts alone' in caplog.text
    # Purity and NMI of a run, and its report, said nothing; of two clusterings the second need not say it again.
    caplog.clear()
    assert human_labels.first_labels_if_any(records, 'train').tolist() == [0, 0, 0]
    assert 'several labels' not in caplog.text
    human_labels._warn_of_several.cache_clear()
    human_labels.first_labels_if_any(records, 'train')
    assert 'of which the first counts alone' in caplog.text
