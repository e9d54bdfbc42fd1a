"""What varies in a clip besides its digit, and by how much. Nothing here knows which digit is shown or said."""

import dataclasses
import math
from typing import Any

Range = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Nuisances:
  """The ranges of one level; values are drawn uniformly between the two ends. Pixels are those of the 40x40 frame.

  Attributes:
    rotation_degrees: the rotation of the digit, one angle a clip.
    zoom: the zoom of the digit; 1 draws its 28x28 image pixel by pixel.
    speed: the speed of the digit and of the distractor, pixels a frame; the direction is any.
    hue: the hue of every colour, in turns of the colour circle.
    saturation: the saturation of every colour.
    value: brightness of what moves: the digit and the distractor.
    background_value: brightness of the background, which is darker than the digit.
    texture: standard deviation of the background's pattern; 1 is the step from black to white.
    texture_drift: pixels a frame.
    distractor_chance: share of the clips with a blob behind the digit.
    distractor_radius: pixels.
    frame_noise: standard deviation of the noise that is new in every frame.
    start_seconds: silence before the first word.
    gap_seconds: silence between two words, each drawn by itself.
    pitch: espeak-ng's, 50 is the voice's own.
    words_per_minute: espeak-ng's, 175 is its default.
    reverb: sound that comes back from the room, in root mean square, over the sound that comes straight.
    reverb_seconds: time in which the reverberation falls by 60 dB.
    snr_db: level of the speech over that of the noise, both over the whole clip.
    noise_slope: the noise's power falls with the frequency to this power: 0 is white, 1 pink, 2 brown.
    hum_chance: share of the clips with the hum of a power line.
    hum_db: level of the hum over that of the speech.
    gain_db: the gain of everything.
  """

  rotation_degrees: Range
  zoom: Range
  speed: Range
  hue: Range
  saturation: Range
  value: Range
  background_value: Range
  texture: Range
  texture_drift: Range
  distractor_chance: float
  distractor_radius: Range
  frame_noise: Range
  start_seconds: Range
  gap_seconds: Range
  pitch: Range
  words_per_minute: Range
  reverb: Range
  reverb_seconds: Range
  snr_db: Range
  noise_slope: Range
  hum_chance: float
  hum_db: Range
  gain_db: Range


HARD = Nuisances(
  rotation_degrees=(-8.0, 8.0),
  zoom=(0.85, 1.1),
  speed=(0.0, 1.2),
  hue=(0.0, 1.0),
  saturation=(0.0, 1.0),
  value=(0.6, 1.0),
  background_value=(0.0, 0.4),
  texture=(0.0, 0.12),
  texture_drift=(0.0, 1.0),
  distractor_chance=0.5,
  distractor_radius=(2.0, 6.0),
  frame_noise=(0.0, 0.06),
  start_seconds=(0.0, 0.35),
  gap_seconds=(0.03, 0.25),
  pitch=(20.0, 80.0),
  words_per_minute=(125.0, 225.0),
  reverb=(0.0, 0.5),
  reverb_seconds=(0.1, 0.5),
  snr_db=(12.0, 28.0),
  noise_slope=(0.0, 2.0),
  hum_chance=0.3,
  hum_db=(-30.0, -15.0),
  gain_db=(-6.0, 6.0),
)

# What a nuisance is where it does not disturb; where no value disturbs less than another, the middle. Levels of noise are
# absent: they are halved as amplitudes.
_NEUTRAL = {
  'rotation_degrees': 0.0,
  'zoom': 1.0,
  'speed': 0.0,
  'hue': 0.5,
  'saturation': 0.5,
  'value': 0.8,
  'background_value': 0.2,
  'texture': 0.0,
  'texture_drift': 0.0,
  'distractor_chance': 0.0,
  'distractor_radius': 2.0,
  'frame_noise': 0.0,
  'start_seconds': 0.0,
  'gap_seconds': 0.03,
  'pitch': 50.0,
  'words_per_minute': 175.0,
  'reverb': 0.0,
  'reverb_seconds': 0.1,
  'noise_slope': 1.0,
  'hum_chance': 0.0,
  'gain_db': 0.0,
}
_HALF_AMPLITUDE_DB = 20 * math.log10(0.5)


def halved(level: Nuisances) -> Nuisances:
  """Returns a level with half of every nuisance.

  Ranges shrink to half around the value that does not disturb (rotation within 8 degrees becomes within 4, zoom .85-1.1
  becomes .925-1.05), shares of clips halve, noise and hum have half the amplitude (6.02 dB less, so SNR 12-28 dB becomes
  18-34 dB). Voices and accents are not ranges: every level has all of them.
  """

  def half(name: str, end: float) -> float:
    if name == 'snr_db':
      return end - _HALF_AMPLITUDE_DB
    if name == 'hum_db':
      return end + _HALF_AMPLITUDE_DB
    return _NEUTRAL[name] + (end - _NEUTRAL[name]) / 2

  ranges: dict[str, Any] = dataclasses.asdict(level)
  for name, range_ in ranges.items():
    ranges[name] = tuple(half(name, end) for end in range_) if isinstance(range_, tuple) else half(name, range_)
  return Nuisances(**ranges)


EASY = halved(HARD)
# Beyond what XDC's recipe learns whole: with all labels an encoder stays well above it (docs/miniature.md).
HARDEST = dataclasses.replace(
  HARD,
  rotation_degrees=(-12.0, 12.0),
  zoom=(0.75, 1.12),
  speed=(0.0, 1.6),
  value=(0.55, 1.0),
  background_value=(0.0, 0.45),
  texture=(0.0, 0.16),
  distractor_chance=0.65,
  distractor_radius=(2.0, 7.0),
  frame_noise=(0.0, 0.08),
  reverb=(0.0, 0.7),
  reverb_seconds=(0.1, 0.65),
  snr_db=(7.0, 23.0),
  hum_chance=0.4,
  hum_db=(-25.0, -12.0),
)
LEVELS = {'easy': EASY, 'hard': HARD, 'hardest': HARDEST}
