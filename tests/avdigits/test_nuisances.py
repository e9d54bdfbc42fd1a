import dataclasses

import pytest

from xdc_tf.avdigits import picture, sound, speech
from xdc_tf.avdigits.nuisances import EASY, HARD, HARDEST, LEVELS, Nuisances
from xdc_tf.avdigits.streams import stream

# Of the project's description of the corpus.
DOCUMENTED = {
  'rotation_degrees': (-8, 8),
  'zoom': (0.85, 1.1),
  'speed': (0, 1.2),
  'start_seconds': (0, 0.35),
  'gap_seconds': (0.03, 0.25),
  'snr_db': (12, 28),
  'gain_db': (-6, 6),
}


def draws(level: Nuisances, number: int = 2000):
  for n in range(number):
    seen = picture.draw(stream(3, 'picture', 'train', n), level)
    yield seen, sound.draw(stream(3, 'sound', 'train', n), level, ['f1', 'f2'])


def values_of(level: Nuisances) -> dict[str, list[float]]:
  """All values drawn for each range."""
  found = {field.name: [] for field in dataclasses.fields(Nuisances) if not field.name.endswith('_chance')}
  for seen, heard in draws(level):
    for name in found:
      moving, background = (seen.colour, seen.distractor_colour), (seen.background_from, seen.background_to)
      if name in ('hue', 'saturation'):
        found[name] += [getattr(colour, name) for colour in moving + background]
      elif name == 'value':
        found[name] += [colour.value for colour in moving]
      elif name == 'background_value':
        found[name] += [colour.value for colour in background]
      elif name == 'speed':
        found[name] += [seen.motion.speed, seen.distractor_motion.speed]
      elif name == 'texture_drift':
        found[name].append(seen.texture_motion.speed)
      elif name == 'gap_seconds':
        found[name] += heard.gap_seconds
      else:
        found[name].append(getattr(seen if hasattr(seen, name) else heard, name))
  return found


def test_hard_is_as_documented():
  assert {name: getattr(HARD, name) for name in DOCUMENTED} == DOCUMENTED
  assert HARD.hue == HARD.saturation == (0, 1)
  assert HARD.value[0] > HARD.background_value[1]
  assert LEVELS == {'easy': EASY, 'hard': HARD, 'hardest': HARDEST}


def test_easy_is_half_of_every_nuisance():
  expected = Nuisances(
    rotation_degrees=(-4, 4),
    zoom=(0.925, 1.05),
    speed=(0, 0.6),
    hue=(0.25, 0.75),
    saturation=(0.25, 0.75),
    value=(0.7, 0.9),
    background_value=(0.1, 0.3),
    texture=(0, 0.06),
    texture_drift=(0, 0.5),
    distractor_chance=0.25,
    distractor_radius=(2, 4),
    frame_noise=(0, 0.03),
    start_seconds=(0, 0.175),
    gap_seconds=(0.03, 0.14),
    pitch=(35, 65),
    words_per_minute=(150, 200),
    reverb=(0, 0.25),
    reverb_seconds=(0.1, 0.3),
    snr_db=(18.0206, 34.0206),
    noise_slope=(0.5, 1.5),
    hum_chance=0.15,
    hum_db=(-36.0206, -21.0206),
    gain_db=(-3, 3),
  )
  for field in dataclasses.fields(Nuisances):
    assert getattr(EASY, field.name) == pytest.approx(getattr(expected, field.name), abs=1e-4), field.name


@pytest.mark.parametrize('level', list(LEVELS))
def test_draws_fill_their_ranges_and_stay_within(level):
  ranges = LEVELS[level]
  for name, values in values_of(ranges).items():
    low, high = getattr(ranges, name)
    assert low <= min(values) and max(values) <= high, name
    assert min(values) < low + 0.02 * (high - low) and max(values) > high - 0.02 * (high - low), name


@pytest.mark.parametrize(('level', 'distractors', 'hums'), [('easy', 500, 300), ('hard', 1000, 600)])
def test_shares_of_clips_with_a_distractor_and_with_a_hum(level, distractors, hums):
  pairs = list(draws(LEVELS[level]))
  # Four standard deviations of a binomial of 2,000.
  assert sum(seen.distractor for seen, _ in pairs) == pytest.approx(distractors, abs=90)
  assert sum(heard.hum for _, heard in pairs) == pytest.approx(hums, abs=82)
  assert {heard.accent for _, heard in pairs} == set(speech.ACCENTS)
  assert {heard.hum_hz for _, heard in pairs} == {50, 60}
  assert {heard.voice for _, heard in pairs} == {'f1', 'f2'}
