"""Words spoken by espeak-ng, through the library that the package espeakng-loader brings. No sound device is opened."""

import _ctypes
import ctypes

import numpy as np

from xdc_tf.avdigits.extra import import_extra
from xdc_tf.avdigits.streams import stream

SAMPLE_RATE = 22_050
TRAIN_VOICES, TEST_VOICES = 50, 22
# All that espeak-ng 1.52 has in English, but for the one written in the Shavian alphabet. 'en' is British.
ACCENTS = ('en', 'en-029', 'en-gb-scotland', 'en-gb-x-gbclan', 'en-gb-x-gbcwmd', 'en-gb-x-rp', 'en-us', 'en-us-nyc')
# Of the 104 variants of espeak-ng 1.52 those left out are the six Klatt synthesisers (two are nearly silent in some words),
# the ten robots and Demonic, the two whispers, which have no pitch, 'fast', which is the default voice, 'Mr serious', whose
# name has a space, and the eleven twins of one that is in: the numbered (iven2 ...) and AnxiousAndy. f1-f5 and m1-m8 are
# different people.
# fmt: off
VOICES = (
  'Alex', 'Alicia', 'Andrea', 'Andy', 'Annie', 'Denis', 'Diogo', 'Gene', 'Henrique', 'Hugo', 'Jacky', 'Lee', 'Marco',
  'Mario', 'Michael', 'Mike', 'Nguyen', 'Reed', 'RicishayMax', 'Storm', 'Tweaky', 'adam', 'anika', 'announcer',
  'antonio', 'aunty', 'belinda', 'benjamin', 'boris', 'caleb', 'croak', 'david', 'ed', 'edward', 'f1', 'f2', 'f3',
  'f4', 'f5', 'grandma', 'grandpa', 'gustave', 'ian', 'iven', 'john', 'kaukovalta', 'linda', 'm1', 'm2', 'm3', 'm4',
  'm5', 'm6', 'm7', 'm8', 'marcelo', 'max', 'michel', 'miguel', 'norbert', 'pablo', 'paul', 'pedro', 'quincy', 'rob',
  'robert', 'sandro', 'shelby', 'steph', 'travis', 'victor', 'zac',
)
# fmt: on

_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
# From espeak-ng's speak_lib.h.
_SYNCHRONOUS, _DO_NOT_EXIT = 2, 0x8000
_RATE, _PITCH = 1, 3
_POSITION_IN_CHARACTERS, _UTF_8 = 1, 1
_SILENT = 0.01  # Of the loudest sample; what is softer at the two ends of a word is cut off.


def split_voices(seed: int) -> dict[str, list[str]]:
  """Returns the variants of 'train' (50) and 'test' (22), divided by chance, each in alphabetical order."""
  voices = stream(seed, 'voices').permutation(VOICES).tolist()
  return {'train': sorted(voices[:TRAIN_VOICES]), 'test': sorted(voices[TRAIN_VOICES:])}


def espeak_version() -> str:
  """Returns the version of the library, e.g. '1.52.0'."""
  library = _load()
  library.espeak_Info.restype = ctypes.c_char_p
  version = library.espeak_Info(None).decode()
  _unload(library)
  return version


def speak(word: str, accent: str, voice: str, pitch: int, words_per_minute: int) -> np.ndarray:
  """Speaks one word, without the silence around it.

  Args:
    word: in English.
    accent: one of ACCENTS.
    voice: one of VOICES.
    pitch: 0 to 100; 50 is the voice's own.
    words_per_minute: 80 to 450; espeak-ng's default is 175.

  Returns:
    float32 [samples] at 22,050 Hz in [-1, 1].

  Raises:
    RuntimeError: when espeakng-loader is not installed, lacks the voice, or says nothing.
  """
  # The library keeps the phase of its voice and its random numbers from one word to the next, even over its own Terminate
  # and Initialize. Only loading it anew (4 ms) makes a word the same whatever was said before.
  library = _load()
  try:
    samples = _synthesise(library, word, f'{accent}+{voice}', pitch, words_per_minute)
  finally:
    library.espeak_Terminate()
    _unload(library)
  loud = np.flatnonzero(np.abs(samples) > _SILENT * np.abs(samples).max(initial=0))
  if not len(loud):
    raise RuntimeError(f'espeak-ng said nothing for {word!r} with the voice {accent}+{voice}; expected a waveform.')
  return samples[loud[0] : loud[-1] + 1]


def _load() -> ctypes.CDLL:
  return ctypes.CDLL(import_extra('espeakng_loader').get_library_path())


def _unload(library: ctypes.CDLL) -> None:
  _ctypes.dlclose(library._handle)


def _synthesise(library: ctypes.CDLL, word: str, voice: str, pitch: int, words_per_minute: int) -> np.ndarray:
  pieces = []

  @_CALLBACK
  def collect(samples, number, _):
    if samples and number > 0:
      pieces.append(np.ctypeslib.as_array(samples, (number,)).copy())
    return 0  # Go on.

  data = import_extra('espeakng_loader').get_data_path()
  rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DO_NOT_EXIT)
  if rate != SAMPLE_RATE:
    raise RuntimeError(f'espeak-ng started at {rate} Hz with the data in {data}; expected {SAMPLE_RATE} Hz.')
  library.espeak_SetSynthCallback(collect)
  # Breath is noise: the library's own, which starts from the time of day, or, in Klatt voices such as Reed, the C library's.
  library.espeak_ng_SetRandSeed(ctypes.c_long(1))
  ctypes.CDLL(None).srand(1)
  if library.espeak_SetVoiceByName(voice.encode()):
    raise RuntimeError(f'espeak-ng has no voice {voice} in {data}. Install the espeakng-loader that xdc-tf asks for.')
  library.espeak_SetParameter(_RATE, words_per_minute, 0)
  library.espeak_SetParameter(_PITCH, pitch, 0)
  text = word.encode() + b'\0'
  library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, _POSITION_IN_CHARACTERS, 0, _UTF_8, None, None)
  return np.concatenate([np.zeros(0, np.int16), *pieces]).astype(np.float32) / 32_768
