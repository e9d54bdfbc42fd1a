#!/usr/bin/env bash
# What surprises: Beam takes the labels 1, 1.0 and True for one key where it counts within a bundle (Count.PerElement, Distinct,
#   CombinePerKey), as Python does, and for three keys where it groups (GroupByKey), as their bytes differ. So the same labels have
#   one count or two by how they were dealt out: by the number of workers, and by whether `Create` reshuffled them.
# Guessed before it was run: equal keys are one key everywhere, or unequal types are different keys everywhere; either way a count
#   does not depend on the number of workers.
# Seen: labels 1, 1, 1 of one source and 1.0, 1.0 of another (a CSV with a missing value gives floats): with one worker one label of
#   5 clips, with two workers two labels, of 3 and of 2 clips; Distinct gives 1 and 2 labels. GroupByKey of 1, 1.0 and True gives three
#   groups of one, and CombinePerKey of the same rows one sum of 3; 0.0 and -0.0 are two groups as well.
# Versions: apache-beam 2.77.0, Python 3.12.
# What xdc-tf does: its pipelines group nothing by key, a shard is one element (beam_pipelines/make_clips.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check apache-beam==2.77.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import glob
import tempfile

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

print(f'apache-beam {beam.__version__}')


def lines(transform, *sources, workers=1):
  """Returns what a pipeline makes of some sources, as sorted representations."""
  with tempfile.TemporaryDirectory() as folder:
    options = PipelineOptions([f'--direct_num_workers={workers}', '--direct_running_mode=multi_threading'])
    with beam.Pipeline(options=options) as pipeline:
      each = [pipeline | str(i) >> beam.Create(rows, reshuffle=False) for i, rows in enumerate(sources)]
      _ = each | beam.Flatten() | transform | beam.Map(repr) | beam.io.WriteToText(f'{folder}/out')
    return sorted(line.strip() for path in glob.glob(f'{folder}/out*') for line in open(path))


def num_labels(transform, workers):
  return len(lines(transform(), [1, 1, 1], [1.0, 1.0], workers=workers))


counts = {workers: lines(beam.combiners.Count.PerElement(), [1, 1, 1], [1.0, 1.0], workers=workers) for workers in (1, 2)}
for workers, found in counts.items():
  print(f'{workers} worker(s): counts {found}, distinct labels {num_labels(beam.Distinct, workers)}')
rows = [(1, 1), (1.0, 1), (True, 1)]
groups = lines(beam.GroupByKey() | beam.MapTuple(lambda key, ones: (key, sum(ones))), rows)
sums = lines(beam.CombinePerKey(sum), rows)
zeros = lines(beam.GroupByKey() | beam.MapTuple(lambda key, ones: (key, sum(ones))), [(0.0, 1), (-0.0, 1)])
print('GroupByKey:', groups, 'CombinePerKey:', sums, 'of zeros:', zeros)

assert len(counts[1]) == 1 and counts[1][0].endswith(', 5)')
assert counts[2] == ['(1, 3)', '(1.0, 2)']
assert num_labels(beam.Distinct, 1) == 1 and num_labels(beam.Distinct, 2) == 2
assert groups == ['(1, 1)', '(1.0, 1)', '(True, 1)'] and len(sums) == 1 and sums[0].endswith(', 3)')
assert zeros == ['(-0.0, 1)', '(0.0, 1)']
PYTHON_END
