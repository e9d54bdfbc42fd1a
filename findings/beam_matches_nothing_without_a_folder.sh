#!/usr/bin/env bash
# What surprises: Beam's `MatchFiles('clips*')` and `ReadAllFromTFRecord` find nothing in the current folder and end well; './clips*' finds all.
# Guessed before it was run: a pattern without a folder is one of the current folder, as for `glob`, and as 'clips-00000-of-00001' is.
# Seen: 0 files and 0 of 3 records for 'clips*'; 1 file and 3 records for './clips*', the absolute pattern and the name without a star.
# Reason: the folder of what stands before the star is '', whose listing is empty; an empty match of a pattern with a star is allowed.
# Versions: apache-beam 2.77.0, google-crc32c 1.9.0, Python 3.12.
# What xdc-tf does: all paths are made absolute before a pipeline gets them (files.absolute_path).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check apache-beam==2.77.0 google-crc32c==1.9.0
cat > "$tmp/show.py" <<'PYTHON_END'
import logging
import os

import apache_beam as beam
from apache_beam.io import fileio, filesystems

if __name__ == '__main__':
  logging.disable(logging.ERROR)
  os.chdir(os.environ['FOLDER'])
  print('apache-beam', beam.__version__)
  with beam.Pipeline() as pipeline:
    _ = pipeline | beam.Create([b'a', b'b', b'c']) | beam.io.WriteToTFRecord('clips')

  def count(build):
    with beam.Pipeline() as pipeline:
      found = build(pipeline) | beam.combiners.Count.Globally()
      _ = found | beam.io.WriteToText('count', shard_name_template='')
    with open('count') as file:
      return int(file.read())

  def look(pattern):
    return (
      len(filesystems.FileSystems.match([pattern])[0].metadata_list),
      count(lambda pipeline: pipeline | fileio.MatchFiles(pattern)),
      count(lambda pipeline: pipeline | beam.Create([pattern]) | beam.io.ReadAllFromTFRecord()),
    )

  for pattern in ('clips*', './clips*', os.path.abspath('clips*'), 'clips-00000-of-00001'):
    found = look(pattern)
    print(os.path.basename(pattern) if os.path.isabs(pattern) else pattern, 'files, files, records:', found)
    assert found == ((0, 0, 0) if pattern == 'clips*' else (1, 1, 3))
PYTHON_END
FOLDER="$tmp" "$tmp/venv/bin/python" "$tmp/show.py"
