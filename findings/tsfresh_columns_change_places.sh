#!/usr/bin/env bash
# What surprises: tsfresh's Welch densities of a short series change places with the order in which they are asked for; its kurtosis of a
#   spectrum is of another formula; of int16 sound the energy is negative.
# Guessed before it was run: a column holds the same whatever stands beside it; 1.7 to 1.8, as the fourth standardized moment that is
#   documented; the same features of int16 as of floats.
# Seen: coefficient 5 of 30 samples is 1.094, or .57 where 20 is asked for first, and then coefficient 2 is missing; a kurtosis of 20 to 28;
#   64 of 777 columns of int16 sound differ, an energy of -18,553 for 2e10 among them.
# Reason: coefficients that exist are put before those that do not, beside names in the order asked for; 3 times the centroid stands for 3
#   times its fourth power; products are taken in the type of the data.
# Versions: tsfresh 0.21.2, numpy 2.4.6, pandas 2.3.3, scipy 1.18.1, Python 3.12.
# What xdc-tf does: log-mel is computed from float32 samples (xdc_tf/records/audio_ops.py), tested against librosa.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tsfresh==0.21.2 numpy==2.4.6 pandas==2.3.3 scipy==1.18.1
cat > "$tmp/show.py" <<'PYTHON_END'
import importlib.metadata
import warnings

import numpy as np
import pandas as pd

warnings.simplefilter('ignore')
from tsfresh import extract_features
from tsfresh.feature_extraction import EfficientFCParameters
from tsfresh.feature_extraction import feature_calculators as features

if __name__ == '__main__':
  print('tsfresh', importlib.metadata.version('tsfresh'))
  random = np.random.default_rng(0)
  for count in (100, 1000, 10_000):
    noise = random.normal(size=count)
    weights = np.abs(np.fft.rfft(noise))
    weights /= weights.sum()
    place = np.arange(len(weights))
    centred = place - weights @ place
    expected = weights @ centred**4 / (weights @ centred**2) ** 2
    ((_, found),) = features.fft_aggregated(noise, [{'aggtype': 'kurtosis'}])
    print(f'kurtosis of the spectrum of {count} samples: {found:.2f}, expected {expected:.2f}')
    assert expected < 2 and found > 10

  short, welch = random.normal(size=30), []
  for order in ((2, 5, 20), (20, 5, 2)):
    rows = features.spkt_welch_density(short, [{'coeff': number} for number in order])
    welch.append({name: round(float(value), 3) for name, value in rows})
  print('Welch densities in two orders:', welch)
  assert welch[0]['coeff_2'] == welch[1]['coeff_5'] != welch[0]['coeff_5'] and np.isnan(welch[1]['coeff_2'])

  sound = (8000 * random.normal(size=300)).astype(np.int16)
  tables = [
    extract_features(
      pd.DataFrame({'id': 0, 'time': np.arange(300), 'x': samples}),
      column_id='id',
      column_sort='time',
      n_jobs=0,
      default_fc_parameters=EfficientFCParameters(),
      disable_progressbar=True,
    )
    for samples in (sound, sound.astype(float))
  ]
  columns = tables[1].columns
  other = [name for name in columns if not np.isclose(*(t[name].iloc[0] for t in tables), equal_nan=True)]
  energies = [float(table['x__abs_energy'].iloc[0]) for table in tables]
  print(f'int16 and floats: {len(other)} of {len(columns)} columns differ; energies {energies}')
  assert len(other) > 50 and energies[0] < 0 < energies[1]
PYTHON_END
"$tmp/venv/bin/python" "$tmp/show.py"
