"""The sound of a clip: one word said again and again, in a room, with noise."""

import dataclasses

import numpy as np
from scipy import signal

from xdc_tf.avdigits import speech
from xdc_tf.avdigits.nuisances import Nuisances
from xdc_tf.avdigits.speech import SAMPLE_RATE

SECONDS = 2.0
SAMPLES = round(SECONDS * SAMPLE_RATE)
# Root mean square of the speech at a gain of 0 dB. Low enough that no voice is clipped at 6 dB more.
SPEECH_LEVEL = 0.04
_MAX_GAPS = 20  # The shortest word takes .1 s.
_LOWEST_NOISE_HZ = 50.0  # Below it the noise is as strong as there: brown noise would be all rumble.
_HUM_HARMONICS = 6


@dataclasses.dataclass(frozen=True)
class SoundDraw:
  """All that is drawn by chance for one sound but its noise; units as in Nuisances.

  Attributes:
    voice: one of the split's.
    accent: one of speech.ACCENTS.
    pitch: a whole number.
    words_per_minute: a whole number.
    start_seconds: when the first word begins.
    gap_seconds: after each word; more than fit.
    reverb: the reverb of the room.
    reverb_seconds: the seconds of the reverb of the room.
    snr_db: speech over noise.
    noise_slope: colour of the noise.
    hum: 1 when there is a hum, otherwise 0 and what follows is not heard.
    hum_hz: 50 or 60.
    hum_db: hum over speech.
    gain_db: the gain of everything.
  """

  voice: str
  accent: str
  pitch: int
  words_per_minute: int
  start_seconds: float
  gap_seconds: tuple[float, ...]
  reverb: float
  reverb_seconds: float
  snr_db: float
  noise_slope: float
  hum: int
  hum_hz: int
  hum_db: float
  gain_db: float


@dataclasses.dataclass(frozen=True)
class Sound:
  """The parts of a sound, float32 [44100] each, at 22,050 Hz and with the gain applied."""

  speech: np.ndarray
  noise: np.ndarray
  hum: np.ndarray

  def waveform(self) -> np.ndarray:
    """Returns all together, float32 [44100] in [-1, 1]."""
    return np.clip(self.speech + self.noise + self.hum, -1, 1)


def draw(random: np.random.Generator, level: Nuisances, voices: list[str]) -> SoundDraw:
  """Draws a sound; `voices` are those of its split."""
  return SoundDraw(
    voice=voices[random.integers(len(voices))],
    accent=speech.ACCENTS[random.integers(len(speech.ACCENTS))],
    pitch=round(random.uniform(*level.pitch)),
    words_per_minute=round(random.uniform(*level.words_per_minute)),
    start_seconds=random.uniform(*level.start_seconds),
    gap_seconds=tuple(random.uniform(*level.gap_seconds, _MAX_GAPS).tolist()),
    reverb=random.uniform(*level.reverb),
    reverb_seconds=random.uniform(*level.reverb_seconds),
    snr_db=random.uniform(*level.snr_db),
    noise_slope=random.uniform(*level.noise_slope),
    hum=int(random.uniform() < level.hum_chance),
    hum_hz=(50, 60)[random.integers(2)],
    hum_db=random.uniform(*level.hum_db),
    gain_db=random.uniform(*level.gain_db),
  )


def render(drawn: SoundDraw, word: str, random: np.random.Generator) -> Sound:
  """Speaks a word and puts it into its room.

  Args:
    drawn: by `draw`.
    word: to say, such as 'zero' or 'zero nine'.
    random: for the room's echoes and the noise; the generator that made `drawn`.
  """
  said = speech.speak(word, drawn.accent, drawn.voice, drawn.pitch, drawn.words_per_minute)
  level = SPEECH_LEVEL * _ratio(drawn.gain_db)
  return Sound(
    speech=_scaled(_reverberated(_repeated(said, drawn), drawn, random), level),
    noise=_scaled(_coloured_noise(drawn.noise_slope, random), level / _ratio(drawn.snr_db)),
    hum=_scaled(_hum(drawn.hum_hz, random), drawn.hum * level * _ratio(drawn.hum_db)),
  )


def _repeated(word: np.ndarray, drawn: SoundDraw) -> np.ndarray:
  """Returns float32 [44100]: the word, float32 [n], again and again until the clip ends."""
  track = np.zeros(SAMPLES, np.float32)
  position = round(drawn.start_seconds * SAMPLE_RATE)
  for gap in drawn.gap_seconds:
    heard = word[: max(0, SAMPLES - position)]
    track[position : position + len(heard)] = heard
    position += len(word) + round(gap * SAMPLE_RATE)
  return track


def _reverberated(track: np.ndarray, drawn: SoundDraw, random: np.random.Generator) -> np.ndarray:
  """Adds echoes to float32 [44100]: noise that dies away by 60 dB, a plain model of a room."""
  seconds = np.arange(round(drawn.reverb_seconds * SAMPLE_RATE)) / SAMPLE_RATE
  room = random.standard_normal(len(seconds)) * 10 ** (-3 * seconds / drawn.reverb_seconds)
  echo = signal.fftconvolve(track, room)[:SAMPLES]
  return track + _scaled(echo, drawn.reverb * _level(track))


def _coloured_noise(slope: float, random: np.random.Generator) -> np.ndarray:
  """Returns float64 [44100] whose power falls with the frequency to the power of `slope`."""
  spectrum = np.fft.rfft(random.standard_normal(SAMPLES))
  frequencies = np.maximum(np.fft.rfftfreq(SAMPLES, 1 / SAMPLE_RATE), _LOWEST_NOISE_HZ)
  return np.fft.irfft(spectrum * frequencies ** (-slope / 2), SAMPLES)


def _hum(hertz: int, random: np.random.Generator) -> np.ndarray:
  """Returns float64 [44100]: a tone and its harmonics, each with any phase."""
  seconds = np.arange(SAMPLES) / SAMPLE_RATE
  phases = random.uniform(0, 2 * np.pi, _HUM_HARMONICS)
  return sum(np.sin(2 * np.pi * hertz * (k + 1) * seconds + phases[k]) / (k + 1) for k in range(_HUM_HARMONICS))


def _ratio(decibels: float) -> float:
  return 10 ** (decibels / 20)


def _level(track: np.ndarray) -> float:
  return float(np.sqrt(np.mean(np.square(track, dtype=np.float64))))


def _scaled(track: np.ndarray, level: float) -> np.ndarray:
  """Returns float32 with this root mean square."""
  return (track * (level / _level(track))).astype(np.float32)
