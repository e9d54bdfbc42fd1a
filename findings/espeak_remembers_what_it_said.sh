#!/usr/bin/env bash
# What surprises: espeak-ng gives other samples for a word by what was said before it, even after espeak_Terminate and espeak_Initialize.
#   Only loading the library anew makes a word the same. So the sounds of a data set depend on their order, and on how the work was divided.
# Guessed before it was run: the same word with the same voice gives the same samples; after Terminate and Initialize at the latest.
# Seen: 'seven' said twice has another waveform in most of its samples, and may be 18 samples longer; so it has after Terminate and
#   Initialize. In a library loaded anew it is the first one, sample for sample. Three voices of English.
# Versions: espeakng-loader 0.2.4 (espeak-ng 1.52.0), numpy 2.4.6, Python 3.12.
# What xdc-tf does: `speak` in xdc_tf/avdigits/speech.py loads the library for every word (4 ms).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check espeakng-loader==0.2.4 numpy==2.4.6
"$tmp/venv/bin/python" - <<'PYTHON_END'
import _ctypes
import ctypes

import espeakng_loader
import numpy as np

SYNCHRONOUS, UTF_8 = 2, 1
TAKES_SAMPLES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def load():
  library = ctypes.CDLL(espeakng_loader.get_library_path())
  initialize(library)
  return library


def initialize(library):
  assert library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0) == 22050


def say(library, word, voice):
  parts = []

  @TAKES_SAMPLES
  def take(samples, count, _):
    if samples and count > 0:
      parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
    return 0

  library.espeak_SetSynthCallback(take)
  assert library.espeak_SetVoiceByName(voice) == 0
  text = word + b'\0'
  assert library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 1, 0, UTF_8, None, None) == 0
  return np.concatenate(parts).astype(int)


def unlike(one, other):
  """How many samples differ, and by how much at most, as far as both go."""
  length = min(len(one), len(other))
  difference = np.abs(one[:length] - other[:length])
  return int((difference > 0).sum()), int(difference.max()), len(other) - len(one)


for voice in (b'en', b'en-us', b'en+f2'):
  library = load()
  first = say(library, b'seven', voice)
  again = say(library, b'seven', voice)
  library.espeak_Terminate()
  initialize(library)
  after = say(library, b'seven', voice)
  library.espeak_Terminate()
  _ctypes.dlclose(library._handle)
  library = load()
  anew = say(library, b'seven', voice)
  library.espeak_Terminate()
  _ctypes.dlclose(library._handle)
  print(f'{voice.decode()}, {len(first)} samples; samples that differ, by how much of 32768 at most, and how many more there are:')
  for how, found in (('said again', again), ('after Terminate and Initialize', after), ('loaded anew', anew)):
    print(f'  {how}: {unlike(first, found)}')
  assert unlike(first, again)[0] > len(first) / 2 and unlike(first, after)[0] > len(first) / 2
  assert unlike(first, anew) == (0, 0, 0)
PYTHON_END
