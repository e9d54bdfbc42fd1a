#!/usr/bin/env bash
# What surprises: gin's config_str and operative_config_str silently leave out numbers that came from NumPy 2, so a configuration
#   that was bound with, say, a value of np.linspace cannot be restored from its own record. With NumPy 1 they are there.
# Guessed before it was run: a NumPy number is written like the Python number that it equals, and infinity as something readable.
# Seen: NumPy 1.26: `rate = 0.1` and `steps = 3`. NumPy 2.4: neither line, no warning. float('inf') is left out with both.
# Versions: gin-config 0.5.0 with numpy 1.26.4 and 2.4.6, Python 3.11.
# What xdc-tf does: values come to gin as text only (xdc_tf/cli/strict_gin.py), so none is NumPy's; infinity cannot be
#   written there.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
cat > "$tmp/show.py" <<'PYTHON_END'
import importlib.metadata

import gin
import numpy as np


@gin.configurable
def train(rate=1.0, steps=1, limit=1.0, name=''):
  return rate, steps, limit, name


def lines(text):
  """The bindings of a configuration as gin writes it."""
  return sorted(line for line in text.splitlines() if line.startswith('train.'))


print(f'gin-config {importlib.metadata.version("gin-config")}, numpy {np.__version__}')
rates, steps = np.linspace(0.1, 0.5, 5), np.arange(5)
gin.bind_parameter('train.rate', rates[0])
gin.bind_parameter('train.steps', steps[3])
gin.bind_parameter('train.limit', float('inf'))
gin.bind_parameter('train.name', 'a')
used = train()
configured, operative = lines(gin.config_str()), lines(gin.operative_config_str())
print(f'used {used}\nconfig_str           {configured}\noperative_config_str {operative}')
assert used[:2] == (0.1, 3) and used[2:] == (float('inf'), 'a')

expected = ["train.name = 'a'"]
if np.__version__.startswith('1.'):
  expected += ['train.rate = 0.1', 'train.steps = 3']
assert configured == operative == expected

gin.clear_config()
gin.parse_config('\n'.join(configured))
print('restored from it', train())
assert (train()[0] == 0.1) == np.__version__.startswith('1.') and train()[2] == 1.0
PYTHON_END
for numpy in 1.26.4 2.4.6; do
  "${PYTHON:-python3.11}" -m venv "$tmp/$numpy"
  "$tmp/$numpy/bin/pip" install --quiet --disable-pip-version-check gin-config==0.5.0 "numpy==$numpy"
  "$tmp/$numpy/bin/python" "$tmp/show.py"
done
