#!/usr/bin/env bash
# What surprises: with pandas 3 every Beam pipeline that is built in IPython, so in any notebook, ends with an AttributeError of pandas; the same
#   lines run as a script work.
# Guessed before it was run: no difference; Beam declares no pandas among what it needs, and the pipeline has nothing of it.
# Seen: `beam.Create` in a script is fine with pandas 3.1.1; in IPython it is "type object 'DataFrame' has no attribute 'first'". To name a step
#   after its cell Beam imports its dataframes there, which take over methods that pandas 3 no longer has. With pandas 2.3.3 both work.
# Versions: apache-beam 2.77.0, pandas 3.1.1 and 2.3.3, ipython 9.10.0, Python 3.12.
# What xdc-tf does: setup.py asks for pandas below 3; tests/beam_pipelines/test_notebooks.py.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check apache-beam==2.77.0 pandas==3.1.1 ipython==9.10.0
cd "$tmp"
cat > pipeline.py <<'PYTHON_END'
import apache_beam as beam
import pandas as pd

try:
  beam.Pipeline() | beam.Create([1, 2])
  outcome = 'fine'
except AttributeError as error:
  outcome = f'AttributeError: {error}'
print(f'apache-beam {beam.__version__}, pandas {pd.__version__}: {outcome}')
PYTHON_END
in_script() { "$tmp/venv/bin/python" -W ignore pipeline.py; }
in_notebook() { HOME="$tmp" "$tmp/venv/bin/ipython" --no-banner --colors=nocolor --simple-prompt -c "$(cat pipeline.py)"; }
in_script | tee script.log
in_notebook | tee notebook.log
grep -q 'pandas 3.1.1: fine' script.log
grep -q "pandas 3.1.1: AttributeError: .*has no attribute 'first'" notebook.log
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pandas==2.3.3
in_notebook | tee notebook.log
grep -q 'pandas 2.3.3: fine' notebook.log
