"""Writes requirements/pyXY.txt for the Python that runs it: what `pip install .[test,avdigits,plots]` would take.

Versions that are locked stay, which also spares pip a long search; delete the file first to take today's.
for version in 3.10 3.11 3.12 3.13; do python$version requirements/lock.py; done
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> None:
  """Resolves without installing anything."""
  name = 'py{}{}'.format(*sys.version_info[:2])
  path = ROOT / 'requirements' / f'{name}.txt'
  locked = ['--constraint', str(path)] if path.exists() else []
  with tempfile.TemporaryDirectory() as folder:
    report = pathlib.Path(folder, 'report.json')
    options = ['install', '--quiet', '--dry-run', '--ignore-installed', '--report']
    command = [sys.executable, '-m', 'pip', *options, str(report)]
    subprocess.run([*command, *locked, f'{ROOT}[test,avdigits,plots]'], check=True)
    packages = [package['metadata'] for package in json.loads(report.read_text())['install']]
  pins = sorted(f'{p["name"].lower().replace("_", "-")}=={p["version"]}' for p in packages if p['name'] != 'xdc-tf')
  path.write_text(
    f'# Written by requirements/lock.py on Python {sys.version_info[0]}.{sys.version_info[1]}.\n'
    + '\n'.join(pins)
    + '\n'
  )
  print(f'{path}: {len(pins)} packages')


if __name__ == '__main__':
  main()
