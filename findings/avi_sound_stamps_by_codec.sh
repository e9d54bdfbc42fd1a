#!/usr/bin/env bash
# What surprises: the sound of an AVI file has the right timestamps as AC-3 and MP3, and as E-AC-3 and G.722 ones that are over a hundred times
#   too large: from packet to packet they count the bytes of one in units of its length.
# Guessed before it was run: stamps are off by a constant, or missing; every codec in one container has the same kind of stamps.
# Seen: of 6 seconds of sound the last packet is stamped 1148.9 s for E-AC-3 and 956.8 s for G.722, written and read by PyAV; 6 s for
#   AC-3 and MP3. The durations of the packets are right, and so is the length that the file declares.
# Versions: av 18.1.0 and 19.0.2, numpy 2.3.5, Python 3.12.
# What xdc-tf does: it divides the stamps of these by what they are too large (`sound_stretch` in xdc_tf/media/avi_clock.py), DTS and G.726 too.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
cd "$tmp"
for version in 18.1.0 19.0.2; do
  "$tmp/venv/bin/pip" install --quiet --disable-pip-version-check "av==$version" numpy==2.3.5
  "$tmp/venv/bin/python" - <<'PYTHON_END'
import av
import numpy as np

print(f'av {av.__version__}')
for codec, rate, least, most in (
  ('ac3', 48_000, 5.9, 6.1), ('mp3', 48_000, 5.9, 6.1), ('eac3', 48_000, 1000, 1300), ('g722', 16_000, 500, 1300)
):  # fmt: skip
  with av.open('a.avi', 'w') as film:
    picture = film.add_stream('mpeg4', rate=25)
    picture.width, picture.height, picture.pix_fmt = 64, 48, 'yuv420p'
    sound = film.add_stream(codec, rate=rate, layout='mono')
    for number in range(150):
      film.mux(picture.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), format='rgb24')))
      wave = np.sin(2 * np.pi * 440 * np.arange(rate * number // 25, rate * (number + 1) // 25) / rate)[None]
      frame = av.AudioFrame.from_ndarray((wave * 16_000).astype(np.int16), format='s16', layout='mono')
      frame.sample_rate, frame.pts = rate, rate * number // 25
      film.mux(sound.encode(frame))
    film.mux(picture.encode(None))
    film.mux(sound.encode(None))
  with av.open('a.avi') as film:
    track = film.streams.audio[0]
    packets = [packet for packet in film.demux(track) if packet.dts is not None]
    last = float(packets[-1].dts * track.time_base)
    length = float(sum(packet.duration for packet in packets) * track.time_base)
    declared = float(track.duration * track.time_base)
  print(f'{codec}: {len(packets)} packets of {length:.2f} s, {declared:.2f} s declared; the last is stamped {last:.1f} s')
  assert least < last < most and abs(length - 6) < 0.2 and abs(declared - 6) < 0.2
PYTHON_END
done
