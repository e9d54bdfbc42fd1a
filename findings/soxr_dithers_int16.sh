#!/usr/bin/env bash
# What surprises: soxr adds noise to what it resamples in int16, at every quality and at equal rates too: silence is no longer silent, two
#   equal channels differ, and a stream in pieces differs from the whole. The other three types come out without.
# Guessed before it was run: int16 is the float result, rounded to the nearest step.
# Seen: of one second of zeros 23 % come back as 1 or -1; of a tone resampled from 48,000 to 48,000 Hz a quarter of the samples are others;
#   of two equal channels 44 % differ. float32, float64 and int32 keep zeros, tones and equal channels. Four times the noise of rounding.
# Versions: soxr 1.1.0 (0.5.0.post1 too), numpy 2.4.6, Python 3.12.
# What xdc-tf does: nothing: PyAV resamples to float (xdc_tf/media/audio_track.py), and silence is measured there.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check soxr==1.1.0 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
import numpy as np
import soxr

print(f'soxr {soxr.__version__}')
zeros, times = np.zeros(48_000), np.arange(48_000) / 48_000
tone = np.round(8000 * np.sin(2 * np.pi * 440 * times))
for kind in ('int16', 'int32', 'float32', 'float64'):
  loud = 2**16 if kind == 'int32' else 1
  silence = soxr.resample(zeros.astype(kind), 48_000, 16_000)
  same = soxr.resample((tone * loud).astype(kind), 48_000, 48_000)
  both = soxr.resample(np.stack([tone * loud] * 2, axis=1).astype(kind), 48_000, 16_000)
  shares = [(silence != 0).mean(), (same != (tone * loud).astype(kind)).mean(), (both[:, 0] != both[:, 1]).mean()]
  print(kind, 'zeros that are none, samples changed at the same rate, channels that differ:', np.round(shares, 3))
  for share, expected in zip(shares, (0.23, 0.25, 0.44) if kind == 'int16' else (0, 0, 0), strict=True):
    assert abs(share - expected) < 0.03, (kind, shares)
exact = soxr.resample(tone, 48_000, 16_000)
noise = ((soxr.resample(tone.astype('int16'), 48_000, 16_000) - exact) ** 2).mean() / ((np.round(exact) - exact) ** 2).mean()
print(f'noise power of int16: {noise:.2f} times that of rounding')
assert 3.5 < noise < 4.5
stream = soxr.ResampleStream(48_000, 16_000, 1, dtype='int16')
parts = [stream.resample_chunk(tone[i : i + 1000].astype('int16'), last=i == 47_000) for i in range(0, 48_000, 1000)]
changed = (np.concatenate(parts) != soxr.resample(tone.astype('int16'), 48_000, 16_000)).mean()
print(f'samples that differ between pieces and the whole: {changed:.3f}')
assert changed > 0.3
PYTHON_END
