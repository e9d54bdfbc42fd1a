"""AVI tells when pictures are decoded, not when they are shown: every span must have the right ones all the same."""

import av
import media_factory
import numpy as np
import pytest
from media_cases import frame_numbers

from xdc_tf.media.media import MediaReader, ReadOptions, read_span

pytestmark = pytest.mark.stack

PICTURES = ReadOptions(want_audio=False)


def test_avi_with_reordered_frames_loses_none(tmp_path):
  path = media_factory.write_video(tmp_path / 'a.avi', 2, audio_rate=None, b_frames=2)
  numbers = frame_numbers(read_span(path, options=PICTURES))
  assert numbers[:-4] == list(range(len(numbers)))[:-4] and len(numbers) >= 58


# Pictures shown before a keyframe may come after it in the file: a reader that was sought there cannot have them.
@pytest.mark.slow
@pytest.mark.parametrize(
  ('codec', 'b_frames', 'gop'),
  [('libx264', 3, 60), ('mpeg4', 2, 12), ('mpeg4', 1, 20), ('mpeg2video', 2, 12), ('mpeg1video', 3, 15)],
)
def test_a_span_has_its_pictures_wherever_the_reader_comes_from(codec, b_frames, gop, tmp_path):
  path = media_factory.write_video(
    tmp_path / 'a.avi', 8, video_codec=codec, audio_rate=None, b_frames=b_frames, gop=gop, size=(64, 48)
  )
  reader = MediaReader()
  for start in range(7):
    span = read_span(path, start, start + 1, PICTURES)
    assert frame_numbers(span) == list(range(30 * start, 30 * start + 30))
    assert reader.read_span(path, start, start + 1, PICTURES).frames == span.frames
  reader.close()


@pytest.mark.parametrize('b_frames', [0, 2])
def test_pictures_that_were_left_out_leave_their_gaps(b_frames, tmp_path):
  """Their times are known, but not which of two reordered pictures belongs to which: off by three frames, and never by more."""
  times = [i / 30 for i in range(240) if i % 7 not in (2, 3)]
  path = media_factory.write_video(
    tmp_path / 'a.avi', frame_times=times, video_codec='mpeg4', audio_rate=None, b_frames=b_frames, size=(64, 48)
  )
  for start in (0.0, 2.0, 5.0, 6.5):
    shown = [times[number] for number in frame_numbers(read_span(path, start, start + 1, PICTURES))]
    wanted = [max(t for t in times if t <= start + k / 30 + 1e-3) for k in range(30)]
    assert max(abs(a - b) for a, b in zip(shown, wanted, strict=True)) <= (3.001 / 30 if b_frames else 1e-6)


@pytest.mark.parametrize('kept', [7, 6], ids=['two of seven left out', 'five of six'])
def test_a_seek_among_left_out_pictures_shows_what_reading_on_shows(kept, tmp_path):
  """FFmpeg's stamps were up to a sixth of a second late behind a seek, so a clip depended on which shard it is in."""
  times = [i / 30 for i in range(240) if (i % 7 not in (2, 3) if kept == 7 else i % 6 == 0)]
  path = media_factory.write_video(
    tmp_path / 'a.avi', 8, frame_times=times, video_codec='mpeg4', audio_codec='pcm_s16le', b_frames=0, size=(64, 48)
  )
  for start in range(7):
    shown = [times[number] for number in frame_numbers(read_span(path, start, start + 1, PICTURES))]
    assert shown == [max(t for t in times if t <= start + k / 30 + 1e-3) for k in range(30)]


def _copied_without_stamps_of_showing(source, path):
  with av.open(source) as film, av.open(str(path), 'w') as copy:
    stream = copy.add_stream_from_template(film.streams.video[0])
    for packet in film.demux(film.streams.video[0]):
      if packet.size:
        packet.pts, packet.stream = packet.dts, stream
        copy.mux(packet)
  return str(path)


@pytest.mark.parametrize('kind', ['mxf', 'mp4'])
def test_pictures_whose_stamps_are_those_of_decoding_are_all_shown(kind, tmp_path):
  """A third of them seemed to run backwards and was thrown away, and the others came at wrong times."""
  if kind == 'mxf':
    path, rate = tmp_path / 'a.mxf', 25
    media_factory.write_video(
      path, 6, rate, audio_rate=48_000, audio_codec='pcm_s16le', b_frames=3, gop=25, size=(64, 48)
    )
  else:
    settings = {'video_codec': 'mpeg2video', 'audio_rate': None, 'b_frames': 2, 'gop': 12, 'size': (64, 48)}
    source, rate = media_factory.write_video(tmp_path / 'a.avi', 6, **settings), 30
    path = _copied_without_stamps_of_showing(source, tmp_path / 'a.mp4')
  reader = MediaReader()
  for start in range(5):
    expected = [int((30 * start + k) * rate / 30 + 1e-6) for k in range(30)]
    assert frame_numbers(read_span(path, start, start + 1, PICTURES)) == expected
    assert frame_numbers(reader.read_span(path, start, start + 1, PICTURES)) == expected
  reader.close()


@pytest.mark.parametrize('codec', ['eac3', 'g722'])
def test_sound_whose_stamps_are_hundreds_of_times_too_large_is_heard(codec, tmp_path):
  """All but its first packet became silence, and the film's clips were set aside for having no sound."""
  rate = 16_000 if codec == 'g722' else 48_000
  layout = 'mono' if codec == 'g722' else 'stereo'
  path = media_factory.write_video(
    tmp_path / 'a.avi',
    6,
    video_codec='mpeg4',
    audio_codec=codec,
    audio_rate=rate,
    layout=layout,
    b_frames=0,
    size=(64, 48),
  )
  reader = MediaReader()
  for start in range(5):
    span = read_span(path, start, start + 1)
    loudness = np.sqrt((span.waveform.reshape(10, -1) ** 2).mean(axis=1))
    assert loudness == pytest.approx(0.5 / 2**0.5, rel=0.1) or (start == 0 and loudness[1:].min() > 0.3)
    np.testing.assert_array_equal(reader.read_span(path, start, start + 1).waveform, span.waveform)
  reader.close()
