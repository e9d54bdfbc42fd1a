"""The command `xdc`: one verb a job. Each verb lives in a file of its own and only calls the library."""

import argparse
import logging as standard_logging
import os
import sys

from absl import app, logging
from absl.flags import argparse_flags

from xdc_tf import __version__, messages, xla_cache
from xdc_tf.cli import (
  check,
  client,
  clusters_table,
  demo,
  doctor,
  embed,
  export,
  export_weights,
  extract_features,
  filters_figure,
  finetune,
  import_weights,
  localize,
  make_avdigits,
  manifest,
  pretrain,
  projector,
  report,
  retrieval,
  svm,
  sweep,
  tables,
)

VERBS = (
  demo, doctor, make_avdigits, manifest, check, pretrain, export, embed, client,
  report, filters_figure, clusters_table, projector,
  finetune, sweep, svm, retrieval, extract_features, localize, tables, import_weights, export_weights,
)  # fmt: skip


def build_parser() -> argparse_flags.ArgumentParser:
  """Returns the parser of all verbs; a verb module gives its SUMMARY, EXAMPLE, add_arguments(parser) and run(arguments)."""
  parser = argparse_flags.ArgumentParser(
    prog='xdc',
    description='Self-supervised video and audio representations by Cross-Modal Deep Clustering.',
    epilog='`xdc VERB --help` explains a verb with an example. Clips are made by `python -m beam_pipelines.make_clips --help`.',
    # absl's own flags belong to this parser, among them --test_tmpdir and others that a verb's --test could be short for.
    allow_abbrev=False,
  )
  parser.add_argument('--version', action='version', version=f'xdc-tf {__version__}')
  verbs = parser.add_subparsers(dest='verb', metavar='VERB', required=True)
  for module in VERBS:
    name = module.__name__.rpartition('.')[2].replace('_', '-')
    verb = verbs.add_parser(
      name,
      help=module.SUMMARY,
      description=module.SUMMARY,
      epilog=f'example:\n  {module.EXAMPLE}',
      formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(verb)
    verb.set_defaults(run=module.run)
  return parser


def run() -> None:
  """Entry point of `xdc`. Errors that a user can mend end in one message and exit code 1, without a traceback."""
  # Before TensorFlow is imported, which the verbs do when they run. At 2 its wheel still complains of GPU libraries.
  os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
  xla_cache.use()
  app.run(_main, flags_parser=lambda arguments: build_parser().parse_args(arguments[1:]))


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
    text = messages.as_typed(messages.of_error(error), vars(parsed))
    sys.exit(f'xdc {parsed.verb}: {text}\n(Set XDC_TRACEBACK=1 to see where.)')


if __name__ == '__main__':
  run()
