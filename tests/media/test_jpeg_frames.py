"""Frames have the size, the way up and the colours that a player shows."""

import io
import pathlib
from fractions import Fraction

import av
import media_factory
import numpy as np
import pytest
from media_cases import frame_numbers, image_of
from PIL import Image

from xdc_tf.media import jpeg_encoder
from xdc_tf.media.jpeg_encoder import JpegEncoder
from xdc_tf.media.media import MediaReader, ReadOptions, read_span
from xdc_tf.media.video_track import output_size

pytestmark = pytest.mark.stack


@pytest.mark.parametrize(
  ('size', 'pixel_aspect', 'expected'),
  [
    ((1280, 720), None, (456, 256)),
    ((720, 1280), None, (256, 456)),
    ((96, 64), None, (384, 256)),
    ((720, 576), Fraction(16, 15), (342, 256)),
    ((720, 576), Fraction(64, 45), (456, 256)),
    ((320, 240), Fraction(1, 2), (256, 384)),
    ((101, 57), None, (454, 256)),
    ((100, 100), None, (256, 256)),
    ((320, 240), Fraction(1000, 1), (342, 256)),
  ],
)
def test_output_size(size, pixel_aspect, expected):
  assert output_size(*size, pixel_aspect, 256) == expected


def test_jpegs_have_the_shape_that_is_shown(tmp_path):
  options = ReadOptions(short_side=48, want_audio=False)
  path = media_factory.write_video(tmp_path / 'a.mp4', seconds=0.2, pixel_aspect=Fraction(4, 3), audio_rate=None)
  assert image_of(read_span(path, options=options).frames[0]).shape == (48, 96, 3)
  odd = media_factory.write_video(tmp_path / 'odd.mkv', 0.2, size=(131, 67), audio_rate=None, video_codec='ffv1')
  span = read_span(odd, options=options)
  assert image_of(span.frames[0]).shape == (48, 94, 3)
  assert frame_numbers(span) == list(range(6))


@pytest.mark.parametrize('degrees', [0, 90, 180, 270])
def test_rotation_is_obeyed(tmp_path, degrees):
  path = media_factory.write_video(tmp_path / 'a.mp4', seconds=0.2, audio_rate=None)
  media_factory.set_rotation(path, degrees)
  frames = read_span(path, options=ReadOptions(short_side=64, want_audio=False)).frames
  upright = np.rot90(image_of(frames[3]), degrees // 90)  # Players turn clockwise; this turns back.
  assert upright.shape == (64, 96, 3)
  assert media_factory.frame_number(upright) == 3
  pattern = media_factory.pattern(3, (96, 64)).astype(int)
  assert np.abs(upright - pattern).mean() < 6


@pytest.mark.parametrize('colour', ['ITU601', 'ITU709'])
def test_colours(tmp_path, colour):
  colours = [
    (230, 20, 20),
    (20, 200, 30),
    (30, 40, 220),
    (220, 200, 30),
    (20, 180, 190),
    (128, 128, 128),
    (255, 255, 255),
  ]
  image = np.zeros((64, 112, 3), np.uint8)
  for i, rgb in enumerate(colours):
    image[:, i * 16 : (i + 1) * 16] = rgb
  path = media_factory.write_video(
    tmp_path / 'a.mp4', seconds=0.1, size=(112, 64), images=[image] * 3, audio_rate=None, colour=colour
  )
  decoded = image_of(read_span(path, options=ReadOptions(short_side=64, jpeg_quality=2, want_audio=False)).frames[1])
  with av.open(path) as container:
    truth = next(container.decode(video=0)).to_ndarray(format='rgb24')
  for i, rgb in enumerate(colours):
    # Inside a patch; over its border the chroma of 4:2:0 spills. The wrong matrix would be off by 20 and more.
    assert np.abs(decoded[8:-8, i * 16 + 5 : i * 16 + 11].mean((0, 1)) - rgb).max() < 4
    assert (
      np.abs(decoded[8:-8, i * 16 + 5 : i * 16 + 11].astype(int) - truth[8:-8, i * 16 + 5 : i * 16 + 11]).max() <= 6
    )


def test_jpegs_are_what_tensorflow_reads(film):
  import tensorflow as tf

  jpeg = read_span(film, 1.0, 1.1).frames[0]
  picture = Image.open(io.BytesIO(jpeg))
  assert (picture.mode, picture.format, picture.size) == ('RGB', 'JPEG', (384, 256))
  assert [component[1:3] for component in picture.layer] == [(2, 2), (1, 1), (1, 1)]  # 4:2:0.
  decoded = tf.io.decode_jpeg(jpeg, channels=3).numpy()
  assert np.abs(decoded.astype(int) - np.asarray(picture)).max() <= 8
  crop = tf.io.decode_and_crop_jpeg(jpeg, [10, 20, 224, 224], channels=3).numpy()
  np.testing.assert_array_equal(crop, decoded[10:234, 20:244])


def test_a_frame_has_the_same_bytes_wherever_it_is_encoded(tmp_path):
  image = media_factory.pattern(5, (96, 64))
  path = media_factory.write_video(tmp_path / 'a.mkv', 0.3, images=[image] * 9, audio_rate=None, video_codec='ffv1')
  assert len(set(read_span(path, options=ReadOptions(want_audio=False)).frames)) == 1


def _exact_planes(frame, size):
  """Full-range BT.601 Y, U, V in float64 of a BT.709 limited-range 4:2:0 frame, by box averages and the definitions."""
  planes = []
  for plane, scale, offset, small in zip(
    frame.planes, (219, 224, 224), (16, 128, 128), (size, *[(size[0] // 2, size[1] // 2)] * 2), strict=True
  ):
    pixels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
    average = Image.fromarray(pixels.astype(np.float32)).resize(small, Image.Resampling.BOX)
    planes.append((np.asarray(average, np.float64) - offset) * 255 / scale)
  y, u, v = planes
  red, blue = 1.5748 * v, 1.8556 * u  # Above the luma of BT.709.
  green = -(0.2126 * red + 0.0722 * blue) / 0.7152
  luma = 0.299 * red + 0.587 * green + 0.114 * blue
  return y + luma.repeat(2, 0).repeat(2, 1), (blue - luma) / 1.772 + 128, (red - luma) / 1.402 + 128


def test_scaled_planes_are_those_of_the_definitions(tmp_path):
  rng = np.random.default_rng(0)
  coarse = Image.fromarray(rng.integers(40, 216, (9, 16, 3), dtype=np.uint8))
  image = np.asarray(coarse.resize((512, 288), Image.Resampling.BICUBIC))
  path = media_factory.write_video(
    tmp_path / 'a.mp4', seconds=0.1, size=(512, 288), images=[image] * 3, audio_rate=None, colour='ITU709'
  )
  with av.open(path) as container:
    frame = next(container.decode(video=0))
  jpeg = JpegEncoder((256, 144), 2).encode(frame)
  stored = Image.open(io.BytesIO(jpeg))
  stored.draft('YCbCr', None)
  found = np.asarray(stored, np.float64)
  exact = _exact_planes(frame, (256, 144))
  # PIL repeats chroma smoothly, so it is compared where it is stored: a value for 2x2 pixels.
  chroma = found[..., 1:].reshape(72, 2, 128, 2, 2).mean((1, 3))
  for channel, pixels in zip(exact, (found[..., 0], chroma[..., 0], chroma[..., 1]), strict=True):
    assert np.abs(pixels - channel).mean() < 1.2  # 8 bits twice, and the JPEG.
    assert abs((pixels - channel).mean()) < 0.3  # Over RGB, luma would be 0.6 too dark.


_CORNERS = {'R': (220, 30, 30), 'G': (30, 190, 40), 'B': (30, 50, 220), 'W': (235, 235, 235)}


@pytest.mark.parametrize(
  'matrix,corners',
  [
    ((1, 0, 0, 1), 'RGBW'),
    ((-1, 0, 0, 1), 'GRWB'),
    ((1, 0, 0, -1), 'BWRG'),
    ((-1, 0, 0, -1), 'WBGR'),
    ((0, 1, -1, 0), 'BRWG'),
    ((0, -1, 1, 0), 'GWRB'),
    ((0, 1, 1, 0), 'RBGW'),
    ((0, -1, -1, 0), 'WGBR'),
  ],
)
def test_the_eight_orientations_are_those_that_ffmpeg_shows(tmp_path, matrix, corners):
  """Top left, top right, bottom left, bottom right as `ffmpeg -i x.mp4 x.png` (7.0.2) shows them for such matrices, which
  `-display_rotation`, `-display_hflip` and `-display_vflip` write."""
  image = np.zeros([64, 96, 3], np.uint8)
  for corner, (rows, columns) in zip('RGBW', np.ndindex(2, 2), strict=True):
    image[32 * rows : 32 * rows + 32, 48 * columns : 48 * columns + 48] = _CORNERS[corner]
  path = media_factory.write_video(tmp_path / 'a.mp4', 0.5, audio_rate=None, images=[image] * 15)
  media_factory.set_display_matrix(path, matrix)
  shown = image_of(read_span(path, options=ReadOptions(short_side=64, want_audio=False)).frames[0])
  assert shown.shape[:2] == ((96, 64) if matrix[0] == 0 else (64, 96))
  height, width = shown.shape[:2]
  for corner, (row, column) in zip(corners, np.ndindex(2, 2), strict=True):
    pixel = shown[height * (2 * row + 1) // 4, width * (2 * column + 1) // 4].astype(int)
    assert np.abs(pixel - _CORNERS[corner]).max() < 40, (corner, row, column, pixel)


def test_frames_with_exif_are_read(tmp_path):
  """PyAV 17 and 18 raise ValueError where such a frame is asked for its side data."""
  path = tmp_path / 'a.jpg'
  exif = Image.Exif()
  exif[0x0110] = 'camera'
  Image.new('RGB', (64, 48), (10, 200, 30)).save(path, exif=exif)
  with av.open(str(path)) as file:
    frame = next(file.decode(video=0))
  np.testing.assert_array_equal(jpeg_encoder.display_matrix(frame), np.eye(2))


@pytest.mark.slow
def test_a_call_whose_telephone_is_turned_has_each_part_in_its_own_shape(tmp_path):
  """A WebM declares one size, and recorders of the web go on with another one: the second part was stored squeezed."""
  path, sizes = tmp_path / 'a.webm', [(160, 90), (90, 160)]
  with av.open(str(path), 'w') as container:
    stream = container.add_stream('libvpx', rate=30)
    stream.width, stream.height, stream.pix_fmt = *sizes[0], 'yuv420p'
    container.start_encoding()
    for part, size in enumerate(sizes):
      encoder = av.CodecContext.create('libvpx', 'w')
      encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = *size, 'yuv420p', Fraction(1, 30)
      frames = [av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 90 + 60 * part, np.uint8)) for _ in range(60)]
      for number, frame in enumerate(frames):
        frame.pts = number
      for packet in [p for frame in [*frames, None] for p in encoder.encode(frame)]:
        packet.pts, packet.dts, packet.time_base, packet.stream = (
          packet.pts + 60 * part,
          packet.pts + 60 * part,
          Fraction(1, 30),
          stream,
        )
        container.mux(packet)
  for start, shape in ((0.5, (64, 114, 3)), (2.5, (114, 64, 3))):
    frames = read_span(str(path), start, start + 1, ReadOptions(want_audio=False, short_side=64)).frames
    assert {image_of(jpeg).shape for jpeg in frames} == {shape}


def test_pictures_of_another_size_have_their_own_shape_of_pixels(tmp_path):
  """Both parts are shown as 16:9; the file declares the first one's pixels, which the second has not."""
  parts = [((96, 72), Fraction(4, 3), 0), ((128, 72), Fraction(1), 4)]
  joined, path = tmp_path / 'joined.ts', tmp_path / 'a.mkv'
  settings = {'gop': 12, 'b_frames': 0, 'audio_rate': None}
  films = [
    media_factory.write_video(
      tmp_path / f'{start}.ts', 4, size=size, pixel_aspect=aspect, video_start=start, **settings
    )
    for size, aspect, start in parts
  ]
  joined.write_bytes(b''.join(pathlib.Path(film).read_bytes() for film in films))
  media_factory.remux([('video', str(joined))], path)
  for start in (1, 6):
    frames = read_span(path, start, start + 1, ReadOptions(want_audio=False, short_side=72)).frames
    assert {image_of(jpeg).shape for jpeg in frames} == {(72, 128, 3)}


def test_a_broadcast_that_changes_its_shape_has_each_part_in_its_own(tmp_path):
  """4:3, then 16:9 in as many pixels: the second part was stored squeezed."""
  settings = {'size': (96, 72), 'gop': 12}
  parts = [media_factory.write_video(tmp_path / 'a.ts', 4, pixel_aspect=Fraction(1), **settings)]
  wide = settings | {'pixel_aspect': Fraction(4, 3), 'video_start': 4, 'audio_start': 4}
  parts.append(media_factory.write_video(tmp_path / 'b.ts', 4, **wide))
  joined = tmp_path / 'joined.ts'
  joined.write_bytes(b''.join(pathlib.Path(part).read_bytes() for part in parts))
  options, reader = ReadOptions(short_side=36), MediaReader()
  for start, size in ((0, (48, 36)), (2, (48, 36)), (5, (64, 36)), (6, (64, 36))):
    for span in (read_span(joined, start, start + 1, options), reader.read_span(joined, start, start + 1, options)):
      assert {Image.open(io.BytesIO(frame)).size for frame in span.frames} == {size}
  reader.close()
  across = read_span(joined, 3.5, 4.5, options).frames  # A clip has one size, its first picture's.
  assert {Image.open(io.BytesIO(frame)).size for frame in across} == {(48, 36)}
