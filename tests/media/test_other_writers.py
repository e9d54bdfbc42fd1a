"""What films by other writers have and FFmpeg's own have not; each was seen in files that packages of the registries hold."""

import types
from fractions import Fraction

import av
import numpy as np
import pytest
from media_cases import image_of

from xdc_tf.media import film_end
from xdc_tf.media.media import ReadOptions, probe, read_span
from xdc_tf.media.span_reading import StreamReading, _Decoded

SILENT = ReadOptions(want_audio=False)


def texture(number):
  """Waves that move, noise over their right half: blocks of both sizes in H.264."""
  y, x = np.mgrid[:64, :64]
  waves = 128 + 60 * np.sin((x + number) / 7) + 40 * np.cos(y / 5)
  noise = np.random.default_rng(number).normal(0, 60, (64, 64, 3)) * (x > 32)[..., None]
  return (np.stack([waves, np.roll(waves, 9, 1), waves[::-1]], -1) + noise).clip(0, 255).astype(np.uint8)


def write(path, codec='mpeg4', seconds=2, streams=1, container=None, pix_fmt='yuv420p', **options):
  """A film of 25 frames a second in the last of so many streams."""
  with av.open(str(path), 'w', format=container) as film:
    made = [film.add_stream(codec, rate=25, options=options) for _ in range(streams)]
    for stream in made:
      stream.width = stream.height = 64
      stream.pix_fmt = pix_fmt
    for number in range(25 * seconds):
      frame = av.VideoFrame.from_ndarray(texture(number), format='rgb24')
      frame.pts, frame.time_base = number, Fraction(1, 25)
      film.mux(made[-1].encode(frame))
    film.mux(made[-1].encode())
  return str(path)


@pytest.mark.parametrize('name', ['a.wmv', 'a.ts'])
def test_a_video_track_without_packets_does_not_hide_the_one_that_has_the_film(name, tmp_path):
  path = write(tmp_path / name, 'mpeg2video' if name == 'a.ts' else 'wmv2', streams=3)
  assert probe(path).duration_seconds == pytest.approx(2.0, abs=0.05)
  assert len(read_span(path, 0.0, 1.0, SILENT).frames) == 30


def test_a_film_without_timestamps_ends_where_its_packets_do(tmp_path):
  """Its end was 0, so that the manifest had a first span alone."""
  assert probe(write(tmp_path / 'a.m4v', 'libx264', seconds=4, container='h264')).duration_seconds == pytest.approx(
    4.0, abs=0.05
  )


def packet(pts=None, duration=0):
  return types.SimpleNamespace(
    pts=pts, dts=None, duration=duration, time_base=Fraction(1, 1000), stream_index=0, is_discard=False
  )


def test_a_negative_duration_without_its_sign_is_none():
  """A tenth of a second of Vorbis was 27 hours long."""
  container = types.SimpleNamespace(start_time=0, demux=lambda: iter([packet(80, 2**32 - 124)]))
  assert film_end.end_of_packets(container) == Fraction(80, 1000)


def test_what_cannot_be_sought_is_read_on():
  """'Operation not permitted' read like a matter of the file's rights."""

  def refuse(stamp):
    raise av.PermissionError(1, 'Operation not permitted')

  container = types.SimpleNamespace(start_time=0, seek=refuse, demux=lambda: iter([packet(0, 80), packet(None, 20)]))
  assert film_end.end_of_last_packets(container, Fraction(1)) == Fraction(100, 1000)


def test_a_packet_that_says_that_the_picture_stays_is_not_broken(tmp_path):
  """Theora's have no data, and a film of a still screen was 'truncated'."""
  reading = StreamReading(write(tmp_path / 'a.mp4'), 'video', ReadOptions(), 1)
  part = reading.read(Fraction(0), Fraction(1))
  assert (part.packets, part.damaged) == (26, 0)
  reading._add(_Decoded(Fraction(1, 2), False, True, []), part, Fraction(0))
  assert (part.packets, part.damaged) == (26, 0)
  reading._add(_Decoded(Fraction(1, 2), True, True, []), part, Fraction(0))
  assert (part.packets, part.damaged) == (27, 1)
  reading.close()


def test_the_first_packet_says_how_444_of_an_old_x264_is_decoded(tmp_path):
  """Behind a keyframe on the way it was refused as truncated, or wrong: its version stands in the first packet alone."""
  path = tmp_path / 'a.mp4'
  write(path, 'libx264', 5, pix_fmt='yuv444p', g='25', sc_threshold='0')
  content = path.read_bytes()
  at = content.index(b'x264 - core ') + len(b'x264 - core ')
  path.write_bytes(content[:at] + b'142' + content[at + 3 :])

  def decoded(knows_version):
    with av.open(str(path)) as film:
      stream = film.streams.video[0]
      if knows_version:
        next(film.demux(stream)).decode()
      film.seek(int(2.7 / stream.time_base), stream=stream)
      return np.stack([f.to_ndarray(format='rgb24') for f in film.decode(stream) if 3 <= f.time < 4]).astype(float)

  known, unknown = decoded(True), decoded(False)
  span = read_span(str(path), 3.0, 4.0, ReadOptions(want_audio=False, frame_rate=25.0, short_side=64)).frames
  found = np.stack([image_of(jpeg) for jpeg in span]).astype(float)
  known, unknown, found = (frames.mean(axis=-1) for frames in (known, unknown, found))  # JPEG halves the colours.
  assert np.abs(found - known).mean() < np.abs(found - unknown).mean()
