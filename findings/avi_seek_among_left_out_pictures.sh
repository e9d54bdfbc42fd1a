#!/usr/bin/env bash
# What surprises: after a seek, the packets of an AVI film from which pictures were left out (empty chunks, as screen recorders and capture
#   programs write them) have other timestamps than the same packets have when the film is read on: they are late, and stay so.
# Guessed before it was run: a packet has one timestamp, wherever reading began; the index of the file has it.
# Seen: of 8 s at 30 frames a second with five of six pictures left out and sound beside them, the keyframe of frame 72 is stamped 77 behind a
#   seek, and so are all after it, five frames late; when read on it is 72, as in the file's index. Without sound all are right.
# Versions: av 18.1.0 (FFmpeg 8.1), numpy 2.4.6, Python 3.12.
# What xdc-tf does: `is_sought` in xdc_tf/media/avi_clock.py takes the index entry with the place of the first packet.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
cd "$tmp"
"$tmp/venv/bin/python" - <<'PYTHON_END'
from fractions import Fraction

import av
import numpy as np

print(f'av {av.__version__}, libavformat {av.library_versions["libavformat"]}')


def write(path, with_sound):
  """Eight seconds: every sixth picture, and a tone."""
  with av.open(path, 'w') as container:
    video = container.add_stream('mpeg4', rate=30)
    video.width, video.height, video.pix_fmt = 64, 48, 'yuv420p'
    video.codec_context.time_base, video.codec_context.gop_size = Fraction(1, 30), 12
    sound = container.add_stream('pcm_s16le', rate=48_000, layout='mono') if with_sound else None
    packets = []
    for number in range(0, 240, 6):
      picture = np.full((48, 64, 3), 90, np.uint8)
      picture[20:28, number // 6 : number // 6 + 8] = 160  # It moves a little, so that not every picture is a keyframe.
      frame = av.VideoFrame.from_ndarray(picture)
      frame.pts, frame.time_base = number, Fraction(1, 30)
      packets += video.encode(frame)
    packets += video.encode(None)
    if sound:
      for number in range(375):
        seconds = (1024 * number + np.arange(1024)) / 48_000
        frame = av.AudioFrame.from_ndarray((9000 * np.sin(2760 * seconds)).astype('<i2')[None], 's16', 'mono')
        frame.pts, frame.sample_rate, frame.time_base = 1024 * number, 48_000, Fraction(1, 48_000)
        packets += sound.encode(frame)
    for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
      container.mux(packet)


def keyframes(path):
  """{place in the file: (stamp when read on, stamp behind a seek, stamp of the index)}."""
  with av.open(path) as container:
    stream = container.streams.video[0]
    index = {entry.pos + 8: entry.timestamp for entry in stream.index_entries}
    read_on = {packet.pos: packet.pts for packet in container.demux(stream) if packet.is_keyframe and packet.size}
    sought = {}
    for seconds in range(1, 8):
      container.seek(30 * seconds - 9, stream=stream)
      packet = next(container.demux(stream))
      sought[packet.pos] = packet.pts
  return {pos: (read_on[pos], stamp, index[pos]) for pos, stamp in sought.items()}


for with_sound in (False, True):
  write('film.avi', with_sound)
  found = keyframes('film.avi')
  late = [behind - on for on, behind, _ in found.values()]
  print(f'{"with" if with_sound else "without"} sound: read on, sought, index: {list(found.values())}')
  assert all(on == of_index for on, _, of_index in found.values())
  assert (max(late) >= 3 if with_sound else not any(late)), late
PYTHON_END
