#!/usr/bin/env bash
# What surprises: in sed_eval's scene classification a class that no recording has counts as 0 in the mean accuracy over classes; in its audio tagging
#   such a class is left out of the mean.
# Guessed before it was run: left out in both, as scikit-learn's balanced accuracy does: of nothing nothing can be wrong. DCASE's folds do not
#   all have every scene.
# Seen: four recordings of two scenes, of which one is missed: per class 1.0 and 0.0, scikit-learn's balanced accuracy .5. With a third scene in
#   the list of labels, of which there is no recording, sed_eval's mean is .333; the mean F-measure of tags with an unused third one stays 1.0.
# Versions: sed_eval 0.2.1, dcase_util 0.2.20, scikit-learn 1.9.1, numpy 2.3.5, setuptools 79.0.1, Python 3.12.
# What xdc-tf does: an official fold that lacks a class is said (xdc_tf/records/coverage.py); accuracies are over recordings.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check sed_eval==0.2.1 dcase_util==0.2.20 scikit-learn==1.9.1 numpy==2.3.5 \
  setuptools==79.0.1
cd "$tmp"
"$tmp/venv/bin/python" -W ignore - <<'PYTHON_END'
import importlib.metadata

import dcase_util
import sed_eval
from sklearn.metrics import balanced_accuracy_score

print('sed_eval', importlib.metadata.version('sed_eval'))
rows = dcase_util.containers.MetaDataContainer
true, said = ['bus', 'bus', 'bus', 'park'], ['bus'] * 4
means = {}
for scenes in (['bus', 'park'], ['bus', 'park', 'tube']):
  metrics = sed_eval.scene.SceneClassificationMetrics(scenes)
  metrics.evaluate(
    *(rows([{'filename': f'{n}.wav', 'scene_label': scene} for n, scene in enumerate(labels)]) for labels in (true, said))
  )
  means[len(scenes)] = metrics.results_class_wise_average_metrics()['accuracy']['accuracy']
print('mean accuracy over classes:', means, 'scikit-learn:', balanced_accuracy_score(true, said))
assert balanced_accuracy_score(true, said) == means[2] == 0.5 and abs(means[3] - 1 / 3) < 1e-9

tagging = sed_eval.audio_tag.AudioTaggingMetrics(['a', 'b', 'c'])
tags = rows([{'filename': '1.wav', 'tags': 'a'}, {'filename': '2.wav', 'tags': 'b'}])
sure = dcase_util.containers.ProbabilityContainer(
  [{'filename': f'{n}.wav', 'label': tag, 'probability': float((n, tag) in ((1, 'a'), (2, 'b')))} for n in (1, 2) for tag in 'abc']
)
tagging.evaluate(reference_tag_list=tags, estimated_tag_list=tags, estimated_tag_probabilities=sure)
mean = tagging.results_class_wise_average_metrics()['f_measure']['f_measure']
print('mean F-measure of tags of which one is not used:', mean)
assert mean == 1
PYTHON_END
