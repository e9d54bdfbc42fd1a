#!/usr/bin/env bash
# What surprises: tensorflow-io takes the bytes of a WAV file of 32-bit whole numbers for 32-bit floats, without an error: a tone becomes
#   numbers from -2e38 to 2. Where the whole numbers are asked for, it refuses.
# Guessed before it was run: int32, as for 24 bits, or an error that says that only 8, 16 and 24 bits and float are read.
# Seen: AudioIOTensor has dtype float32, and its numbers are the file's bits read as float32; decode_wav gives the same with
#   dtype=float32 and 'dtype mismatch: float vs. int32' with int32. 16 bits come as int16, 24 bits as int32 times 256, floats as they are.
# Versions: tensorflow-io 0.36.0 with tensorflow 2.15.1, Python 3.11.
# What xdc-tf does: nothing: sound is read by PyAV (xdc_tf/media/audio_track.py), never by tensorflow-io.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.11}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.15.1 tensorflow-io==0.36.0 numpy==1.26.4
cd "$tmp"
TF_CPP_MIN_LOG_LEVEL=3 "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import wave

import numpy as np
import tensorflow as tf
import tensorflow_io as tfio

print(f'tensorflow-io {importlib.metadata.version("tensorflow-io")}, tensorflow {tf.__version__}')
tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)


def written(bits):
  """A mono file of whole numbers, and the numbers as int32."""
  numbers = np.round(tone * (2 ** (bits - 1) - 1)).astype('<i4')
  with wave.open(f'{bits}.wav', 'wb') as file:
    file.setnchannels(1)
    file.setsampwidth(bits // 8)
    file.setframerate(16000)
    file.writeframes(numbers.view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes())
  return numbers


for bits, dtype, scale in ((16, 'int16', 1), (24, 'int32', 256)):
  numbers = written(bits)
  found = tfio.audio.AudioIOTensor(f'{bits}.wav').to_tensor().numpy()[:, 0]
  print(f'{bits} bits: {found.dtype}, the numbers times {scale}: {np.array_equal(found, numbers * scale)}')
  assert found.dtype == dtype and np.array_equal(found, numbers * scale)

numbers = written(32)
found = tfio.audio.AudioIOTensor('32.wav').to_tensor().numpy()[:, 0]
print(f'32 bits: {found.dtype}; the tone of amplitude 0.5 goes from {found.min():.1e} to {found.max():.1e}')
assert found.dtype == 'float32' and found.min() < -1e38 and found.max() == 2.0
np.testing.assert_array_equal(found.view('<i4'), numbers)
content = open('32.wav', 'rb').read()
np.testing.assert_array_equal(tfio.audio.decode_wav(content, dtype=tf.float32).numpy()[:, 0].view('<i4'), numbers)
try:
  tfio.audio.decode_wav(content, dtype=tf.int32)
  raise SystemExit('decode_wav gives int32 now')
except tf.errors.InvalidArgumentError as error:
  print('decode_wav as int32:', error.message.splitlines()[0][-45:])
  assert 'dtype mismatch: float vs. int32' in error.message
PYTHON_END
