#!/usr/bin/env bash
# What surprises: TensorFlow's random crop for training (`stateless_sample_distorted_bounding_box`) never cuts below a tenth of the picture
#   unless `min_object_covered=0` is given, although no object is: `area_range=(0.08, 1)` is (0.1, 1). And it prefers small crops.
# Guessed before it was run: areas between the bounds are equally likely, as in the recipe of the Inception paper and torchvision's
#   RandomResizedCrop, but for those that do not fit; 2 to 3 % are below a tenth.
# Seen: of 3,000 crops of 224x224 the smallest is .100 of the area and the mean .42; with min_object_covered=0 the smallest is .08 and 5 to 6 %
#   are below .1. Equally likely areas have the mean .48, and 10 % above .8, where TensorFlow has 6 %. No distribution is promised.
# Versions: tensorflow 2.21.0, numpy 2.4.6, Python 3.12 (tensorflow 2.15 gives the same numbers).
# What xdc-tf does: not used; crops are of one size, as the paper's (xdc_tf/records/video_ops.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0 numpy==2.4.6
cd "$tmp"
CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import tensorflow as tf

print(f'tensorflow {tf.__version__}')
SIZE, BOUNDS, RATIOS = 224, (0.08, 1.0), (3 / 4, 4 / 3)


def drawn_by_tensorflow(**options):
  @tf.function(autograph=False)
  def size(seed):
    return tf.image.stateless_sample_distorted_bounding_box(
      (SIZE, SIZE, 3), tf.zeros((1, 0, 4)), seed=tf.stack([seed, 7]), area_range=BOUNDS, aspect_ratio_range=RATIOS,
      use_image_if_no_bounding_boxes=True, **options,
    )[1][:2]

  return np.array([size(tf.constant(i)) for i in range(3000)]).prod(axis=1) / SIZE**2


def equally_likely():
  random, areas = np.random.default_rng(0), []
  while len(areas) < 20_000:
    area, ratio = random.uniform(*BOUNDS), np.exp(random.uniform(*np.log(RATIOS)))
    height, width = round((area * SIZE**2 / ratio) ** 0.5), round((area * SIZE**2 * ratio) ** 0.5)
    if max(height, width) <= SIZE:
      areas.append(height * width / SIZE**2)
  return np.array(areas)


by_default, uncovered, expected = drawn_by_tensorflow(), drawn_by_tensorflow(min_object_covered=0.0), equally_likely()
for name, areas in (('default', by_default), ('min_object_covered=0', uncovered), ('equally likely', expected)):
  print(f'{name}: mean {areas.mean():.3f}, least {areas.min():.3f}, below .1 {(areas < 0.1).mean():.3f}, above .8 {(areas > 0.8).mean():.3f}')
assert by_default.min() > 0.099 and uncovered.min() < 0.085
assert (uncovered < 0.1).mean() > 0.04 and (by_default < 0.0995).mean() == 0
assert by_default.mean() < expected.mean() - 0.04 and (uncovered > 0.8).mean() < (expected > 0.8).mean() - 0.02
PYTHON_END
