import media_factory
import numpy as np
import pytest
from official_factory import literal, touch, write

from xdc_tf.manifest.official import esc50
from xdc_tf.manifest.official.listing import Skipped
from xdc_tf.media import media

HEADER = 'filename,fold,target,category,esc10,src_file,take\n'
LINES = (
  '1-100032-A-0.wav,1,0,dog,True,100032,A\n'
  '2-100038-A-14.wav,2,14,chirping_birds,False,100038,A\n'
  '3-100210-B-36.wav,3,36,vacuum_cleaner,False,100210,B\n'
  '4-100263-A-3.wav,4,3,cow,False,100263,A\n'
  '5-100296-A-0.wav,5,0,dog,True,100296,A\n'
  '5-missing-A-3.wav,5,3,cow,False,1,A\n'
)
MEDIA = tuple(f'audio/{line.split(",")[0]}' for line in LINES.splitlines()[:5])


@pytest.fixture
def folder(tmp_path):
  touch(tmp_path, *MEDIA, 'audio/1-unlisted-A-0.wav', 'elsewhere/5-missing-A-3.wav')
  return write(tmp_path, {'meta/esc50.csv': HEADER + LINES})


def test_every_row_and_everything_left_out(folder):
  skipped = Skipped()
  listing = esc50.read(folder, skipped)
  assert listing.label_names == ('dog', 'cow', 'chirping_birds', 'vacuum_cleaner')
  assert literal(listing, folder) == [
    ('official', '1-100032-A-0', MEDIA[0], ('dog',), (2, 1, 1, 1, 1)),
    ('official', '2-100038-A-14', MEDIA[1], ('chirping_birds',), (1, 2, 1, 1, 1)),
    ('official', '3-100210-B-36', MEDIA[2], ('vacuum_cleaner',), (1, 1, 2, 1, 1)),
    ('official', '4-100263-A-3', MEDIA[3], ('cow',), (1, 1, 1, 2, 1)),
    ('official', '5-100296-A-0', MEDIA[4], ('dog',), (1, 1, 1, 1, 2)),
  ]
  assert skipped.entries == [
    ('missing_media', '5-missing-A-3', f'{folder}/meta/esc50.csv, line 7'),
    ('unlisted_media', '1-unlisted-A-0.wav', ''),
  ]


def test_the_row_of_a_sound_can_be_decoded_without_a_picture(folder, tmp_path):
  path = tmp_path / MEDIA[0]
  media_factory.write_video(path, 5.0, video=False, audio_codec='pcm_s16le', layout='mono')
  _, row = next(esc50.read(folder, Skipped()).rows)
  options = media.ReadOptions(want_video=False)
  span = media.read_span(row.path, row.start_seconds, row.end_seconds, options)
  assert span.waveform.shape == (80_000,)
  assert np.abs(span.waveform).max() > 0.4


@pytest.mark.parametrize(
  ('line', 'message'),
  [
    ('a.wav,6,0,dog,True,1,A', r'line 8: .*expected filename, fold \(1 to 5\)'),
    ('a.wav,1,zero,dog,True,1,A', r'line 8: .*target \(a number\)'),
    ('a.wav,1,0,cow,True,1,A', 'line 8: found .target 0 with category cow.; expected each target with one category'),
    ('a.wav,1,7,dog,True,1,A', 'line 8: found .target 7 with category dog.'),
    ('a.wav,1,0,dog', 'line 8: .*expected 7 fields'),
  ],
)
def test_a_damaged_line_is_named(folder, tmp_path, line, message):
  write(tmp_path, {'meta/esc50.csv': f'{HEADER}{LINES}{line}\n'})
  with pytest.raises(ValueError, match=rf'esc50\.csv, {message}'):
    esc50.read(folder, Skipped())


def test_other_columns_are_refused(folder, tmp_path):
  write(tmp_path, {'meta/esc50.csv': 'filename,target,category\n'})
  with pytest.raises(ValueError, match=r"esc50\.csv, line 1: found 'filename,target,category'; expected a header"):
    esc50.read(folder, Skipped())
