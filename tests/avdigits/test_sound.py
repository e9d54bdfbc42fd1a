import dataclasses

import numpy as np
import pytest

from xdc_tf.avdigits import sound
from xdc_tf.avdigits.nuisances import EASY, HARD
from xdc_tf.avdigits.speech import SAMPLE_RATE, speak
from xdc_tf.avdigits.streams import stream


def clear(**changes) -> sound.SoundDraw:
  """One word in a dead, silent room, and then nothing."""
  drawn = sound.SoundDraw('f1', 'en-us', 50, 175, 0.3, (9.0,), 0, 0.2, 200, 0, 0, 50, -20, 0)
  return dataclasses.replace(drawn, **changes)


def listen(drawn: sound.SoundDraw, word: str = 'seven') -> sound.Sound:
  return sound.render(drawn, word, stream(0, 'sound'))


def decibels(samples: np.ndarray) -> float:
  return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


@pytest.mark.parametrize('level', [EASY, HARD])
def test_levels_are_the_drawn_ones(level):
  for n in range(20):
    random = stream(0, 'sound', 'test', n)
    drawn = sound.draw(random, level, ['f1', 'm3', 'croak'])
    heard = sound.render(drawn, 'three', random)
    waveform = heard.waveform()
    assert waveform.shape == (44_100,) and waveform.dtype == np.float32
    assert np.abs(waveform).max() < 1
    assert decibels(heard.speech) == pytest.approx(20 * np.log10(0.04) + drawn.gain_db, abs=0.01)
    assert decibels(heard.speech) - decibels(heard.noise) == pytest.approx(drawn.snr_db, abs=0.01)
    assert not drawn.hum or decibels(heard.hum) - decibels(heard.speech) == pytest.approx(drawn.hum_db, abs=0.01)
    assert drawn.hum or not heard.hum.any()
    np.testing.assert_allclose(waveform, heard.speech + heard.noise + heard.hum, atol=1e-6)


def test_the_noise_before_the_first_word_has_the_drawn_level():
  drawn = clear(snr_db=12.0, gain_db=-6.0)
  before = listen(drawn).waveform()[: round(0.3 * SAMPLE_RATE)]
  assert decibels(before) == pytest.approx(20 * np.log10(0.04) - 6 - 12, abs=0.3)


def test_the_word_is_repeated_after_its_gaps_until_the_end():
  word = speak('seven', 'en-us', 'f1', 50, 175)
  heard = listen(clear(gap_seconds=(0.25, 0.03, 0.1, 0.2, 0.2, 0.2))).speech
  scale = np.abs(heard).max() / np.abs(word).max()
  position, expected = round(0.3 * SAMPLE_RATE), np.zeros(44_100, np.float32)
  for gap in (0.25, 0.03, 0.1, 0.2, 0.2, 0.2):
    expected[position : position + len(word)] = word[: max(0, 44_100 - position)]
    position += len(word) + round(gap * SAMPLE_RATE)
  assert position > 44_100
  np.testing.assert_allclose(heard, scale * expected, atol=1e-5)


@pytest.mark.parametrize('level', [EASY, HARD])
def test_the_gaps_drawn_suffice_for_the_shortest_word(level):
  shortest = min(len(speak('eight', 'en', voice, 50, 225)) for voice in ('Andrea', 'anika', 'pedro')) / SAMPLE_RATE
  gaps = sound.draw(stream(0, 'sound'), level, ['f1']).gap_seconds
  assert len(gaps) * (shortest + 0.03) > sound.SECONDS


def test_reverberation_rings_as_long_and_as_loud_as_drawn():
  word_end = round(0.3 * SAMPLE_RATE) + len(speak('seven', 'en-us', 'f1', 50, 175))
  dry, wet = listen(clear()).speech, listen(clear(reverb=0.5)).speech
  assert not dry[word_end:].any()
  ring = wet[word_end : word_end + round(0.2 * SAMPLE_RATE)]
  assert decibels(ring[:441]) - decibels(ring[-441:]) > 40
  assert np.abs(wet[word_end + round(0.2 * SAMPLE_RATE) + 1 :]).max() < 1e-6
  # The straight sound is the same but for its level; what remains has half its root mean square.
  first = slice(round(0.3 * SAMPLE_RATE), round(0.3 * SAMPLE_RATE) + 1)
  assert wet[first] != dry[first]
  share = np.linalg.lstsq(dry[:, None], wet, rcond=None)[0][0]
  assert decibels(wet - share * dry) - decibels(share * dry) == pytest.approx(20 * np.log10(0.5), abs=0.5)


@pytest.mark.parametrize(('slope', 'expected'), [(0.0, 0.0), (1.0, -3.01), (2.0, -6.02)])
def test_the_noise_falls_with_its_slope(slope, expected):
  power = np.abs(np.fft.rfft(listen(clear(noise_slope=slope)).noise.astype(np.float64))) ** 2
  octaves = [10 * np.log10(power[low : 2 * low].mean()) for low in (800, 1600, 3200, 6400)]
  assert np.mean(np.diff(octaves)) == pytest.approx(expected, abs=0.3)


@pytest.mark.parametrize('hertz', [50, 60])
def test_the_hum_has_the_frequency_of_its_power_line(hertz):
  power = np.abs(np.fft.rfft(listen(clear(hum=1, hum_hz=hertz)).hum))
  assert np.argmax(power) / sound.SECONDS == hertz
  assert power[2 * 2 * hertz] == pytest.approx(power[2 * hertz] / 2, rel=0.01)
