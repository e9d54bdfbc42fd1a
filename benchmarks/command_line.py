"""What the benchmarks' command lines share."""

import argparse


def parser(module: str, description: str | None) -> argparse.ArgumentParser:
  """Returns the parser of `python -m MODULE`, whose help shows a docstring as it stands."""
  return argparse.ArgumentParser(
    prog=f'python -m {module}', description=description, formatter_class=argparse.RawDescriptionHelpFormatter
  )
