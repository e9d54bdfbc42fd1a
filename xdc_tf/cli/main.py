"""The command `xdc`: one verb a job. Each verb lives in a file of its own and only calls the library."""

import argparse
import ast
import gc
import importlib
import logging as standard_logging
import os
import pkgutil
import sys

from absl import app, logging
from absl.flags import argparse_flags

from xdc_tf import __version__, messages, xla_cache

VERBS = (
  'demo', 'doctor', 'make-avdigits', 'manifest', 'check', 'pretrain', 'export', 'embed', 'client',
  'report', 'filters-figure', 'clusters-table', 'projector',
  'finetune', 'sweep', 'svm', 'retrieval', 'extract-features', 'localize', 'tables', 'import-weights', 'export-weights',
)  # fmt: skip

# What parsers note beside the options.
_NO_OPTIONS = {'verb', 'run', 'source', 'write', 'official'}


def build_parser(verb: str | None = None) -> argparse_flags.ArgumentParser:
  """Returns the parser of all verbs; a verb module gives its SUMMARY, EXAMPLE, add_arguments(parser) and run(arguments).

  Args:
    verb: whose module alone is imported, which may take TensorFlow's seconds; the others are known by name only. None: all.
  """
  parser = argparse_flags.ArgumentParser(
    prog='xdc',
    description='Self-supervised video and audio representations by Cross-Modal Deep Clustering.',
    epilog='`xdc VERB --help` explains a verb with an example. Clips are made by `python -m beam_pipelines.make_clips --help`.',
    # absl's own flags belong to this parser, among them --test_tmpdir and others that a verb's --test could be short for.
    allow_abbrev=False,
  )
  parser.add_argument('--version', action='version', version=f'xdc-tf {__version__}')
  verbs = parser.add_subparsers(dest='verb', metavar='VERB', required=True)
  for name in VERBS:
    if verb not in (None, name):
      verbs.add_parser(name, help=_summary(name))
      continue
    module = importlib.import_module(_module(name))
    known = verbs.add_parser(
      name,
      help=module.SUMMARY,
      description=module.SUMMARY,
      epilog=f'example:\n  {module.EXAMPLE}',
      formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(known)
    known.set_defaults(run=module.run)
  return parser


def _module(verb: str) -> str:
  return f'xdc_tf.cli.{verb.replace("-", "_")}'


def _summary(verb: str) -> str:
  """The SUMMARY of a verb, read from its source: `xdc --help` shall not import everything."""
  source = pkgutil.get_data('xdc_tf.cli', f'{verb.replace("-", "_")}.py') or b''
  for statement in ast.parse(source).body:
    if isinstance(statement, ast.Assign) and getattr(statement.targets[0], 'id', '') == 'SUMMARY':
      return ast.literal_eval(statement.value)
  raise AssertionError(f'{_module(verb)} has no SUMMARY.')


def _parse(arguments: list[str]) -> argparse.Namespace:
  verb = next((word for word in arguments[1:] if not word.startswith('-')), '')
  return build_parser(verb).parse_args(arguments[1:])


def run() -> None:
  """Entry point of `xdc`. Errors that a user can mend end in one message and exit code 1, without a traceback."""
  # Before TensorFlow is imported, which the verbs do. At 2 its wheel still complains of GPU libraries.
  os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
  # Traces make millions of objects that stay; to look through them again and again takes a twentieth of a short command's time.
  gc.set_threshold(100_000, 50, 100)
  app.run(_main, flags_parser=_parse)


def _is_wanted(record: standard_logging.LogRecord) -> bool:
  """Whether to show a message: all warnings, and what is not TensorFlow's."""
  return record.levelno >= standard_logging.WARNING or f'{os.sep}tensorflow{os.sep}' not in record.pathname


def _main(parsed: argparse.Namespace) -> None:
  logging.set_verbosity(logging.INFO)
  logging.get_absl_handler().setFormatter(None)
  # TensorFlow tells of renamed inputs and written files, which are nobody's business here, by its own logger and by absl's.
  standard_logging.getLogger('tensorflow').setLevel('ERROR')
  logging.get_absl_handler().addFilter(_is_wanted)
  try:
    parsed.run(parsed)
  except KeyboardInterrupt:
    sys.exit(f'xdc {parsed.verb}: interrupted. The same command goes on from here.')
  except Exception as error:
    # What is raised on purpose, and what files and TensorFlow say of damaged ones; anything else is a bug, to be seen whole.
    from tensorflow.errors import OpError

    if not isinstance(error, (ValueError, OSError, RuntimeError, OpError)):
      raise
    if os.environ.get('XDC_TRACEBACK'):
      raise
    text = messages.as_typed(messages.of_error(error), vars(parsed).keys() - _NO_OPTIONS)
    text += xla_cache.advice(text)
    sys.exit(f'xdc {parsed.verb}: {text}\n(Set XDC_TRACEBACK=1 to see where.)')


if __name__ == '__main__':
  run()
