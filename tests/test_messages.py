"""Errors in a user's language: neither TensorFlow's nodes nor Python's arguments."""

import argparse
import ast
import dataclasses
import inspect
import pathlib
import re

import pytest
import tensorflow as tf

from beam_pipelines import extract_features, make_clips
from xdc_tf import messages
from xdc_tf.cli import configurables, main
from xdc_tf.records.audio_ops import LogMelSpec

ROOT = pathlib.Path(__file__).resolve().parent.parent


def test_names_of_nodes_are_left_out(tmp_path):
  with pytest.raises(tf.errors.NotFoundError) as raised:
    tf.io.read_file(str(tmp_path / 'none'))
  assert messages.of_error(raised.value) == f'{tmp_path}/none; No such file or directory'
  text = (
    '{{function_node __wrapped__IteratorGetNext_device_/job:localhost}} corrupted record at 12 [Op:IteratorGetNext]'
  )
  assert messages.of_error(tf.errors.DataLossError(None, None, f'{text} name: ')) == 'corrupted record at 12'
  assert messages.of_error(ValueError('a {{b}} [c]')) == 'a {{b}} [c]'
  assert messages.of_error(OSError(f'ro/e.npz.tmp.{"0f" * 16}; Permission denied')) == 'ro/e.npz; Permission denied'


@pytest.mark.stack
def test_a_worker_is_told_that_another_one_has_ended():
  error = tf.errors.UnavailableError(
    None, None, 'Collective ops is aborted by: Socket closed\nAdditional GRPC error information: {"created":"@1796"}'
  )
  assert messages.of_error(error) == (
    'Another worker has ended or cannot be reached; its log says why. Start the same command on all of them again: it goes on. '
    '(Collective ops is aborted by: Socket closed)'
  )


def test_what_a_loaded_model_refuses_is_told_without_its_graph(tmp_path):
  module = tf.Module()

  def serve(x):
    tf.debugging.Assert(tf.reduce_all(tf.math.is_finite(x)), ['Sound must be finite. Received:', tf.size(x)])
    return x + 1

  module.serve = tf.function(serve, input_signature=[tf.TensorSpec([None])])
  tf.saved_model.save(module, str(tmp_path))
  loaded = tf.saved_model.load(str(tmp_path))
  for function in (module.serve, loaded.serve, loaded.signatures['serving_default']):
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
      function(tf.constant([float('nan')]))
    assert messages.of_error(raised.value) == 'Sound must be finite. Received: 1'


@pytest.mark.stack
@pytest.mark.parametrize(
  ('error', 'sentence'),
  [
    (FileNotFoundError(2, 'No such file or directory', '/a'), "[Errno 2] No such file or directory: '/a'"),
    (tf.errors.UnavailableError(None, None, '/a: away'), '/a: away'),
    (ValueError('/a is cut off.'), '/a is cut off.'),
  ],
)
def test_what_python_raises_in_a_pipeline_is_told_without_its_traceback(error, sentence):
  """A disk that vanishes under a training printed TensorFlow's frames."""

  def fail(_):
    raise error

  data = tf.data.Dataset.range(1).map(lambda x: tf.numpy_function(fail, [x], tf.string))
  with pytest.raises((tf.errors.OpError, ValueError)) as raised:
    list(data)
  assert messages.of_error(raised.value) == sentence


def test_options_are_named_as_they_are_typed():
  options = ('span_seconds', 'seconds', 'level', 'test')
  typed = {
    'span_seconds is -1; expected more than 0': '--span_seconds is -1; expected more than 0',
    'level must be one of': '--level must be one of',
    'test=0 and seconds=2': '--test=0 and --seconds=2',
    'Cut.span_seconds is 1, --seconds=2, my_seconds=3, a/level is': 'Cut.span_seconds is 1, --seconds=2, my_seconds=3, a/level is',
    'the test is an axe': 'the test is an axe',
  }
  assert {text: messages.as_typed(text, options) for text in typed} == typed
  assert messages.as_typed('level is 3', ()) == 'level is 3'


def test_what_parsers_note_is_no_option():
  """'Where the records of the run are' became 'of the --run are'."""

  def fail(_):
    raise ValueError('the records of the run are gone; span_seconds is 3')

  parsed = argparse.Namespace(verb='manifest', source='folder', run=fail, write=None, official=None, span_seconds=3.0)
  with pytest.raises(SystemExit, match='^xdc manifest: the records of the run are gone; --span_seconds is 3\n'):
    main._main(parsed)


# Words with an underscore in messages that are no options: files, fields of files, modules that are run, and signatures.
WORDS = {
  'balanced_train_segments', 'beam_pipelines', 'clip_length', 'clip_settings', 'dataset_info', 'eval_segments', 'failed_videos',
  'feature_dimension', 'label_names', 'log_mel', 'make_clips', 'make_strategy', 'my_videos', 'pseudo_labels', 'saved_models',
  'state_dict', 'xdc_tf',
}  # fmt: skip


def test_no_message_names_what_a_user_cannot_set():
  """Every text that is raised: its words with an underscore are options of a command, settings of a gin file, or in WORDS."""
  known = WORDS | {name for verb in options_by_command().values() for name in verb}
  for cls in configurables.CONFIGURABLES:
    known |= set(inspect.signature(cls).parameters)
  known |= {field.name for field in dataclasses.fields(LogMelSpec)}  # The JSON of make_clips --log_mel.
  unknown = {}
  for path in [*(ROOT / 'xdc_tf').rglob('*.py'), *(ROOT / 'beam_pipelines').rglob('*.py')]:
    for node in ast.walk(ast.parse(path.read_text())):
      for text in raised(node):
        words = set(re.findall(r'(?<![\w./<=-])[a-z]+_[a-z_]+\b(?![(/]|\.py)', text)) - known
        if words:
          unknown[f'{path.relative_to(ROOT)}:{node.lineno}'] = sorted(words)
  assert not unknown, unknown


def raised(node: ast.AST) -> list[str]:
  """The fixed text of what a statement raises; a MediaError's reason is a word of failed_videos.jsonl."""
  if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
    return []
  arguments = node.exc.args[1:] if getattr(node.exc.func, 'id', '') == 'MediaError' else node.exc.args
  parts = [ast.walk(argument) for argument in arguments if isinstance(argument, ast.Constant | ast.JoinedStr)]
  return [
    ' '.join(part.value for part in p if isinstance(part, ast.Constant) and isinstance(part.value, str)) for p in parts
  ]


def options_by_command() -> dict[str, set[str]]:
  """The names of all options, by verb and job."""
  found = {job.__name__: {action.dest for action in job.parser()._actions} for job in (make_clips, extract_features)}

  def add(name, parser):
    found[name] = {action.dest for action in parser._actions}
    for action in parser._actions:
      if isinstance(action, argparse._SubParsersAction):
        for verb, below in action.choices.items():
          add(f'{name} {verb}', below)

  add('xdc', main.build_parser())
  return found


@pytest.mark.parametrize(
  ('words', 'sentence'),
  [
    (
      ['manifest', 'folder', '--folder', '.', '--output_dir', 'm', '--span_seconds', '-1'],
      'xdc manifest: --span_seconds is -1',
    ),
    (
      ['make-avdigits', '--output_dir', 'd', '--train', '0'],
      'xdc make-avdigits: --train=0, --test=1000 and --num_workers=',
    ),
  ],
)
def test_a_verbs_error_names_its_options(words, sentence, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  with pytest.raises(SystemExit) as ended:
    main._main(main.build_parser().parse_args(words))
  assert str(ended.value).startswith(sentence)
