"""What a number was measured on."""

import datetime
import importlib.metadata
import os
import platform
import re

import tensorflow as tf

from xdc_tf import __version__


def describe(packages: tuple[str, ...] = ()) -> dict[str, str]:
  """Returns {'machine', 'software', 'date'}; the software is ours, TensorFlow, Python and the packages named."""
  versions = [f'xdc-tf {__version__}', f'TensorFlow {tf.__version__}', f'Python {platform.python_version()}']
  versions += [f'{name} {importlib.metadata.version(name)}' for name in packages]
  return {
    'machine': f'{os.cpu_count()} CPUs, {_processor()}',
    'software': ', '.join(versions),
    'date': datetime.date.today().isoformat(),
  }


def _processor() -> str:
  try:
    with open('/proc/cpuinfo') as file:
      found = re.search(r'model name\s*: (.*)', file.read())
  except OSError:
    found = None
  return found[1] if found else platform.processor()
