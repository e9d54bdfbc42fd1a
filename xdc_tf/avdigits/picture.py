"""The picture of a clip: a handwritten digit that moves and bounces over a restless background."""

import colorsys
import dataclasses
import math
from typing import Any

import numpy as np
from scipy import ndimage

from xdc_tf.avdigits.digits import IMAGE_SIZE
from xdc_tf.avdigits.nuisances import Nuisances

SIZE = 40  # Pixels of the frame that is drawn; it is stored at twice this size, which H.264 likes better.
FRAMES, FRAME_RATE = 60, 30
# Least difference in brightness (luma, 0 to 1) between a digit and the mean of its background.
MIN_CONTRAST = 0.25
_LUMA = (0.299, 0.587, 0.114)
_TEXTURE_SIZE, _TEXTURE_BLUR = 64, 2.0
_EMPTY_SIDE = 4  # Columns left and right of MNIST's digits, which fill 20 pixels.


@dataclasses.dataclass(frozen=True)
class Motion:
  """A movement; the start is a share (0 to 1) of the room there is, the speed in pixels a frame, the direction in radians."""

  speed: float
  direction: float
  start_x: float
  start_y: float

  @classmethod
  def draw(cls, random: np.random.Generator, speed: tuple[float, float]) -> 'Motion':
    """Draws a motion with a speed of this range, in any direction."""
    return cls(random.uniform(*speed), random.uniform(0, 2 * math.pi), random.uniform(), random.uniform())

  def straight(self, room: float) -> np.ndarray:
    """Returns positions float64 [60, 2], (x, y) in pixels; the first lies in [0, room]."""
    velocity = self.speed * np.array([math.cos(self.direction), math.sin(self.direction)])
    return room * np.array([self.start_x, self.start_y]) + velocity * np.arange(FRAMES)[:, None]

  def bounce(self, room: float) -> np.ndarray:
    """Returns the same reflected at both ends, so that all lie in [0, room]."""
    return room - np.abs(room - self.straight(room) % (2 * room))


@dataclasses.dataclass(frozen=True)
class Colour:
  """Hue, saturation and value (brightness), each 0 to 1."""

  hue: float
  saturation: float
  value: float

  @classmethod
  def draw(cls, random: np.random.Generator, level: Nuisances, value: tuple[float, float]) -> 'Colour':
    """Draws a colour of a level, with a brightness of this range."""
    return cls(random.uniform(*level.hue), random.uniform(*level.saturation), random.uniform(*value))

  def rgb(self) -> np.ndarray:
    """Returns float32 [3] in [0, 1]."""
    return np.array(colorsys.hsv_to_rgb(self.hue, self.saturation, self.value), np.float32)


@dataclasses.dataclass(frozen=True)
class PictureDraw:
  """All that is drawn by chance for one picture but its noise; units as in Nuisances.

  Attributes:
    image: which of the handwritten images of its class and split, as a share, 0 to 1.
    rotation_degrees: the rotation of the digit, anticlockwise.
    zoom: the zoom of the digit.
    motion: the motion of the digit.
    colour: the colour of the digit.
    background_from: colour at one end of the background.
    background_to: colour at the other end.
    gradient: direction from one end to the other, radians.
    texture: the texture of the background.
    texture_motion: the motion of the texture.
    distractor: 1 when there is a blob, otherwise 0 and what follows is not seen.
    distractor_radius: the radius of the blob.
    distractor_motion: the motion of the blob.
    distractor_colour: the colour of the blob.
    frame_noise: standard deviation.
  """

  image: float
  rotation_degrees: float
  zoom: float
  motion: Motion
  colour: Colour
  background_from: Colour
  background_to: Colour
  gradient: float
  texture: float
  texture_motion: Motion
  distractor: int
  distractor_radius: float
  distractor_motion: Motion
  distractor_colour: Colour
  frame_noise: float

  def contrast(self) -> float:
    """Returns the difference in luma, 0 to 1, between the digit and the mean of its background."""
    background = (self.background_from.rgb() + self.background_to.rgb()) / 2
    return float(abs(np.dot(self.colour.rgb() - background, _LUMA)))


def draw(random: np.random.Generator, level: Nuisances, background: tuple[Colour, Colour] | None = None) -> PictureDraw:
  """Draws a picture; colours are drawn again, all three, until the digit has MIN_CONTRAST to its background, drawn or given."""
  drawn = PictureDraw(
    image=random.uniform(),
    rotation_degrees=random.uniform(*level.rotation_degrees),
    zoom=random.uniform(*level.zoom),
    motion=Motion.draw(random, level.speed),
    **_draw_colours(random, level, background),
    gradient=random.uniform(0, 2 * math.pi),
    texture=random.uniform(*level.texture),
    texture_motion=Motion.draw(random, level.texture_drift),
    distractor=int(random.uniform() < level.distractor_chance),
    distractor_radius=random.uniform(*level.distractor_radius),
    distractor_motion=Motion.draw(random, level.speed),
    distractor_colour=Colour.draw(random, level, level.value),
    frame_noise=random.uniform(*level.frame_noise),
  )
  while drawn.contrast() < MIN_CONTRAST:
    drawn = dataclasses.replace(drawn, **_draw_colours(random, level, background))
  return drawn


def draw_background(random: np.random.Generator, level: Nuisances) -> tuple[Colour, Colour]:
  """Draws the colours of the two ends of a background."""
  first, second = (Colour.draw(random, level, level.background_value) for _ in range(2))
  return first, second


def _draw_colours(
  random: np.random.Generator, level: Nuisances, background: tuple[Colour, Colour] | None
) -> dict[str, Any]:
  colour, drawn = Colour.draw(random, level, level.value), draw_background(random, level)
  first, second = background or drawn
  return {'colour': colour, 'background_from': first, 'background_to': second}


def render(drawn: PictureDraw, image: np.ndarray, random: np.random.Generator) -> np.ndarray:
  """Paints the frames.

  Args:
    drawn: by `draw`.
    image: uint8 [28, 28], the handwritten digit.
    random: for the texture and the noise; the generator that made `drawn`.

  Returns:
    uint8 [60, 80, 80, 3], RGB.
  """
  frames = np.broadcast_to(_gradient(drawn), (FRAMES, SIZE, SIZE, 3)) + _texture(drawn, random)[..., None]
  if drawn.distractor:
    frames = _paint(frames, _blob(drawn), drawn.distractor_colour)
  frames = _paint(frames, digit_mask(drawn, image), drawn.colour)
  frames += drawn.frame_noise * random.standard_normal(frames.shape, np.float32)
  return np.round(255 * _double(np.clip(frames, 0, 1))).astype(np.uint8)


def side_by_side(images: np.ndarray) -> np.ndarray:
  """Returns one image uint8 [28, 28] of one or two, uint8 [n, 28, 28]: two are made half as wide, without their empty sides."""
  if len(images) == 1:
    return images[0]
  width = IMAGE_SIZE // len(images)
  middles = images[:, :, _EMPTY_SIDE : IMAGE_SIZE - _EMPTY_SIDE]
  narrow = ndimage.zoom(middles.astype(np.float32), (1, 1, width / middles.shape[2]), order=1)
  return np.round(np.concatenate(list(narrow), axis=1)).astype(np.uint8)


def digit_mask(drawn: PictureDraw, image: np.ndarray) -> np.ndarray:
  """Returns where the digit's ink is, float32 [60, 40, 40] in [0, 1], from its image, uint8 [28, 28].

  The image's square, turned by nothing but zoomed, stays within the frame whatever is written in it: the room to move in is
  the same for all digits. Handwriting leaves its corners empty, so turning moves no ink out of the frame.
  """
  box = IMAGE_SIZE * drawn.zoom
  centres = drawn.motion.bounce(SIZE - box) + (box - 1) / 2
  angle = math.radians(drawn.rotation_degrees)
  turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) / drawn.zoom
  x, y = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
  offsets = np.stack([x, y]) - centres[:, :, None, None]  # [60, 2, 40, 40]
  source = np.einsum('ij,tjyx->ityx', turn, offsets) + (IMAGE_SIZE - 1) / 2
  return ndimage.map_coordinates(image.astype(np.float32) / 255, source[::-1], order=1)


def _gradient(drawn: PictureDraw) -> np.ndarray:
  """Returns float32 [40, 40, 3]: one colour at one side of the frame, the other at the opposite one."""
  x, y = np.meshgrid(np.linspace(-1, 1, SIZE), np.linspace(-1, 1, SIZE))
  along = x * math.cos(drawn.gradient) + y * math.sin(drawn.gradient)
  share = ((along / np.abs(along).max() + 1) / 2).astype(np.float32)[..., None]
  return (1 - share) * drawn.background_from.rgb() + share * drawn.background_to.rgb()


def _texture(drawn: PictureDraw, random: np.random.Generator) -> np.ndarray:
  """Returns float32 [60, 40, 40]: a soft pattern that drifts; it goes on at its edges, so it never ends."""
  pattern = random.standard_normal((_TEXTURE_SIZE, _TEXTURE_SIZE), np.float32)
  pattern = ndimage.gaussian_filter(pattern, _TEXTURE_BLUR, mode='wrap')
  pattern *= drawn.texture / pattern.std()
  x, y = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
  offsets = drawn.texture_motion.straight(_TEXTURE_SIZE)
  source = np.stack([y, x])[:, None] + offsets.T[::-1, :, None, None]
  return ndimage.map_coordinates(pattern, source, order=1, mode='grid-wrap')


def _blob(drawn: PictureDraw) -> np.ndarray:
  """Returns how much the distractor covers, float32 [60, 40, 40] in [0, 1]: a disc with an edge one pixel soft."""
  radius = drawn.distractor_radius
  centres = drawn.distractor_motion.bounce(SIZE - 2 * radius) + radius - 0.5
  x, y = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
  distance = np.hypot(x - centres[:, 0, None, None], y - centres[:, 1, None, None])
  return np.clip(radius - distance + 0.5, 0, 1).astype(np.float32)


def _paint(frames: np.ndarray, mask: np.ndarray, colour: Colour) -> np.ndarray:
  """Covers float32 [60, 40, 40, 3] with a colour where the mask, float32 [60, 40, 40], says so."""
  return frames + mask[..., None] * (colour.rgb() - frames)


def _double(frames: np.ndarray) -> np.ndarray:
  """Returns [60, 40, 40, 3] as [60, 80, 80, 3], bilinear."""
  for axis in (1, 2):
    first, last = np.take(frames, [0], axis), np.take(frames, [-1], axis)
    before = np.concatenate([first, np.delete(frames, -1, axis)], axis)
    after = np.concatenate([np.delete(frames, 0, axis), last], axis)
    pair = np.stack([0.75 * frames + 0.25 * before, 0.75 * frames + 0.25 * after], axis + 1)
    shape = list(frames.shape)
    shape[axis] *= 2
    frames = pair.reshape(shape)
  return frames
