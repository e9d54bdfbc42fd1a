"""A folder of videos with a list (path, label, split) -> records that pretraining and evaluation read."""

import csv
import os
import subprocess
import sys

from xdc_tf.manifest import manifest
from xdc_tf.manifest.manifest import Row

COLUMNS = ('path', 'label', 'split')
LIST_SUFFIXES = ('.csv', '.tsv', '.txt')
SPLITS = ('train', 'validation', 'test')
# Pretraining reports a validation loss. It decides nothing here, so few clips are held out for it.
HOLD_OUT_EVERY = 30
FRAME_RATE = 10


def find_list(folder: str) -> str:
  """Returns the list of a corpus: list.csv (.tsv, .txt), or the only file of such a kind in the folder.

  Raises:
    FileNotFoundError: when there is none, or several without one that is called list.
  """
  if not os.path.isdir(folder):
    raise FileNotFoundError(f'--corpus {folder} does not exist. Expected a folder of videos with a list.')
  names = sorted(name for name in os.listdir(folder) if name.lower().endswith(LIST_SUFFIXES))
  lists = [name for name in names if os.path.splitext(name)[0] == 'list'] or names
  if len(lists) != 1:
    raise FileNotFoundError(
      f'{folder} holds {len(lists)} files that may be its list ({", ".join(lists) or "none"}). Expected list.csv with the columns '
      f'{", ".join(COLUMNS)}, or name the list with --list.'
    )
  return os.path.join(folder, lists[0])


def read_list(path: str) -> list[tuple[str, str, str]]:
  """Reads (path, label, split) from a table with commas or tabs; a first line that names the columns may be left out.

  Raises:
    ValueError: for a damaged line and for splits without 'train' or 'test'; it names the file and the line.
  """
  with open(path, encoding='utf-8-sig', newline='') as file:
    text = file.read()
  delimiter = '\t' if '\t' in text.partition('\n')[0] else ','
  lines = csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
  columns, rows = None, []
  for line in lines:
    fields = [field.strip() for field in line]
    if not any(fields):
      continue
    if columns is None:
      columns = fields if set(COLUMNS) <= set(fields) else list(COLUMNS)
      if columns is fields:
        continue
    row = dict(zip(columns, fields, strict=False))
    if len(fields) != len(columns) or not all(row[c] for c in COLUMNS) or row['split'] not in SPLITS:
      raise ValueError(
        f'{path}, line {lines.line_num}: found {delimiter.join(line)!r}; expected {delimiter.join(columns)} with one of '
        f'{", ".join(SPLITS)} as the split.'
      )
    rows.append((row['path'], row['label'], row['split']))
  missing = {'train', 'test'} - {split for _, _, split in rows}
  if missing:
    raise ValueError(f'{path} names no clip of the split {" and ".join(sorted(missing))}; expected train and test.')
  return rows


def make_records(folder: str, list_path: str, short_side: int, work_dir: str) -> str:
  """Makes the records of a corpus by the Beam job; the splits are 'train', 'validation' (held out of it) and 'test'.

  Args:
    folder: relative paths of the list start here.
    list_path: see read_list.
    short_side: the short side of the stored frames, in pixels.
    work_dir: gets manifest/ and records/; what is there already is not made again.

  Returns:
    The folder of the records.

  Raises:
    RuntimeError: when the Beam job fails; its own message stands above.
  """
  manifest_folder, records_folder = os.path.join(work_dir, 'manifest'), os.path.join(work_dir, 'records')
  rows = list(_rows(folder, read_list(list_path)))
  if not os.path.exists(os.path.join(manifest_folder, manifest.MANIFEST_FILE)):
    manifest.write_manifest(manifest_folder, 'corpus', rows)
  _check_same(manifest_folder, rows, list_path)
  command = [sys.executable, '-m', 'beam_pipelines.make_clips', '--manifest', manifest_folder]
  command += ['--output_dir', records_folder, '--short_side', str(short_side), '--frame_rate', str(FRAME_RATE)]
  command += ['--direct_running_mode', 'multi_processing', '--direct_num_workers', str(os.cpu_count())]
  if subprocess.run(command, check=False).returncode:
    raise RuntimeError(f'Making the clips failed; the reason stands above. The command was: {" ".join(command)}')
  return records_folder


def _rows(folder: str, entries: list[tuple[str, str, str]]):
  """Yields (split, Row); where the list has no validation split, every so many-th training clip goes there."""
  hold_out = all(split != 'validation' for _, _, split in entries)
  seen = 0
  for path, label, split in entries:
    if split == 'train' and hold_out:
      seen += 1
      split = 'train' if seen % HOLD_OUT_EVERY else 'validation'
    yield split, Row(0, path, os.path.abspath(os.path.join(folder, path)), 0.0, None, (label,))


def _check_same(manifest_folder: str, rows: list, list_path: str) -> None:
  """The records of another corpus must not be taken for this one's."""
  written = manifest.read_manifest(manifest_folder)
  before = sorted((split, r.path, r.labels) for split in written.splits for r in written.rows(split))
  if before != sorted((split, row.path, row.labels) for split, row in rows):
    raise ValueError(
      f'{manifest_folder} was made from another list than {list_path}. Give another --output or --work_dir.'
    )
