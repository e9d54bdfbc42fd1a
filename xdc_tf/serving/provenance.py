"""Which code made an export."""

import os
import subprocess

import xdc_tf


def commit() -> str | None:
  """Returns the git commit that this package was run from, with '+changes' behind it where its files have been changed since.

  None where the package is no part of a checkout (its version tells then), or there is no git.
  """
  folder = os.path.dirname(os.path.abspath(xdc_tf.__file__))
  # An installed package may lie inside somebody else's checkout, which does not track it.
  if _git(folder, 'ls-files', '--error-unmatch', '__init__.py') is None:
    return None
  head = _git(folder, 'rev-parse', 'HEAD')
  if head is None:
    return None
  return head + ('+changes' if _git(folder, 'status', '--porcelain', '--untracked-files=no', '.') else '')


def _git(folder: str, *words: str) -> str | None:
  try:
    done = subprocess.run(['git', '-C', folder, *words], capture_output=True, text=True, check=False)
  except OSError:
    return None
  return done.stdout.strip() if done.returncode == 0 else None
