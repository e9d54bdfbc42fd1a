"""Writes the locks of the Python that runs it: what `make` installs, with the hashes of every file that the index has of it.

    for version in 3.10 3.11 3.12 3.13; do python$version requirements/lock.py; done

pyXY.txt holds what `pip install .[test,avdigits,plots,docs]` would take on Linux; gpu-pyXY.txt what the extra `gpu` adds; build.txt
setuptools, which builds the packages that come as sources. Versions that are locked stay, which also spares pip a long search;
delete a file first to take today's.
"""

import argparse
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

from pip._vendor.packaging.specifiers import SpecifierSet  # Nothing but pip is there when this runs.

REQUIREMENTS = pathlib.Path(__file__).resolve().parent
EXTRAS = 'test,avdigits,plots,docs'
INDEX = 'https://pypi.org/simple'
VERSION = '{}{}'.format(*sys.version_info[:2])
FIRST = '{}.{}.0'.format(*sys.version_info[:2])


def main() -> None:
  """Resolves without installing anything."""
  argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
  base, gpu = REQUIREMENTS / f'py{VERSION}.txt', REQUIREMENTS / f'gpu-py{VERSION}.txt'
  locked = _resolve(EXTRAS, base)
  _write(base, locked)
  _write(gpu, sorted(set(_resolve(f'{EXTRAS},gpu', base, gpu)) - set(locked)))
  _write(REQUIREMENTS / 'build.txt', [pin for pin in locked if pin.startswith('setuptools==')])


def pins_of(path: pathlib.Path) -> list[str]:
  """Returns the 'name==version' of a lock."""
  return re.findall(r'^[\w.-]+==[^\s\\]+', path.read_text(), re.MULTILINE) if path.exists() else []


def _resolve(extras: str, *locks: pathlib.Path) -> list[str]:
  """Returns what pip would install beside xdc-tf, where it keeps to what is locked.

  A package that asks for more than the first release of this Python is left for an older one: Debian 12 has Python 3.11.2.
  """
  constraints = [pin for lock in locks for pin in pins_of(lock)]
  while True:
    packages = _asked_of_pip(extras, constraints)
    too_new = [pin for pin, pythons in packages.items() if not SpecifierSet(pythons).contains(FIRST)]
    if not too_new:
      return sorted(packages)
    constraints = [pin for pin in constraints if pin not in too_new] + [pin.replace('==', '!=') for pin in too_new]


def _asked_of_pip(extras: str, constraints: list[str]) -> dict[str, str]:
  """Returns the Pythons that each package takes, by 'name==version'."""
  with tempfile.TemporaryDirectory() as folder:
    report, constraint_file = pathlib.Path(folder, 'report.json'), pathlib.Path(folder, 'constraints.txt')
    constraint_file.write_text('\n'.join(constraints))  # Hashes here would be asked of all packages.
    options = [
      'install',
      '--quiet',
      '--dry-run',
      '--ignore-installed',
      '--report',
      str(report),
      '--constraint',
      str(constraint_file),
    ]
    subprocess.run([sys.executable, '-m', 'pip', *options, f'{REQUIREMENTS.parent}[{extras}]'], check=True)
    packages = [package['metadata'] for package in json.loads(report.read_text())['install']]
  return {
    f'{p["name"].lower().replace("_", "-")}=={p["version"]}': p.get('requires_python', '')
    for p in packages
    if p['name'] != 'xdc-tf'
  }


def _write(path: pathlib.Path, pins: list[str]) -> None:
  with concurrent.futures.ThreadPoolExecutor(4) as pool:
    hashes = list(pool.map(_hashes, pins))
  entries = [
    ' \\\n'.join([pin, *(f'    --hash=sha256:{value}' for value in of_pin)])
    for pin, of_pin in zip(pins, hashes, strict=True)
  ]
  path.write_text('\n'.join([f'# Written by requirements/lock.py on Python {VERSION[0]}.{VERSION[1:]}.', *entries, '']))
  print(f'{path}: {len(pins)} packages')


def _hashes(pin: str) -> list[str]:
  """Returns the SHA-256 of all files of one version that this Python could take, on any system: wheels and sources."""
  name, version = pin.split('==')
  request = urllib.request.Request(f'{INDEX}/{name}/', headers={'Accept': 'application/vnd.pypi.simple.v1+json'})
  files = _asked(request)['files']
  version_start = re.compile(rf'{re.sub("-", "[-_.]", name)}-{re.escape(version)}(-|\.tar|\.zip)', re.IGNORECASE)
  suits = re.compile(rf'-(cp{VERSION}|cp3\d+-abi3|py\d[\w.]*)-|\.(tar\.gz|zip)$')
  found = sorted(
    f['hashes']['sha256'] for f in files if version_start.match(f['filename']) and suits.search(f['filename'])
  )
  if not found:
    raise ValueError(f'{INDEX}/{name}/ lists no file of version {version} for Python {VERSION}.')
  return found


def _asked(request: urllib.request.Request, tries: int = 5) -> dict:
  for rest in reversed(range(tries)):
    try:
      with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)
    except OSError:
      if not rest:
        raise
      time.sleep(2)
  raise AssertionError('The last try returns or raises.')


if __name__ == '__main__':
  main()
