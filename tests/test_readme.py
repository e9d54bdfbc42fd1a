"""What the pages and the help texts tell people to type must exist, and the messages that they quote must be the real ones."""

import argparse
import ast
import importlib
import inspect
import pathlib
import re
import shlex

import pytest

from beam_pipelines import extract_features, make_clips
from benchmarks import moving_picture, table1_miniature, tables_miniature, transfer_miniature
from benchmarks.miniature import claims, results
from benchmarks.speed import __main__ as speed
from benchmarks.speed import comparison
from xdc_tf import files
from xdc_tf.cli import configurables, configuration, main
from xdc_tf.paper.paper_numbers import SCRATCH, TABLES

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / 'docs').glob('*.md'))
PAGES = ('README.md', 'saved_models/README.md', 'beam_pipelines/README.md', 'gin/papers/neurips2020/README.md', *DOCS)


def commands(text: str) -> list[list[str]]:
  """The words of every command in the fenced blocks of a page."""
  blocks = re.findall(r'^```\w*\n(.*?)^```', text, flags=re.MULTILINE | re.DOTALL)
  lines = '\n'.join(blocks).replace('\\\n', ' ').splitlines()
  return [
    shlex.split(line, comments=True)
    for line in lines
    if re.match(r'(xdc|python -m (beam_pipelines|benchmarks))\b', line)
  ]


@pytest.mark.slow
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
        'benchmarks.tables_miniature': tables_miniature,
        'benchmarks.moving_picture': moving_picture,
        'benchmarks.miniature.claims': claims,
      }
      benchmarks[words[2]].parser().parse_args(words[3:])


def verbs_of(page: str) -> set[str]:
  return {words[1] for words in commands((ROOT / page).read_text()) if words[0] == 'xdc'}


def subparser(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser | None:
  """The parser of a verb, or of a source of `xdc manifest`; None where there is none of this name."""
  for action in parser._actions:
    if isinstance(action, argparse._SubParsersAction) and name in action.choices:
      return action.choices[name]
  return None


def test_the_readme_has_the_commands_it_promises():
  road = {'doctor', 'manifest', 'pretrain', 'report', 'export', 'embed'}
  assert verbs_of('README.md') == road
  assert road <= verbs_of('docs/quickstart.md') | verbs_of('docs/own_videos.md')


def test_every_verb_is_shown_on_some_page():
  verbs = set(main.VERBS)
  assert set().union(*map(verbs_of, PAGES)) == verbs


@pytest.mark.parametrize('page', PAGES)
def test_verbs_and_flags_in_a_sentence_exist(page):
  """Such as `xdc manifest folder --hold_out span`, whatever it leaves out."""
  xdc = main.build_parser()
  for words in re.findall(r'`xdc ([a-z][^`]*)`', (ROOT / page).read_text()):
    parser = xdc
    for word in words.replace('|', ' ').split():
      if word.startswith('--'):
        flag = word.partition('=')[0]
        assert flag == '--help' or flag in parser._option_string_actions, words
      else:
        inner = subparser(parser, word)
        assert inner or parser is not xdc, words
        parser = inner or parser


@pytest.mark.parametrize('page', ['README.md', *DOCS])
def test_the_settings_that_a_page_names_exist(page):
  settings = {c.__name__: inspect.signature(c).parameters for c in configurables.CONFIGURABLES}
  text = re.sub(r'^New file .*?^```.*?^```', '', (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
  for name, parameter in re.findall(r"[`'\"]([A-Z]\w+)\.([a-z]\w*)\b(?!\.)", text):
    assert name == 'README' or parameter in settings.get(name, ()), f'{name}.{parameter}'


def test_the_documentation_has_an_index_of_all_its_pages():
  index = (ROOT / 'docs/README.md').read_text()
  pages = {path.name for path in (ROOT / 'docs').iterdir() if path.suffix in ('.md', '.ipynb')}
  assert set(re.findall(r'\]\(([\w.]+\.(?:md|ipynb))\)', index)) == pages - {'README.md'}
  readme = (ROOT / 'README.md').read_text()
  assert all(f'(docs/{name})' in readme for name in pages), pages


def templates() -> list[tuple[re.Pattern, int]]:
  """Every line of every text in the source: as a pattern, f-strings open where they have braces, and how many letters are fixed."""
  found = []
  for path in [*(ROOT / 'xdc_tf').rglob('*.py'), *(ROOT / 'beam_pipelines').rglob('*.py')]:
    for node in ast.walk(ast.parse(path.read_text())):
      parts = node.values if isinstance(node, ast.JoinedStr) else [node]
      if isinstance(node, ast.JoinedStr) or isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = ''.join(part.value if isinstance(part, ast.Constant) else '\0' for part in parts)
        lines = [line for line in text.split('\n') if line.strip('\0 ')]
        found += [(re.compile(re.escape(line).replace('\0', '.*')), len(line.replace('\0', ''))) for line in lines]
  for line in re.findall(r'echo "([^"]*)"', (ROOT / 'requirements/choose_python.sh').read_text()):
    fixed = re.split(r'\$\([^)]*\)|\$\w+', line)
    found.append((re.compile('.*'.join(map(re.escape, fixed))), len(''.join(fixed))))
  return found


def untyped(message: str) -> str:
  """Takes back what messages.as_typed makes of a message: options are typed with two dashes."""
  return re.sub(r'--(\w+)(?= is| must|=)', r'\1', message)


def test_the_messages_in_troubleshooting_are_those_of_the_source():
  quoted = re.findall(r'^> (.*)$', (ROOT / 'docs/troubleshooting.md').read_text(), re.MULTILINE)
  assert len(quoted) >= 30
  known = templates()
  # At least a third must be fixed text: a template such as '{path}: {error}' would take anything.
  unknown = [
    message
    for message in quoted
    if not any(
      fixed >= max(20, len(message) / 3) and (pattern.fullmatch(message) or pattern.fullmatch(untyped(message)))
      for pattern, fixed in known
    )
  ]
  assert unknown == []


def test_the_page_quotes_the_results_of_the_miniature():
  contents = files.read_json(str(ROOT / 'benchmarks/results/table1_miniature.json'))
  video, audio, _, about = results.table(contents).split('\n\n')
  transfer, table5 = (
    transfer_miniature.table(files.read_json(str(ROOT / f'benchmarks/results/{name}_miniature.json'))['rows'])
    for name in ('transfer', 'table5')
  )
  others = tables_miniature.report(files.read_json(str(ROOT / 'benchmarks/results/tables_miniature.json')))
  words = ' '.join((ROOT / 'docs/miniature.md').read_text().split())  # Wherever its lines are broken.
  probes = [
    ROOT / f'benchmarks/results/{name}_miniature.json'
    for name in ('mismatched', 'hard', 'hardest', 'plus_mismatched', 'plus_hardest', 'plus_hard', 'plus_easy')
  ]
  for part in (
    video,
    audio,
    about,
    transfer,
    table5,
    others,
    *(results.probes(files.read_json(str(path))) for path in probes),
  ):
    assert ' '.join(part.split()) in words
  for path in probes:  # It called another processor the one that they were measured on.
    assert files.read_json(str(path))['machine'] in words


def test_the_page_quotes_the_ratios_of_the_benchmarks():
  names = speed.BENCHMARKS
  assert {path.stem for path in (ROOT / 'benchmarks/speed').glob('*.py')} >= set(names)
  assert comparison.short_table(comparison.read_rows(names)) in (ROOT / 'docs/speed.md').read_text()


@pytest.mark.parametrize('page', PAGES)
def test_links_and_folders_of_a_page_exist(page):
  text = re.sub(r'^```.*?^```', '', (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
  folder = (ROOT / page).parent
  for link, anchor in re.findall(r'\]\(([^)#]*)(?:#([^)]*))?\)', text):
    target = folder / link if link else ROOT / page
    assert link.startswith('http') or target.exists(), link
    if anchor:
      headings = re.findall(r'^#+ (.*)$', target.read_text(), re.MULTILINE)
      assert anchor in {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings}, anchor
  if page == 'README.md' or page in DOCS:
    to_be_made = set(re.findall(r'^New file `([^`]+)`', text, re.MULTILINE))
    for name in re.findall(r'`((?:xdc_tf|beam_pipelines|gin|requirements|docs|tests)/[\w./]*)`', text):
      assert (ROOT / name).exists() or name in to_be_made, name


@pytest.mark.parametrize('number', [1, 2, 3, 4, 5, 7, 8, 13])
def test_the_page_of_the_tables_names_the_gin_files_of_every_row(number):
  (line,) = re.findall(rf'^\| {number} \|.*', (ROOT / 'docs/tables.md').read_text(), re.MULTILINE)
  named = set()
  for name in re.findall(r'`((?:table\d+|superv)_[\w.]*)`', line):  # Some stand for several: `table4_...`.
    of_name = {path.stem for path in (ROOT / 'gin/papers/neurips2020').glob(name.replace('...', '*') + '.gin')}
    assert of_name, name
    named |= of_name
  used = {cell.encoder for cell in TABLES[f'table{number}'].cells}
  assert {encoder for encoder in used if encoder and not encoder.startswith(SCRATCH)} <= named


@pytest.mark.parametrize('verb', main.VERBS)
def test_the_example_of_a_verb_can_be_typed(verb, capsys):
  module = importlib.import_module(f'xdc_tf.cli.{verb.replace("-", "_")}')
  words = shlex.split(module.EXAMPLE)
  parsed = main._parse(words)
  assert parsed.run is module.run
  with pytest.raises(SystemExit, match='0'):
    main.build_parser().parse_args([words[1], '--help'])
  assert module.EXAMPLE in capsys.readouterr().out
