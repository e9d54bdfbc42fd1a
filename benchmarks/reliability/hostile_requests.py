"""Requests that a model must refuse, and the good one after each that it must still answer as before."""

import functools
import io
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from benchmarks.reliability import material  # noqa: F401 - knows where the tests' makers are.

TOLERANCE = 1e-5


def good_requests(seed: int) -> dict[str, dict[str, np.ndarray]]:
  """Returns {'video': inputs of embed, 'audio': inputs of embed}: one clip of four frames, one second of sound."""
  from records_factory import jpeg

  rng = np.random.default_rng(seed)
  frames = [jpeg(rng, (24, 32)) for _ in range(4)]
  return {
    'video': {'jpegs': np.array([frames], object)},
    'audio': {'waveform': rng.uniform(-0.5, 0.5, (1, 16_000)).astype(np.float32)},
  }


def _pictures(rng: np.random.Generator) -> dict[str, bytes]:
  """What is no JPEG of ours: other formats, other colours, damage."""
  from PIL import Image

  pixels = rng.integers(0, 256, (24, 32, 3)).astype(np.uint8)

  def saved(mode: str, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()

  whole = saved('RGB', 'JPEG')
  flipped = bytearray(whole)
  flipped[int(rng.integers(2, 20))] ^= 255
  return {
    'PNG': saved('RGB', 'PNG'),
    'GIF': saved('P', 'GIF'),
    'BMP': saved('RGB', 'BMP'),
    'CMYK JPEG': saved('CMYK', 'JPEG'),
    'cut JPEG': whole[: int(rng.integers(4, len(whole) - 2))],
    'damaged head': bytes(flipped),
    'no JPEG': rng.bytes(200),
    'nothing': b'',
    'markup': b'<script>alert(1)</script>',
    'NUL bytes': bytes(1000),
    'start of a JPEG': whole[:3],
  }


def bad_request(rng: np.random.Generator) -> tuple[str, str, dict]:
  """Returns (model, what is wrong, inputs of embed)."""
  sound = rng.uniform(-0.5, 0.5, (1, 16_000)).astype(np.float32)
  pictures = _pictures(rng)
  name = str(rng.choice(sorted(pictures)))
  spoiled = sound.copy()
  spoiled[0, int(rng.integers(16_000))] = rng.choice([np.nan, np.inf, -np.inf, 32767.0])
  cases = [
    ('video', name, {'jpegs': np.array([[pictures[name]] * 4], object)}),
    (
      'video',
      f'{name} among good ones',
      {'jpegs': np.array([[*good_requests(0)['video']['jpegs'][0], pictures[name]]])},
    ),
    ('video', 'rank 1', {'jpegs': np.array([b'x'], object)}),
    ('video', 'rank 3', {'jpegs': np.array([[[b'x']]], object)}),
    ('video', 'numbers', {'jpegs': np.zeros([1, 4], np.float32)}),
    ('video', 'no clips', {'jpegs': np.zeros([0, 4], object)}),
    ('audio', 'not finite or far too loud', {'waveform': spoiled}),
    ('audio', 'rank 1', {'waveform': sound[0]}),
    ('audio', 'rank 3', {'waveform': sound[None]}),
    ('audio', 'float64', {'waveform': sound.astype(np.float64)}),
    ('audio', 'strings', {'waveform': np.array([[b'x']], object)}),
    ('audio', 'no samples', {'waveform': sound[:, :0]}),
    ('audio', 'another name', {'sound': sound}),
  ]
  return cases[int(rng.integers(len(cases)))]


# TensorFlow takes these for pictures, or not: either is right, as long as the answer is one of finite numbers.
EITHER = ('CMYK JPEG', 'damaged head')
# What a signature may raise: InvalidArgument for values, and TensorFlow's own words in Python for types and names.
REFUSALS = (tf.errors.InvalidArgumentError, TypeError, ValueError)


def check(models: str, count: int, seed: int) -> list[str]:
  """Asks both models `count` bad things; returns a sentence for each that was not refused, or that changed an answer after it."""
  embed = {name: tf.saved_model.load(f'{models}/xdc_{name}/1').signatures['embed'] for name in ('video', 'audio')}

  def ask(model: str, inputs: dict) -> np.ndarray:
    return embed[model](**{name: tf.constant(value) for name, value in inputs.items()})['embedding'].numpy()

  good, rng, failures = good_requests(seed), np.random.default_rng(seed), []
  expected = {name: ask(name, good[name]) for name in embed}
  for _ in range(count):
    model, what, inputs = bad_request(rng)
    failures += _not_refused(model, what, functools.partial(ask, model, inputs))
    if not np.allclose(ask(model, good[model]), expected[model], atol=TOLERANCE):
      failures.append(f'a good request after a bad one is answered otherwise: {model}, {what}')
  return failures


def _not_refused(model: str, what: str, ask: Callable[[], np.ndarray]) -> list[str]:
  try:
    answer = ask()
  except REFUSALS as error:
    return [] if str(error) else [f'a refusal without a message: {model}, {what}']
  finite = 'finite numbers' if np.isfinite(answer).all() else 'numbers that are not finite'
  if finite == 'finite numbers' and what.startswith(EITHER):
    return []
  return [f'a bad request is answered with {finite}: {model}, {what}']
