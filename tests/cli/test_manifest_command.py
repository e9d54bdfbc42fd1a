import inspect
import shlex

import pytest

from xdc_tf.cli import main
from xdc_tf.cli.official_data_sets import SOURCES
from xdc_tf.manifest import manifest


def xdc(*words):
  parsed = main.build_parser().parse_args([str(word) for word in words])
  parsed.run(parsed)


@pytest.mark.parametrize('source', SOURCES, ids=lambda source: source.name)
def test_help_shows_the_layout_and_an_example_that_can_be_typed(source, capsys):
  with pytest.raises(SystemExit, match='0'):
    main.build_parser().parse_args(['manifest', source.name, '--help'])
  printed = capsys.readouterr().out
  assert source.layout in printed
  assert source.example in printed
  assert 'skipped.csv' in printed
  parsed = main.build_parser().parse_args(shlex.split(source.example.replace('\\\n', ' '))[1:])
  assert (parsed.official, parsed.name) == (source, source.name)


@pytest.mark.parametrize('source', SOURCES, ids=lambda source: source.name)
def test_the_options_are_the_arguments_of_the_function(source):
  module = __import__(f'xdc_tf.manifest.official.{source.name}', fromlist=['read'])
  assert sorted([name for name, _ in source.options] + ['skipped']) == sorted(inspect.signature(module.read).parameters)


def test_a_data_set_is_written_and_what_was_left_out_summed_up(tmp_path, capsys):
  (tmp_path / 'esc' / 'meta').mkdir(parents=True)
  (tmp_path / 'esc' / 'audio').mkdir()
  (tmp_path / 'esc' / 'audio' / '1-1-A-0.wav').write_bytes(b'')
  (tmp_path / 'esc' / 'meta' / 'esc50.csv').write_text(
    'filename,fold,target,category,esc10,src_file,take\n1-1-A-0.wav,1,0,dog,True,1,A\n1-2-A-0.wav,1,0,dog,True,2,A\n'
  )
  xdc('manifest', 'esc50', '--folder', tmp_path / 'esc', '--output_dir', tmp_path / 'm')
  assert capsys.readouterr().out == (
    f'{tmp_path}/m: 1 official rows\n'
    f'left out, see {tmp_path}/m/skipped.csv: 1 listed, but there is no such media file (missing_media)\n'
  )
  written = manifest.read_manifest(tmp_path / 'm')
  assert (written.name, written.splits, written.num_official_splits) == ('esc50', {'official': 1}, 5)
  assert written.row('official', 0).path == f'{tmp_path}/esc/audio/1-1-A-0.wav'


def test_folder_and_csv_go_on_as_before(tmp_path, capsys):
  (tmp_path / 'v').mkdir()
  for name in ('a.mp4', 'b.mp4'):
    (tmp_path / 'v' / name).write_bytes(b'')
  xdc('manifest', 'folder', '--folder', tmp_path / 'v', '--output_dir', tmp_path / 'm', '--span_seconds', '0')
  (tmp_path / 'c.csv').write_text('path\na.mp4\n')
  xdc('manifest', 'csv', '--csv', tmp_path / 'c.csv', '--media_root', tmp_path / 'v', '--output_dir', tmp_path / 'n')
  assert capsys.readouterr().out == f'{tmp_path}/m: 1 train, 1 validation rows\n{tmp_path}/n: 1 train rows\n'
  assert manifest.read_manifest(tmp_path / 'n').name == 'clips'
