import numpy as np
import pytest
import tensorflow as tf

from xdc_tf.records import video_ops


def jpegs(count=3, size=(48, 70), quality=90, seed=0):
  """Coloured noise under smooth fields, with halved chroma as real video has: hard for JPEG, so that differences show."""
  rng = np.random.default_rng(seed)
  fields = tf.image.resize(rng.integers(0, 256, (count, 5, 7, 3)).astype(np.float32), size).numpy()
  images = np.clip(fields + rng.normal(0, 20, fields.shape), 0, 255).astype(np.uint8)
  return tf.stack([tf.io.encode_jpeg(image, quality=quality, chroma_downsampling=True) for image in images])


def whole(frames):
  return np.stack([tf.io.decode_jpeg(frame, **video_ops.JPEG_OPTIONS).numpy() for frame in frames])


def test_decoding_a_window_equals_slicing_the_whole_frame():
  frames = jpegs()
  for window in ([0, 0, 48, 70], [3, 5, 32, 33], [17, 31, 31, 39], [8, 16, 24, 24]):
    y, x, height, width = window
    clip = video_ops.decode_window(frames, tf.constant(window)).numpy()
    np.testing.assert_array_equal(clip, whole(frames)[:, y : y + height, x : x + width])


def test_centre_crop():
  frames = jpegs()
  clip = video_ops.decode_centre(frames, 31).numpy()
  np.testing.assert_array_equal(clip, whole(frames)[:, 8:39, 19:50])
  np.testing.assert_array_equal(clip, video_ops.centre_crop(tf.constant(whole(frames)), 31).numpy())


@pytest.mark.parametrize(('size', 'short_side', 'expected'), [
  ((48, 70), None, (48, 70)),
  ((48, 70), 24, (24, 35)),
  ((70, 48), 32, (47, 32)),  # 46.67
  ((256, 455), 112, (112, 199)),  # 199.06
  ((100, 151), 50, (50, 76)),  # 75.5
])  # fmt: skip
def test_scaled_size(size, short_side, expected):
  assert tuple(video_ops.scaled_size(tf.constant(size), short_side).numpy()) == expected


@pytest.mark.parametrize('short_side', [24, 37, 60])
def test_scaling_equals_resizing_and_then_slicing(short_side):
  frames = jpegs()
  target = video_ops.scaled_size(tf.constant([48, 70]), short_side)
  resized = tf.image.resize(whole(frames), target, 'bilinear', antialias=True).numpy()
  window = tf.constant([2, 5, 20, 22])
  clip = video_ops.decode_window(frames, window, short_side).numpy()
  assert clip.dtype == np.uint8
  # Half a level is the rounding.
  assert np.abs(clip - resized[:, 2:22, 5:27]).max() <= 0.501


def test_scaling_agrees_with_pillow():
  pillow = pytest.importorskip('PIL.Image')
  frames = jpegs(1)
  image = pillow.fromarray(whole(frames)[0]).resize((35, 24), pillow.Resampling.BILINEAR)
  clip = video_ops.decode_window(frames, tf.constant([0, 0, 24, 35]), 24).numpy()[0]
  assert np.abs(clip.astype(int) - np.asarray(image)).max() <= 1


def test_scaled_jpegs_and_scaled_frames_give_the_same_bits():
  frames = jpegs()
  for short_side in (24, 33, 48, None):
    np.testing.assert_array_equal(
      video_ops.decode_centre(frames, 20, short_side).numpy(),
      video_ops.centre_crop(tf.constant(whole(frames)), 20, short_side).numpy(),
    )


def test_short_side_as_stored_changes_nothing():
  frames = jpegs()
  np.testing.assert_array_equal(
    video_ops.decode_centre(frames, 31, 48).numpy(), video_ops.decode_centre(frames, 31).numpy()
  )


def random_view(frames, seed, crop_size=32):
  """The same draws, applied with numpy."""
  size = np.array(frames.shape[1:3])
  fold = lambda number: tf.random.fold_in(tf.constant(seed, tf.int64), tf.constant(number, tf.int64))  # noqa: E731
  y, x = tf.random.stateless_uniform([2], fold(0), 0, tf.int32.max, tf.int32).numpy() % (size - crop_size + 1)
  mirrored = tf.random.stateless_uniform([], fold(1)).numpy() < 0.5
  view = frames[:, y : y + crop_size, x : x + crop_size]
  return (view[:, :, ::-1] if mirrored else view), (y, x, mirrored)


def test_random_crop_and_mirror_equal_numpy():
  frames = jpegs()
  pixels = whole(frames)
  decode = tf.function(lambda seed: video_ops.decode_random(frames, 32, None, True, seed))
  seen = []
  for i in range(40):
    expected, draw = random_view(pixels, [7, i])
    np.testing.assert_array_equal(decode(tf.constant([7, i], tf.int64)).numpy(), expected)
    seen.append(draw)
  y, x, mirrored = np.array(seen).T
  assert y.min() < 4 and y.max() > 12 and x.min() < 8 and x.max() > 30  # 0 .. 16 and 0 .. 38
  assert 10 < mirrored.sum() < 30


def test_without_flip_nothing_is_mirrored():
  frames = jpegs(1)
  whole_width = whole(frames)
  for i in range(8):
    clip = video_ops.decode_random(frames, 48, None, False, tf.constant([0, i], tf.int64)).numpy()
    assert any((clip == whole_width[:, :, x : x + 48]).all() for x in range(23))


def test_random_windows_reach_the_borders():
  draw = tf.function(lambda i: video_ops.random_window(tf.constant([4, 5]), 3, tf.stack([0, i])))
  windows = np.array([draw(i).numpy() for i in tf.range(60)])
  assert set(windows[:, 0]) == {0, 1} and set(windows[:, 1]) == {0, 1, 2} and (windows[:, 2:] == 3).all()


def test_normalize():
  frames = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 6, 3), np.uint8)
  mean, std = np.array([0.4, 0.5, 0.6]), np.array([0.2, 0.3, 0.4])
  normalized = video_ops.normalize(tf.constant(frames), mean, std)
  assert normalized.dtype == tf.float32
  np.testing.assert_allclose(normalized.numpy(), (frames / 255 - mean) / std, atol=1e-6)
