#!/usr/bin/env bash
# What surprises: Keras's Tversky loss weighs misses by alpha and false alarms by beta; its page and the paper it names say it the other way
#   round.
# Guessed before it was run: with alpha .1 and beta .9 a miss costs more than a false alarm, and training finds more of what is rare.
# Seen: a miss costs .091 (.474 by the formula), three false alarms .574 (.130); trained on labels of which a tenth are 1, beta .9 has a
#   recall of .2, and alpha .9 one of .9.
# Reason: predictions and labels are exchanged before the two sums are taken, and the overlap is the same either way.
# Versions: tensorflow 2.21.0, keras 3.15.1, numpy 2.5.5, Python 3.12.
# What xdc-tf does: cross-entropy against pseudo-labels (paper, section 3); Tversky is not used.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1 numpy==2.5.5
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import keras
import numpy as np

print('keras', keras.__version__)
true = np.array([[1, 1, 0, 0, 0, 0, 0, 0]], np.float32)
predictions = {
  'a miss': np.array([[1, 0, 0, 0, 0, 0, 0, 0]], np.float32),
  'three false alarms': np.array([[1, 1, 1, 1, 1, 0, 0, 0]], np.float32),
}
for alpha, beta in ((0.1, 0.9), (0.9, 0.1)):
  for name, predicted in predictions.items():
    hits, alarms, misses = (true * predicted).sum(), ((1 - true) * predicted).sum(), (true * (1 - predicted)).sum()
    expected = 1 - hits / (hits + alpha * alarms + beta * misses)
    exchanged = 1 - hits / (hits + beta * alarms + alpha * misses)
    found = float(keras.losses.Tversky(alpha=alpha, beta=beta)(true, predicted))
    print(f'alpha {alpha}, beta {beta}, {name}: {found:.3f}, by the formula {expected:.3f}')
    assert abs(found - exchanged) < 1e-4 < abs(found - expected)

random = np.random.default_rng(0)
labels = (random.random((4096, 1)) < 0.1).astype(np.float32)
feature = labels + random.normal(0, 0.7, labels.shape).astype(np.float32)
recalls = {}
for alpha, beta in ((0.1, 0.9), (0.9, 0.1)):
  keras.utils.set_random_seed(0)
  model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, 'sigmoid')])
  model.compile(keras.optimizers.Adam(0.05), keras.losses.Tversky(alpha=alpha, beta=beta))
  model.fit(feature, labels, batch_size=512, epochs=40, verbose=0)
  recalls[beta] = float((model.predict(feature, verbose=0) > 0.5)[labels > 0].mean())
print('recall by beta:', recalls)
assert recalls[0.9] < 0.5 < recalls[0.1]
PYTHON_END
