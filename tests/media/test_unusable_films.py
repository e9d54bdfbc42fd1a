"""Films that cannot be read, or not to their end, are told apart by a reason."""

import pathlib
import time

import media_factory
import numpy as np
import pytest
from media_cases import frame_numbers, reason_of

from xdc_tf.media import media
from xdc_tf.media.media import MediaError, ReadOptions, read_span

pytestmark = pytest.mark.stack


def test_missing_tracks(tmp_path):
  silent = media_factory.write_video(tmp_path / 'silent.mp4', audio_rate=None)
  blind = media_factory.write_video(tmp_path / 'blind.mp4', video=False)
  assert reason_of(silent, 0.0, 1.0) == 'no_audio_track'
  assert reason_of(blind, 0.0, 1.0) == 'no_video_track'
  video = read_span(silent, 0.0, 1.0, ReadOptions(want_audio=False))
  assert (len(video.frames), video.waveform.shape) == (30, (0,))
  audio = read_span(blind, 0.0, 1.0, ReadOptions(want_video=False))
  assert (audio.frames, audio.waveform.shape) == ([], (16_000,))


def test_unusable_files(tmp_path):
  text = tmp_path / 'text.mp4'
  text.write_text('no video\n' * 1000)
  letters = tmp_path / 'letters.txt'
  letters.write_text('no video\n' * 1000)
  playlist = tmp_path / 'list.m3u8'
  playlist.write_text('#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://localhost:1/a.ts\n#EXT-X-ENDLIST\n')
  assert reason_of(str(tmp_path / 'absent.mp4')) == 'missing_file'
  for path in (media_factory.write_empty(tmp_path / 'empty.mp4'), text, letters, playlist, tmp_path):
    assert reason_of(path, 0.0, 1.0) == 'unreadable'


def test_truncated_files(tmp_path):
  options = {'movflags': 'faststart'}
  path = media_factory.write_video(tmp_path / 'a.mp4', seconds=6, gop=6, container_options=options)
  media_factory.truncate(path, 0.6)
  assert frame_numbers(read_span(path, 0.0, 2.0)) == list(range(60))
  assert reason_of(path, 4.0, 6.0) == 'truncated'
  assert reason_of(path) == 'truncated'
  matroska = media_factory.truncate(media_factory.write_video(tmp_path / 'a.mkv', seconds=6), 0.5)
  assert reason_of(matroska) == 'truncated'
  headless = media_factory.truncate(media_factory.write_video(tmp_path / 'b.mp4', seconds=2), 0.5)
  assert reason_of(headless) == 'unreadable'


def test_broken_packets(tmp_path):
  path = media_factory.write_video(tmp_path / 'a.mkv', seconds=6)
  media_factory.damage(path, 0.4, 0.9)
  assert frame_numbers(read_span(path, 0.0, 1.0)) == list(range(30))
  assert reason_of(path) == 'truncated'


def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path, film):
  path = media_factory.write_absurd_size(tmp_path / 'a.mp4')
  begin = time.monotonic()
  with pytest.raises(MediaError, match='16000x12000 pixels; at most 35389440 are read'):
    read_span(path)
  assert reason_of(film, 0.0, 1e9) == 'too_large'
  assert reason_of(film, options=ReadOptions(max_span_seconds=2.0)) == 'too_large'
  assert reason_of(film, 0.0, 1.0, ReadOptions(max_pixels=1000)) == 'too_large'
  assert reason_of(film, 0.0, 1.0, ReadOptions(short_side=20_000)) == 'too_large'
  assert time.monotonic() - begin < 1.0


@pytest.mark.parametrize('span', [(-1.0, 1.0), (2.0, 2.0), (3.0, 2.0), (float('nan'), 2.0), (0.0, float('nan'))])
def test_no_span_of_time(film, span):
  assert reason_of(film, *span) == 'empty_span'


def test_impossible_options_are_refused():
  with pytest.raises(ValueError, match='frame_rate must lie in'):
    ReadOptions(frame_rate=0.0)
  with pytest.raises(ValueError, match='Nothing to read'):
    ReadOptions(want_video=False, want_audio=False)


def test_the_last_picture_of_a_whole_matroska_file_stays_to_its_end(tmp_path):
  path = media_factory.write_video(tmp_path / 'a.mkv', 2, audio_seconds=4)
  data = (tmp_path / 'a.mkv').read_bytes()
  assert reason_of(path, 2.0, 4.0) == 'empty_span'  # The picture's own tag says that it ends at 2 s.
  (tmp_path / 'a.mkv').write_bytes(data.replace(b'DURATION', b'DURATIOX'))  # Now only the container's 4 s are left.
  span = read_span(path, 1.0, 4.0)
  assert frame_numbers(span) == [*range(30, 60), *[59] * 60] and span.waveform.size == 48_000
  assert media.probe(path).duration_seconds == pytest.approx(4, abs=0.1)  # Two seconds had no row.
  media_factory.truncate(path, 0.6)
  assert reason_of(path, 2.0, 4.0) == 'truncated'


def test_a_matroska_file_that_begins_late_holds_its_last_picture_no_longer(tmp_path):
  """The file's duration counts from 0: the last picture of an untagged film that began at 10 s was held for 10 s more."""
  path = tmp_path / 'a.mkv'
  media_factory.write_video(path, 2, video_start=10, audio_start=10)
  path.write_bytes(path.read_bytes().replace(b'DURATION', b'DURATIOX'))
  assert media.probe(path).duration_seconds == pytest.approx(2, abs=0.1)
  assert read_span(path).end_seconds == pytest.approx(2, abs=0.1)


def test_slides_under_longer_sound_are_no_broken_file(tmp_path):
  path = media_factory.write_video(tmp_path / 'a.mkv', 2, frame_times=[0.0, 3.0], audio_seconds=10)
  assert frame_numbers(read_span(path, 0.0, 2.0)) == [0] * 60
  span = read_span(path, 2.0, 4.0)  # The tag of the picture says 3.03 s.
  assert frame_numbers(span) == [0] * 30 + [1]
  assert reason_of(path, 4.0, 6.0) == 'empty_span'


@pytest.fixture(scope='module')
def joined(tmp_path_factory):
  folder = tmp_path_factory.mktemp('joined')
  parts = [media_factory.write_video(folder / f'{i}.ts', seconds) for i, seconds in enumerate((6, 4))]
  (folder / 'joined.ts').write_bytes(b''.join(pathlib.Path(part).read_bytes() for part in parts))
  return str(folder / 'joined.ts')


def test_recordings_joined_end_to_end_are_set_aside(joined):
  """`cat a.ts b.ts`: the second recording was lost without a word, and a record of 2 s held 12."""
  assert reason_of(joined) == 'clock_jump'
  with pytest.raises(
    MediaError, match=r'jumps back from [56]\.\d+ s to 0\.\d+ s: recordings were joined|jumps back'
  ) as error:
    media.probe(joined)
  assert error.value.reason == 'clock_jump'


def test_recordings_joined_with_a_later_clock_are_set_aside(tmp_path):
  """They became a film of 17 minutes, of which all but 10 seconds could not be read."""
  parts = [media_factory.write_video(tmp_path / 'a.ts', 6)]
  parts.append(media_factory.write_video(tmp_path / 'b.ts', 4, video_start=1000, audio_start=1000))
  (tmp_path / 'joined.ts').write_bytes(b''.join(pathlib.Path(part).read_bytes() for part in parts))
  with pytest.raises(MediaError, match=r'jumps ahead from [67]\.\d+ s to \d{3,4}\.\d+ s: recordings were joined'):
    media.probe(tmp_path / 'joined.ts')
  # A pause of the sound alone is none.
  assert media.probe(media_factory.write_video(tmp_path / 'c.ts', 4, audio_start=0)).duration_seconds < 5


@pytest.mark.parametrize(
  ('name', 'settings'),
  [
    ('a.wmv', {'video_codec': 'wmv2', 'audio_codec': 'wmav2', 'layout': 'stereo', 'b_frames': 0}),
    ('a.flv', {'audio_codec': 'aac'}),
  ],
)
def test_where_one_duration_is_told_for_all_a_stream_may_end_before(name, settings, tmp_path):
  """Sound that ended half a second before the picture made a healthy film one that breaks off."""
  path = media_factory.write_video(tmp_path / name, seconds=6, audio_seconds=4.5, size=(64, 48), **settings)
  span = read_span(path, 4.0, 6.0)
  assert len(span.frames) >= 58 and np.abs(span.waveform[:4000]).max() > 0.3 and not span.waveform[-16_000:].any()
  whole = media_factory.write_video(tmp_path / f'b{name}', seconds=6, size=(64, 48), **settings)
  assert len(read_span(whole).frames) >= 178
  media_factory.truncate(whole, 0.6)
  if name == 'a.flv':  # Of a WMV that breaks off FFmpeg tells no duration.
    assert reason_of(whole, 0.0, None) == 'truncated'


@pytest.mark.parametrize(('video_start', 'audio_start'), [(1.5, 0), (0, 1.5), (100, 100)])
def test_a_wmv_whose_streams_begin_late_is_whole(video_start, audio_start, tmp_path):
  """It counts their durations from 0, so that the film seemed to break off by as much as it begins late."""
  settings = {'video_codec': 'wmv2', 'audio_codec': 'wmav2', 'b_frames': 0, 'size': (64, 48)}
  path = media_factory.write_video(
    tmp_path / 'a.wmv', seconds=6, video_start=video_start, audio_start=audio_start, **settings
  )
  end = video_start + 6 - min(video_start, audio_start)
  assert read_span(path, end - 2, end + 1).end_seconds == pytest.approx(end, abs=0.1)
  assert read_span(path).end_seconds == pytest.approx(end, abs=0.1)


def test_what_an_edit_list_cuts_off_is_no_part_of_the_film(tmp_path):
  """Phones trim so: the whole recording stays in the file. Rows were made of what is never shown."""
  path = pathlib.Path(media_factory.write_video(tmp_path / 'a.mp4', seconds=12, gop=1000, size=(64, 48)))
  contents = bytearray(path.read_bytes())
  header = contents.find(b'mvhd')
  ticks_per_second = int.from_bytes(
    contents[header + 16 : header + 20], 'big'
  )  # FFmpeg 9 has another one than FFmpeg 8.
  begin = 0
  while (begin := contents.find(b'elst', begin + 1)) > 0:
    contents[begin + 12 : begin + 16] = (3 * ticks_per_second).to_bytes(4, 'big')  # The length of the only edit.
  path.write_bytes(contents)
  assert media.probe(path).duration_seconds == pytest.approx(3, abs=0.1)
  assert len(read_span(path).frames) in (90, 91)
