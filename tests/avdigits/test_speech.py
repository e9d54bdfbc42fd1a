import itertools
import subprocess
import sys
import time

import numpy as np
import pytest

from xdc_tf.avdigits import speech
from xdc_tf.avdigits.digits import WORDS

# With breath, which is noise: victor's is espeak-ng's, Reed's comes from its Klatt synthesiser.
BREATHY = ('f2', 'victor', 'Reed', 'caleb')
SCRIPT = """
from xdc_tf.avdigits import speech
for voice in ('f1', 'f2', 'victor', 'Reed', 'caleb'):
  print(speech.speak('seven', 'en-us', voice, 40, 160).astype(float).sum())
"""


def fundamental(samples: np.ndarray) -> float:
  """Hertz of the strongest period between 60 and 300 Hz, without the formants above."""
  power = np.abs(np.fft.rfft(samples, 1 << 16)) ** 2
  power[np.fft.rfftfreq(1 << 16, 1 / speech.SAMPLE_RATE) > 400] = 0
  correlation = np.fft.irfft(power)
  shortest, longest = speech.SAMPLE_RATE // 300, speech.SAMPLE_RATE // 60
  return speech.SAMPLE_RATE / (shortest + np.argmax(correlation[shortest:longest]))


def test_a_word_is_the_same_whatever_was_said_before():
  voices = ['f1', 'croak', 'Tweaky', *BREATHY]
  first = [speech.speak('seven', 'en-us', voice, 40, 160) for voice in voices]
  for voice in speech.VOICES[::9]:
    speech.speak('nine', 'en-029', voice, 70, 200)
  time.sleep(1.1)  # espeak-ng seeds its noise with the seconds of the clock.
  again = [speech.speak('seven', 'en-us', voice, 40, 160) for voice in reversed(voices)]
  for one, other in zip(first, reversed(again), strict=True):
    np.testing.assert_array_equal(one, other)


def test_a_word_is_the_same_in_another_process_and_nothing_is_printed():
  there = subprocess.run([sys.executable, '-c', SCRIPT], check=True, capture_output=True, text=True)
  here = [speech.speak('seven', 'en-us', voice, 40, 160).astype(float).sum() for voice in ('f1', *BREATHY)]
  assert there.stdout.split() == [str(value) for value in here]
  assert there.stderr == ''


@pytest.mark.slow
def test_every_voice_says_every_word_audibly():
  accents = itertools.cycle(speech.ACCENTS)
  for voice, word in itertools.product(speech.VOICES, WORDS):
    said = speech.speak(word, next(accents), voice, 50, 175)
    assert 0.1 < len(said) / speech.SAMPLE_RATE < 0.9, (voice, word)
    assert np.sqrt(np.mean(said**2)) > 0.01, (voice, word)
    assert np.abs(said).max() <= 1


def test_no_two_voices_and_no_two_accents_are_the_same():
  voices = {speech.speak('seven', 'en-us', voice, 50, 175).tobytes() for voice in speech.VOICES}
  accents = {b''.join(speech.speak(w, accent, 'f1', 50, 175).tobytes() for w in WORDS) for accent in speech.ACCENTS}
  assert (len(voices), len(accents)) == (72, 8)


def test_pitch_and_speed_do_what_they_say():
  low, high = (fundamental(speech.speak('nine', 'en-us', 'Alex', pitch, 175)) for pitch in (20, 80))
  assert 1.3 * low < high < 3 * low
  slow, fast = (len(speech.speak('nine', 'en-us', 'm3', 50, rate)) for rate in (125, 225))
  assert 1.3 * fast < slow < 2.5 * fast


def test_silence_around_the_word_is_cut_off():
  said = np.abs(speech.speak('two', 'en-us', 'f1', 50, 175))
  assert min(said[0], said[-1]) > 0.01 * said.max()


def test_voices_are_divided_by_the_seed():
  splits = speech.split_voices(0)
  assert [len(splits['train']), len(splits['test'])] == [50, 22]
  assert {*splits['train'], *splits['test']} == set(speech.VOICES)
  assert speech.split_voices(0) == splits
  assert speech.split_voices(1) != splits


def test_an_unknown_voice_is_an_error():
  with pytest.raises(RuntimeError, match=r'no voice xx-none\+f1'):
    speech.speak('one', 'xx-none', 'f1', 50, 175)


def test_a_missing_espeak_names_the_extra(monkeypatch):
  monkeypatch.setitem(sys.modules, 'espeakng_loader', None)
  with pytest.raises(RuntimeError, match=r"espeakng_loader.*pip install 'xdc-tf\[avdigits\]'"):
    speech.speak('one', 'en', 'f1', 50, 175)
