"""What the README and the help texts tell people to type must exist."""

import pathlib
import re
import shlex

import pytest

from beam_pipelines import extract_features, make_clips
from benchmarks import table1_miniature, transfer_miniature
from benchmarks.miniature import results
from benchmarks.speed import __main__ as speed
from benchmarks.speed import comparison
from xdc_tf import files
from xdc_tf.cli import configuration, main

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ('README.md', 'saved_models/README.md', 'beam_pipelines/README.md', 'gin/papers/neurips2020/README.md')


def commands(text: str) -> list[list[str]]:
  """The words of every command in the fenced blocks of a page."""
  blocks = re.findall(r'^```\w*\n(.*?)^```', text, flags=re.MULTILINE | re.DOTALL)
  lines = '\n'.join(blocks).replace('\\\n', ' ').splitlines()
  return [
    shlex.split(line, comments=True)
    for line in lines
    if re.match(r'(xdc|python -m (beam_pipelines|benchmarks))\b', line)
  ]


@pytest.mark.parametrize('page', PAGES)
def test_the_commands_of_a_page_can_be_typed(page):
  for words in commands((ROOT / page).read_text()):
    if words[0] == 'xdc':
      parsed = main.build_parser().parse_args(words[1:])
      if parsed.verb == 'pretrain':
        configuration.load(parsed.gin_file, parsed.gin_param)
    elif words[2] == 'beam_pipelines.make_clips':
      make_clips.parser().parse_known_args(words[3:])
    elif words[2] == 'beam_pipelines.extract_features':
      extract_features.parser().parse_known_args(words[3:])
    else:
      benchmarks = {
        'benchmarks.table1_miniature': table1_miniature,
        'benchmarks.transfer_miniature': transfer_miniature,
      }
      benchmarks[words[2]].parser().parse_args(words[3:])


def test_the_readme_has_the_commands_it_promises():
  verbs = {words[1] for words in commands((ROOT / 'README.md').read_text()) if words[0] == 'xdc'}
  assert verbs == {
    'manifest', 'pretrain', 'report', 'export', 'embed', 'make-avdigits', 'sweep', 'finetune', 'svm', 'retrieval', 'tables'
  }  # fmt: skip


def test_the_readme_quotes_the_results_of_the_miniature():
  contents = files.read_json(str(ROOT / 'benchmarks/results/table1_miniature.json'))
  video, audio, _, about = results.table(contents).split('\n\n')
  transfer = transfer_miniature.table(files.read_json(str(ROOT / 'benchmarks/results/transfer_miniature.json'))['rows'])
  words = ' '.join((ROOT / 'README.md').read_text().split())  # Wherever its lines are broken.
  for part in (video, audio, about, transfer):
    assert ' '.join(part.split()) in words


def test_the_readme_quotes_the_ratios_of_the_benchmarks():
  names = speed.BENCHMARKS
  assert {path.stem for path in (ROOT / 'benchmarks/speed').glob('*.py')} >= set(names)
  assert comparison.short_table(comparison.read_rows(names)) in (ROOT / 'README.md').read_text()


@pytest.mark.parametrize('page', PAGES)
def test_links_and_folders_of_a_page_exist(page):
  text = re.sub(r'^```.*?^```', '', (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
  folder = (ROOT / page).parent
  for link in re.findall(r'\]\(([^)#]+)\)', text):
    assert link.startswith('http') or (folder / link).exists(), link
  if page == 'README.md':
    for name in re.findall(r'`((?:xdc_tf|beam_pipelines|gin|requirements|docs)/[\w./]*)`', text):
      assert (ROOT / name).exists(), name


@pytest.mark.parametrize('module', main.VERBS, ids=lambda module: module.__name__)
def test_the_example_of_a_verb_can_be_typed(module, capsys):
  words = shlex.split(module.EXAMPLE)
  parsed = main.build_parser().parse_args(words[1:])
  assert parsed.run is module.run
  with pytest.raises(SystemExit, match='0'):
    main.build_parser().parse_args([words[1], '--help'])
  assert module.EXAMPLE in capsys.readouterr().out
