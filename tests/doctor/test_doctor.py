"""xdc doctor: what it finds on this machine, and what it says of machines that are made up."""

import dataclasses
import pathlib
import runpy
import socket
import sys
from importlib import metadata
from unittest import mock

import av
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from xdc_tf.cli import main
from xdc_tf.doctor import machine_checks, machine_facts
from xdc_tf.doctor.machine_checks import OK, PROBLEM, WARNING
from xdc_tf.doctor.machine_facts import Facts, Folder, Gpu
from xdc_tf.media.jpeg_encoder import JpegEncoder

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REQUIREMENTS = (
  "tensorflow<2.16,>=2.15; python_version < '3.12'",
  "tensorflow<3,>=2.21; python_version >= '3.12'",
  'apache-beam[tfrecord]<3,>=2.70',
  'numpy<3,>=1.26',
  "mlxtend<0.24,>=0.23.4; extra == 'avdigits'",
  "tensorflow[and-cuda]<2.16,>=2.15; python_version < '3.12' and extra == 'gpu'",
  "kserve<0.22,>=0.21; python_version >= '3.12' and extra == 'kserve'",
)
HEALTHY = Facts(
  python='3.11.9',
  has_pip=True,
  requirements=REQUIREMENTS,
  versions={'tensorflow': '2.15.1', 'keras': '2.15.0', 'apache-beam': '2.75.0', 'numpy': '1.26.4', 'av': '18.1.0'}
  | {'tfrecord': '1.0', 'mlxtend': '0.23.4'},
  requires={
    'tensorflow': ("nvidia-cudnn-cu12==8.9; extra == 'and-cuda'",),
    'apache-beam': ("tfrecord>=1; extra == 'tfrecord'",),
  },
  tensorflow_error='',
  lower_stack=True,
  built_for_gpus=True,
  gpus=(),
  has_nvidia_driver=False,
  has_bfloat16_units=False,
  missing_decoders=(),
  codec_error='',
  cpus=8,
  memory_bytes=int(16e9),
  working_folder=Folder('/work', True, int(100e9)),
  temporary_folder=Folder('/tmp', True, int(100e9)),
  open_files=1024,
  environment={},
)
H200 = Gpu('NVIDIA H200', (9, 0))
A100 = Gpu('NVIDIA A100', (8, 0))


def findings(level=None, **changes) -> list[machine_checks.Finding]:
  found = machine_checks.check(dataclasses.replace(HEALTHY, **changes))
  return [finding for finding in found if level is None or finding.level == level]


@pytest.fixture(scope='module')
def setup_arguments():
  """What setup.py gives to setuptools."""
  with mock.patch('setuptools.setup') as setup:
    runpy.run_path(str(ROOT / 'setup.py'))
  return setup.call_args.kwargs


@pytest.fixture(scope='module')
def this_machine():
  """The facts of this machine, gathered while every connection is an error."""
  refuse = mock.Mock(side_effect=AssertionError('the doctor wants the network'))
  with mock.patch.object(socket, 'socket', refuse), mock.patch.object(socket, 'getaddrinfo', refuse):
    return machine_facts.gather()


def unmet(requirements: list[str]) -> set[str]:
  """The packages of this environment whose version is outside of setup.py's range, by pip's own words for it."""
  wanted = [Requirement(text) for text in requirements]
  applying = [r for r in wanted if not r.marker or r.marker.evaluate()]
  return {r.name for r in applying if metadata.version(r.name) not in r.specifier}


@pytest.mark.stack
def test_this_environment_is_compared_with_setup_py(this_machine, setup_arguments):
  requirements = setup_arguments['install_requires']
  # Environments that uv makes have no pip.
  facts = dataclasses.replace(this_machine, requirements=tuple(requirements), has_pip=True)
  problems = [finding.text for finding in machine_checks.check_packages(facts) if finding.level == PROBLEM]
  assert {text.split()[0] for text in problems} == unmet(requirements)
  for check in (machine_checks.check_python, machine_checks.check_stack, machine_checks.check_codecs):
    assert [finding.level for finding in check(facts)] == [OK]
  assert facts.python == '.'.join(map(str, sys.version_info[:3]))
  assert facts.lower_stack == (sys.version_info < (3, 12))
  assert facts.versions['av'] == av.__version__
  assert facts.cpus >= 1 and facts.memory_bytes > 1e8 and facts.working_folder.free_bytes > 1e6


def test_what_is_said_twice_is_said_alike(setup_arguments):
  on_311 = {'python_version': '3.11'}
  wanted = [Requirement(text) for text in setup_arguments['install_requires']]
  count = sum(not r.marker or r.marker.evaluate(on_311) for r in wanted)
  assert f'packages    all {count} are there, in the versions' in (ROOT / 'docs/quickstart.md').read_text()
  assert setup_arguments['python_requires'] == machine_checks.PYTHONS
  assert set(setup_arguments['extras_require']) == set(machine_checks.EXTRAS)
  needed = {canonicalize_name(Requirement(text).name) for text in setup_arguments['install_requires']}
  assert {'packaging', 'av', 'tensorflow'} <= needed


def test_a_healthy_machine_has_nothing_to_mend(monkeypatch, capsys):
  assert {finding.level for finding in findings()} == {OK}
  monkeypatch.setattr(machine_facts, 'gather', lambda: HEALTHY)
  parsed = main.build_parser().parse_args(['doctor'])
  parsed.run(parsed)
  lines = capsys.readouterr().out.splitlines()
  assert lines[0] == 'ok       Python      3.11.9'
  assert lines[1] == 'ok       packages    all 3 are there, in the versions that setup.py asks for'
  assert lines[-1] == 'problems: 0, warnings: 0; `make demo` can run.'


def test_a_problem_ends_with_1_and_warnings_with_0(monkeypatch, capsys):
  parsed = main.build_parser().parse_args(['doctor'])
  sick = dataclasses.replace(HEALTHY, open_files=512, memory_bytes=int(1e9))
  monkeypatch.setattr(machine_facts, 'gather', lambda: sick)
  with pytest.raises(SystemExit, match='1'):
    parsed.run(parsed)
  printed = capsys.readouterr().out
  assert 'problem  memory      1.0 GB free; the demo needs 2\n                     -> End other programs.\n' in printed
  assert printed.endswith('problems: 1, warnings: 1; `make demo` would not come to its end.\n')
  monkeypatch.setattr(machine_facts, 'gather', lambda: dataclasses.replace(HEALTHY, open_files=512))
  parsed.run(parsed)
  assert 'warning  open files  512 in a process' in capsys.readouterr().out


@pytest.mark.parametrize(
  ('changes', 'name', 'text', 'cure'),
  [
    ({'python': '3.9.1'}, 'Python', '3.9.1; xdc-tf needs >=3.10,<3.14', 'PYTHON=python3.11'),
    ({'has_pip': False}, 'pip', 'fetches its film', 'ensurepip'),
    ({'tensorflow_error': 'ImportError: no'}, 'TensorFlow', 'cannot be used (ImportError: no)', 'delete .venv'),
    ({'missing_decoders': ('H.264',)}, 'codecs', 'cannot decode H.264', 'pip install'),
    ({'codec_error': 'ValueError: mjpeg'}, 'codecs', 'made a JPEG (ValueError: mjpeg)', 'pip install'),
    ({'memory_bytes': int(1.9e9)}, 'memory', '1.9 GB free; the demo needs 2', 'End other programs'),
    ({'working_folder': Folder('/w', True, int(5e8))}, 'disk', '/w: 0.5 GB free; the demo needs 1', 'larger disk'),
    ({'temporary_folder': Folder('/t', False, int(9e9))}, 'TMPDIR', '/t cannot be written to', 'Set TMPDIR'),
    ({'open_files': 64}, 'open files', '64 in a process', 'ulimit -n'),
    ({'environment': {'TF_CONFIG': '{'}}, 'TF_CONFIG', 'is not the JSON', 'Unset TF_CONFIG'),
    ({'environment': {'TF_CONFIG': '[]'}}, 'TF_CONFIG', 'is not the JSON', 'Unset TF_CONFIG'),
    ({'environment': {'TF_CONFIG': '{"cluster": {"worker": 5}}'}}, 'TF_CONFIG', 'is not the JSON', 'Unset TF_CONFIG'),
  ],
)
def test_what_would_stop_the_demo(changes, name, text, cure):
  (found,) = findings(PROBLEM, **changes)
  assert found.name == name and text in found.text and cure in found.cure


@pytest.mark.parametrize(
  ('changes', 'name', 'text', 'cure'),
  [
    ({'requirements': None}, 'packages', 'xdc-tf is not installed', 'pip install --editable .'),
    ({'missing_decoders': ('AV1',)}, 'codecs', 'cannot decode AV1', 'pip install'),
    ({'memory_bytes': int(3e9)}, 'memory', '3.0 GB free: enough for the demo', 'Schedule.batch_size'),
    ({'working_folder': Folder('/w', True, int(5e9))}, 'disk', '5.0 GB free: enough', 'larger disk'),
    ({'gpus': (A100, H200)}, 'GPUs', 'machine code for compute capability 8.0 and before', 'Python 3.12'),
    ({'has_nvidia_driver': True}, 'GPUs', "CUDA's libraries are missing", "'xdc-tf[gpu]'"),
    ({'has_nvidia_driver': True, 'built_for_gpus': False}, 'GPUs', 'built without CUDA', "'xdc-tf[gpu]'"),
    (
      {'has_nvidia_driver': True, 'environment': {'CUDA_VISIBLE_DEVICES': ''}},
      'GPUs',
      "CUDA_VISIBLE_DEVICES is ''",
      'Unset',
    ),
    (
      {'gpus': (A100,), 'environment': {'TF_FORCE_GPU_ALLOW_GROWTH': 'false'}},
      'GPUs',
      'the whole memory',
      'TF_FORCE_GPU_ALLOW_GROWTH',
    ),
    (
      {'environment': {'TF_CONFIG': '{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}}'}},
      'TF_CONFIG',
      'names 2 workers',
      'Unset TF_CONFIG',
    ),
  ],
)
def test_what_is_a_warning(changes, name, text, cure):
  assert findings(PROBLEM, **changes) == []
  (found,) = findings(WARNING, **changes)
  assert found.name == name and text in found.text and cure in found.cure


@pytest.mark.parametrize(
  ('changes', 'text'),
  [
    ({'numpy': '2.0.0'}, ''),
    ({'numpy': '3.0.0'}, 'numpy is 3.0.0; xdc-tf needs numpy<3,>=1.26'),
    ({'numpy': None}, 'numpy is missing; xdc-tf needs numpy<3,>=1.26'),
    ({'tensorflow': '2.21.0'}, 'tensorflow is 2.21.0; xdc-tf needs tensorflow<2.16,>=2.15'),
    ({'tfrecord': None}, 'tfrecord is missing; xdc-tf needs tfrecord>=1'),
    ({'mlxtend': None}, ''),
  ],
)
def test_versions_are_compared_with_the_ranges(changes, text):
  versions = {name: version for name, version in (HEALTHY.versions | changes).items() if version}
  found = findings(PROBLEM, versions=versions)
  assert [finding.text for finding in found] == ([text] if text else [])
  if text:
    assert found[0].cure == f"Install it: pip install '{text.partition('needs ')[2]}'"


def test_the_other_stack_has_other_ranges():
  versions = HEALTHY.versions | {'tensorflow': '2.21.0', 'keras': '3.12.0'}
  upper = {'python': '3.12.3', 'versions': versions, 'lower_stack': False}
  assert findings(PROBLEM, **upper) == []
  assert any('upper: TensorFlow 2.21.0, Keras 3.12.0' in finding.text for finding in findings(**upper))


def test_extras_that_are_absent_are_no_fault():
  lines = {finding.name: finding for finding in findings()}
  assert lines['[avdigits]'].text == 'installed; for `xdc make-avdigits`, the synthetic corpus'
  # tensorflow is there, and what its own extra asks for is not.
  assert lines['[gpu]'] == machine_checks.Finding(
    OK, '[gpu]', "not installed; for NVIDIA GPUs (CUDA and cuDNN for TensorFlow): pip install 'xdc-tf[gpu]'"
  )
  assert lines['[kserve]'].text == 'has nothing for this Python; for a test with a server that speaks REST'
  with_cuda = findings(versions=HEALTHY.versions | {'nvidia-cudnn-cu12': '8.9'})
  assert any(finding.name == '[gpu]' and finding.text.startswith('installed') for finding in with_cuda)


def test_gpus_and_the_precision_that_auto_takes():
  lines = {
    finding.name: finding.text for finding in findings(gpus=(H200, H200), lower_stack=False, has_bfloat16_units=True)
  }
  assert lines['GPUs'].startswith('2: NVIDIA H200 (9.0), NVIDIA H200 (9.0); all are used')
  assert lines['precision'].startswith("'auto' is bfloat16 with XLA here: the GPUs have units for bfloat16")
  lines = {finding.name: finding.text for finding in findings()}
  assert (
    lines['precision']
    == "'auto' is float32 without XLA here: the processor has no units for bfloat16; 8 processor cores to use"
  )


def test_a_tensorflow_that_cannot_be_imported_is_a_fact(monkeypatch):
  monkeypatch.setitem(sys.modules, 'tensorflow', None)
  facts = machine_facts.gather()
  assert facts.tensorflow_error.startswith('ModuleNotFoundError')
  assert facts.gpus == ()


def test_codecs_that_are_missing_are_facts(monkeypatch):
  find = av.codec.Codec

  def without_h264(name, mode):
    if name == 'h264':
      raise av.codec.codec.UnknownCodecError(name)
    return find(name, mode)

  monkeypatch.setattr(av.codec, 'Codec', without_h264)
  assert machine_facts._codec_facts() == {'missing_decoders': ('H.264',), 'codec_error': ''}


def test_an_encoder_of_jpegs_that_fails_is_a_fact(monkeypatch):
  monkeypatch.setattr(JpegEncoder, 'encode', lambda encoder, frame: b'no JPEG')
  assert machine_facts._codec_facts()['codec_error'].startswith('RuntimeError: a film of 5 frames came back with 5')


def test_a_container_may_have_less_memory_than_its_machine(monkeypatch, tmp_path):
  everything = machine_facts._free_memory()
  (tmp_path / 'memory.max').write_text('3000000\n')
  (tmp_path / 'memory.current').write_text('2900000\n')
  monkeypatch.setattr(machine_facts, '_CGROUP', str(tmp_path))
  assert machine_facts._free_memory() == 100_000 < everything
  # Files that were read lately are counted as used, and are given back.
  (tmp_path / 'memory.stat').write_text('anon 1000000\nfile 1950000\ninactive_file 1500000\nactive_file 400000\n')
  assert machine_facts._free_memory() == 2_000_000
  (tmp_path / 'memory.max').write_text('max\n')
  assert machine_facts._free_memory() > 2_000_000


def test_a_limit_of_open_files_is_read():
  limits = {'open_files': 100_000}
  assert [f.text for f in findings(**limits) if f.name == 'open files'] == ['100000 in a process']
  assert [f.text for f in findings(open_files=0) if f.name == 'open files'] == ['no limit']
