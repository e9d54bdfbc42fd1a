#!/usr/bin/env bash
# What surprises: rates and time bases of PyAV 19 are AVRationals, which hold 32 bits: the product of two ordinary time
#   bases is 0 and their sum is wrong, without an error. Python's Fraction, which PyAV 18 gave, is exact.
# Guessed before it was run: AVRational is a drop-in for Fraction: exact, or else an OverflowError, and round() works.
# Seen: 1/90000 * 1/90001 is AVRational(0, 1), and 1/90000 + 1/90001 is 4/180001 instead of 180001/8100090000. It is
#   registered as numbers.Rational, yet round(), int(), //, %, ** and limit_denominator() raise. With a Fraction or an int on
#   one side, the result is an exact Fraction.
# Versions: av 19.0.2, numpy 2.5.5, Python 3.12 (PyAV 19 wants 3.12 or later).
# What xdc-tf does: fraction() in xdc_tf/media/container.py makes a Fraction of every rate and time base.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.12}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==19.0.2 numpy==2.5.5
"$work/venv/bin/python" - <<'PY'
import io
import numbers
from fractions import Fraction

import av
import numpy as np

print('PyAV', av.__version__)
file = io.BytesIO()
with av.open(file, 'w', format='mpegts') as container:
  video, audio = container.add_stream('mpeg2video', rate=Fraction(30_000, 1001)), container.add_stream('mp2', rate=48_000)
  video.width, video.height, video.pix_fmt, audio.layout = 64, 48, 'yuv420p', 'mono'
  for number in range(10):
    frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), format='rgb24')
    for packet in video.encode(frame):
      container.mux(packet)
  sound = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), format='s16', layout='mono')
  sound.sample_rate = 48_000
  for packet in [*video.encode(None), *audio.encode(sound), *audio.encode(None)]:
    container.mux(packet)
file.seek(0)
with av.open(file) as container:
  rate, base, other = container.streams.video[0].average_rate, *(s.time_base for s in container.streams)
print('rate', repr(rate), 'time bases', repr(base), repr(other))
product, exact = base * other, Fraction(base) * Fraction(other)
print('product of the time bases', repr(product), 'bool', bool(product), 'exact', exact)
assert exact == Fraction(1, 8_100_000_000) and product == 0 and not product

R = type(rate)
total = R(1, 90_000) + R(1, 90_001)
print('1/90000 + 1/90001 =', repr(total), 'exact', Fraction(1, 90_000) + Fraction(1, 90_001))
assert (total.numerator, total.denominator) == (4, 180_001)
assert Fraction(total) != Fraction(1, 90_000) + Fraction(1, 90_001)
assert type(base * Fraction(other)) is Fraction and base * Fraction(other) == exact
assert type(10**15 * base) is Fraction and 10**15 * base == Fraction(10**15, 90_000)

refused = []
for name in ('round(x)', 'int(x)', 'x // 1', 'x % 1', 'x ** 2', 'abs(x)', 'x.limit_denominator(1001)'):
  try:
    eval(name, {'x': rate})
  except (TypeError, AttributeError) as error:
    refused.append(name)
    print(f'{name:26s} {type(error).__name__}: {error}')
assert len(refused) == 7
assert isinstance(rate, numbers.Rational) and str(R(30, 1)) == '30/1' and str(Fraction(30)) == '30'
PY
