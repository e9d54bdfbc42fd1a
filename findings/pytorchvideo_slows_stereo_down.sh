#!/usr/bin/env bash
# What surprises: Of a film with PCM in stereo, pytorchvideo's clip of one second holds 32,768 samples at 16 kHz, a tone of 440 Hz is one of 220;
#   FLAC is the same. The duration of a transport stream that begins at 100 s is -96 s.
# Guessed before it was run: 16,000 samples, give or take a packet, as of AAC; four seconds.
# Seen: 32,768 samples and 220 Hz in .mov and .avi, 16,384 and 440 Hz of AAC; 4.0 s for .mov, -95.9 s for .ts, in which samplers of
#   clips find one place.
# Reason: PyAV gives packed sound as one row with both channels in turn, the mean over rows leaves it; the beginning is taken off a duration
#   that did not hold it.
# Versions: pytorchvideo 0.1.5, av 19.0.2, torch 2.14.1, Python 3.12.
# What xdc-tf does: sound is brought to planes by FFmpeg's resampler (xdc_tf/media/audio_track.py), durations are those of the frames.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check pytorchvideo==0.1.5 av==19.0.2 torch==2.14.1 torchvision==0.29.1 numpy==2.5.5
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import fractions
import importlib.metadata
import os

import av
import numpy as np
from pytorchvideo.data.encoded_video_pyav import EncodedVideoPyAV

print(*(f'{name} {importlib.metadata.version(name)}' for name in ('pytorchvideo', 'av', 'torch')))
RATE = 16000
os.chdir(os.environ['FOLDER'])


def write(path, video_codec, audio_codec, **options):
  with av.open(path, 'w', options=options) as film:
    video, audio = film.add_stream(video_codec, rate=25), film.add_stream(audio_codec, rate=RATE)
    video.width = video.height = 64
    audio.layout = 'stereo'
    for number in range(100):
      picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format='rgb24')
      picture.pts, picture.time_base = number, fractions.Fraction(1, 25)
      film.mux(video.encode(picture))
    tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)
    sound = av.AudioFrame.from_ndarray(np.repeat(tone, 2).astype(np.int16)[None], format='s16', layout='stereo')
    sound.sample_rate, sound.pts = RATE, 0
    resampler = av.AudioResampler(format=audio.format, layout='stereo', rate=RATE, frame_size=audio.frame_size or 1024)
    for frame in resampler.resample(sound) + resampler.resample(None):
      film.mux(audio.encode(frame))
    film.mux(video.encode())
    film.mux(audio.encode())


def look(path):
  with open(path, 'rb') as file:
    film = EncodedVideoPyAV(file)
    sound = film.get_clip(1.0, 2.0)['audio'].numpy()
    pitch = np.abs(np.fft.rfft(sound)).argmax() * RATE / len(sound)
    print(f'{path}: {float(film.duration):.2f} s, one second of sound has {len(sound)} samples, its tone is at {pitch:.0f} Hz')
    return len(sound), pitch, film.duration


write('aac.mp4', 'mpeg4', 'aac')
samples, pitch, duration = look('aac.mp4')
assert samples == 16384 and abs(pitch - 440) < 1
for path in ('pcm.mov', 'pcm.avi'):
  write(path, 'mpeg4', 'pcm_s16le')
  samples, pitch, duration = look(path)
  assert samples == 32768 and abs(pitch - 220) < 1 and duration == 4
write('begins_at_100_s.ts', 'mpeg2video', 'mp2', output_ts_offset='100')
assert look('begins_at_100_s.ts')[2] < -90
PYTHON_END
