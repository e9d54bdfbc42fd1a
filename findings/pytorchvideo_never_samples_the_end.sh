#!/usr/bin/env bash
# What surprises: Two clips of two seconds that pytorchvideo's `ConstantClipsPerVideoSampler` spreads evenly over a film of ten end at 6 s; none of
#   any number of clips reaches the end.
# Guessed before it was run: the first clip begins at 0, the last ends with the film, one clip alone lies in the middle.
# Seen: ends at 6 of 10 s for two clips, 7.33 for three, 9.2 for ten (the usual test protocol); one clip is always the beginning.
# Reason: the room for starts is divided by the number of clips, not by one less.
# Versions: pytorchvideo 0.1.5, torch 2.14.1, Python 3.12.
# What xdc-tf does: the clips of a test reach from the first frame to the last (xdc_tf/records/clip_sampling.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pytorchvideo==0.1.5 av==19.0.2 torch==2.14.1 torchvision==0.29.1 numpy==2.5.5
"$tmp/venv/bin/python" - <<'PYTHON_END'
import fractions
import importlib.metadata

from pytorchvideo.data.clip_sampling import ConstantClipsPerVideoSampler

print('pytorchvideo', importlib.metadata.version('pytorchvideo'))
DURATION, CLIP = 10, 2
for number in (1, 2, 3, 10):
  sampler = ConstantClipsPerVideoSampler(CLIP, number)
  clips = [sampler(0, DURATION, {}) for _ in range(number)]
  starts = [float(clip.clip_start_sec) for clip in clips]
  print(f'{number} clips start at {[round(start, 2) for start in starts]}, the last one ends at {starts[-1] + CLIP:.2f} of {DURATION} s')
  assert clips[-1].is_last_clip
  assert clips[-1].clip_start_sec == fractions.Fraction(DURATION - CLIP) * (number - 1) / number
PYTHON_END
