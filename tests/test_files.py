"""Files that others read."""

import json
import os

import numpy as np
import pytest

from xdc_tf import files


def test_json_has_null_where_a_number_is_not_finite(tmp_path):
  """NaN and Infinity are Python's own: browsers and jq refuse the file."""
  path = str(tmp_path / 'a.json')
  value = {'a': float('nan'), 'b': [1.5, float('-inf'), {'c': np.float64('nan')}], 'd': ('x', 2), 'e': 0.1 + 0.2}
  files.write_json(path, value)
  expected = {'a': None, 'b': [1.5, None, {'c': None}], 'd': ['x', 2], 'e': 0.1 + 0.2}
  assert files.read_json(path) == expected

  def refuse(constant):
    raise AssertionError(constant)

  json.loads((tmp_path / 'a.json').read_text(), parse_constant=refuse)


@pytest.mark.parametrize('contents', [b'{"a": 1', b'\xff\xfe{}', b'[' * 100_000, b''])
def test_what_is_not_json_is_named(contents, tmp_path):
  path = tmp_path / 'a.json'
  path.write_bytes(contents)
  with pytest.raises(ValueError, match=rf'^{path} is not (valid JSON|text in UTF-8) '):
    files.read_json(str(path))


def test_damage_anywhere_in_arrays_is_named(tmp_path):
  """Every byte of the header, one after another: NumPy raises whatever its parser of Python does."""
  path = tmp_path / 'a.npy'
  files.write_array(str(path), np.arange(3, dtype=np.int64))
  whole = path.read_bytes()
  for place in range(128):
    for damaged in (whole[:place] + bytes([whole[place] ^ 8]) + whole[place + 1 :], whole[:place] + bytes(128 - place)):
      path.write_bytes(damaged)
      try:
        files.read_array(str(path))
      except ValueError as error:
        assert str(error).startswith(f'{path} is not a whole .npy file')
  (tmp_path / 'a.npz').write_bytes(whole)
  with pytest.raises(ValueError, match=r'a\.npz is not a whole \.npz file'):
    files.read_arrays(str(tmp_path / 'a.npz'))


def test_a_folder_that_may_not_be_read_is_not_passed_over(tmp_path, monkeypatch):
  """`xdc check` counted what was left, and found nothing damaged."""
  (tmp_path / 'a').mkdir()
  scandir = os.scandir

  def closed(path):
    if str(path).endswith('a'):
      raise PermissionError(13, 'Permission denied', path)
    return scandir(path)

  monkeypatch.setattr(os, 'scandir', closed)
  with pytest.raises(PermissionError):
    list(files.walk(str(tmp_path)))


def test_a_name_that_nothing_can_be_written_under_is_refused_at_once(tmp_path, monkeypatch):
  """It was said after the whole film had been embedded, of a temporary file."""
  files.check_output(str(tmp_path / 'new' / 'folder' / 'a.npz'))
  files.check_output('a.npz')
  with pytest.raises(ValueError, match='is a folder; expected the name of a file'):
    files.check_output(str(tmp_path))
  (tmp_path / 'file').write_text('')
  with pytest.raises(NotADirectoryError, match=f'file/new/a.npz cannot be written: {tmp_path}/file is no folder'):
    files.check_output(str(tmp_path / 'file' / 'new' / 'a.npz'))
  monkeypatch.setattr(os, 'access', lambda folder, mode: folder != str(tmp_path))
  with pytest.raises(PermissionError, match=f'new/a.npz cannot be written: {tmp_path} does not let you'):
    files.check_output(str(tmp_path / 'new' / 'a.npz'))


def test_what_a_stage_has_left_is_made_again_when_its_mark_goes(tmp_path):
  """ "Delete it and make it again" made nothing where DONE stood, and a file that was gone was a bare error of TensorFlow."""
  path = tmp_path / 'a.npy'
  for marked, words in (
    (False, 'delete what is left of it and make it again'),
    (True, f'delete {tmp_path}/DONE and give'),
  ):
    if marked:
      files.write_mark(str(tmp_path / 'DONE'))
    with pytest.raises(FileNotFoundError, match=rf'^{path} does not exist\. Restore it, or {words}'):
      files.read_array(str(path))
    with pytest.raises(FileNotFoundError, match=words):
      files.read_json(str(path))
    with pytest.raises(FileNotFoundError, match=words):
      files.read_arrays(str(path))


def test_names_that_tensorflow_takes_for_patterns(tmp_path):
  for name in ('a[1]', 'a*', 'a?', 'a\\b'):
    with pytest.raises(ValueError, match='cannot find checkpoints'):
      files.check_folder_of_weights(str(tmp_path / name))
  files.check_folder_of_weights(str(tmp_path / 'a b 50%d:x'))
