"""What the facts of a machine mean for xdc-tf: a line each, and what to do. `xdc doctor` prints them."""

import dataclasses
import json
from collections.abc import Iterator

from xdc_tf.doctor.machine_facts import Facts, Folder

OK, WARNING, PROBLEM = 'ok', 'warning', 'problem'
PYTHONS = '>=3.10,<3.14'  # As setup.py says; a test compares them.
# What the film of the demo is made of.
DEMO_DECODERS = ('H.264', 'AAC')
GIGABYTE = 1e9
# The demo's largest process takes 1.7 GB, and a small one of the decoder runs beside it.
MEMORY_BYTES, GOOD_MEMORY_BYTES = 2 * GIGABYTE, 4 * GIGABYTE
# The demo's folder has 0.25 GB in the end: the film, the records, the run. Records of own videos are larger.
DISK_BYTES, GOOD_DISK_BYTES = 1 * GIGABYTE, 10 * GIGABYTE
TEMPORARY_BYTES = 0.2 * GIGABYTE
OPEN_FILES, GOOD_OPEN_FILES = 128, 1024
EXTRAS = {
  'gpu': 'NVIDIA GPUs (CUDA and cuDNN for TensorFlow)',
  'gcp': 'gs:// and Dataflow in Beam jobs',
  'avdigits': '`xdc make-avdigits`, the synthetic corpus',
  'plots': 'the pictures of `xdc filters-figure`, `xdc sweep`, the notebook and benchmarks',
  'test': '`make test`',
  'docs': '`make docs`, the site',
  'torch': 'the tests that compare imported weights with PyTorch',
  'kserve': 'a test with a server that speaks REST',
  'tfdv': 'TensorFlow Data Validation, in an environment of its own',
  'bench': '`make bench`, the peers that we are measured against',
}


@dataclasses.dataclass(frozen=True)
class Finding:
  """One line of the doctor.

  Attributes:
    level: OK, WARNING (something will not work, or be slow) or PROBLEM (`make demo` would stop).
    name: the name of what was looked at.
    text: what was found.
    cure: what to do; '' where there is nothing to do.
  """

  level: str
  name: str
  text: str
  cure: str = ''


def check(facts: Facts) -> list[Finding]:
  """Judges a machine, the most basic things first."""
  checks = (
    check_python,
    check_packages,
    check_stack,
    check_gpus,
    check_precision,
    check_codecs,
    check_memory,
    check_disks,
    check_open_files,
    check_environment,
    check_extras,
  )
  return [finding for one in checks for finding in one(facts)]


def check_python(facts: Facts) -> Iterator[Finding]:
  """The version of Python, and pip, by which the demo fetches its film."""
  from packaging.specifiers import SpecifierSet

  if facts.python in SpecifierSet(PYTHONS):
    yield Finding(OK, 'Python', facts.python)
  else:
    cure = 'Make a new environment, for example with `make PYTHON=python3.11 demo`.'
    yield Finding(PROBLEM, 'Python', f'{facts.python}; xdc-tf needs {PYTHONS}', cure)
  if not facts.has_pip:
    cure = 'Run `python -m ensurepip`, or use your own videos: `xdc demo --video PATH_OR_FOLDER`.'
    yield Finding(PROBLEM, 'pip', 'not there; the demo fetches its film with it', cure)


def check_packages(facts: Facts) -> Iterator[Finding]:
  """The versions of what setup.py asks for."""
  if facts.requirements is None:
    cure = 'Install it in its checkout: pip install --editable .'
    yield Finding(WARNING, 'packages', 'xdc-tf is not installed, so the versions it needs are not known', cure)
    return
  needed = _needed(facts, extra='')
  wrong = [problem for requirement in needed for problem in _problems(facts, requirement)]
  for problem in wrong:
    yield Finding(PROBLEM, 'packages', problem, f"Install it: pip install '{problem.rpartition('needs ')[2]}'")
  if not wrong:
    yield Finding(OK, 'packages', f'all {len(needed)} are there, in the versions that setup.py asks for')


def check_stack(facts: Facts) -> Iterator[Finding]:
  """Which of the two software stacks this is, and whether it can be imported."""
  if facts.tensorflow_error:
    cure = 'Make the environment again: delete .venv, then `make demo`.'
    yield Finding(PROBLEM, 'TensorFlow', f'cannot be used ({facts.tensorflow_error})', cure)
    return
  installed = f'TensorFlow {facts.versions.get("tensorflow", "?")}, Keras {facts.versions.get("keras", "?")}'
  if facts.lower_stack:
    yield Finding(OK, 'stack', f'lower: {installed}, with tensorflow-io and tensorflow-addons')
  else:
    yield Finding(OK, 'stack', f'upper: {installed}; SpecAugment and s3:// paths need Python 3.10 or 3.11')


def check_gpus(facts: Facts) -> Iterator[Finding]:
  """The GPUs that TensorFlow sees, and why it may see none."""
  if facts.tensorflow_error:
    return
  if facts.gpus:
    names = ', '.join(f'{gpu.name} ({gpu.compute_capability[0]}.{gpu.compute_capability[1]})' for gpu in facts.gpus)
    yield Finding(OK, 'GPUs', f'{len(facts.gpus)}: {names}; all are used, their memory is taken as needed')
    newest = max(gpu.compute_capability for gpu in facts.gpus)
    if newest >= (9, 0) and facts.lower_stack:
      text = (
        'TensorFlow 2.15 has machine code for compute capability 8.0 and before: every kernel is compiled at first use'
      )
      yield Finding(WARNING, 'GPUs', text, 'Use Python 3.12, which has TensorFlow 2.21: make PYTHON=python3.12 ...')
    if facts.environment.get('TF_FORCE_GPU_ALLOW_GROWTH', '').lower() == 'false':
      text = 'TF_FORCE_GPU_ALLOW_GROWTH=false makes every process take the whole memory of a GPU at its start'
      yield Finding(WARNING, 'GPUs', text, 'Unset TF_FORCE_GPU_ALLOW_GROWTH where other programs use the GPUs too.')
  elif not facts.has_nvidia_driver:
    yield Finding(OK, 'GPUs', 'none; the demo is made for a CPU, the runs of the paper need GPUs')
  elif 'CUDA_VISIBLE_DEVICES' in facts.environment:
    hidden = f'CUDA_VISIBLE_DEVICES is {facts.environment["CUDA_VISIBLE_DEVICES"]!r}'
    yield Finding(WARNING, 'GPUs', f'TensorFlow sees none, though there is a driver: {hidden}', 'Unset it.')
  elif not facts.built_for_gpus:
    text = 'TensorFlow sees none, though there is a driver: this TensorFlow was built without CUDA'
    yield Finding(WARNING, 'GPUs', text, "Install another: pip install 'xdc-tf[gpu]'")
  else:
    text = (
      "TensorFlow sees none, though there is a driver: CUDA's libraries are missing, or the driver is too old for them"
    )
    cure = "Install them: pip install 'xdc-tf[gpu]'; then compare the driver in `nvidia-smi` with TensorFlow's notes."
    yield Finding(WARNING, 'GPUs', text, cure)


def check_precision(facts: Facts) -> Iterator[Finding]:
  """What TrainingOptions.precision and .jit_compile = 'auto' take here (see TrainingOptions.resolved)."""
  if facts.tensorflow_error:
    return
  where = 'the GPUs have' if facts.gpus else 'the processor has'
  chosen, units = ('bfloat16', 'units') if facts.has_bfloat16_units else ('float32', 'no units')
  xla = 'with' if facts.gpus else 'without'
  yield Finding(
    OK,
    'precision',
    f"'auto' is {chosen} {xla} XLA here: {where} {units} for bfloat16; {facts.cpus} processor cores to use",
  )


def check_codecs(facts: Facts) -> Iterator[Finding]:
  """Whether PyAV reads the usual files and writes JPEGs."""
  cure = "Install PyAV's own wheel, which brings FFmpeg: pip install --force-reinstall --only-binary=av av"
  for name in facts.missing_decoders:
    level = PROBLEM if name in DEMO_DECODERS else WARNING
    yield Finding(level, 'codecs', f'PyAV cannot decode {name}: such videos would be set aside', cure)
  if facts.codec_error:
    yield Finding(
      PROBLEM, 'codecs', f'a tiny film could not be written, read and made a JPEG ({facts.codec_error})', cure
    )
  elif not facts.missing_decoders:
    yield Finding(OK, 'codecs', f'PyAV {facts.versions.get("av", "?")} decodes what is usual and writes JPEGs')


def check_memory(facts: Facts) -> Iterator[Finding]:
  """Free memory."""
  text = f'{facts.memory_bytes / GIGABYTE:.1f} GB free'
  if facts.memory_bytes < MEMORY_BYTES:
    yield Finding(PROBLEM, 'memory', f'{text}; the demo needs {MEMORY_BYTES / GIGABYTE:g}', 'End other programs.')
  elif facts.memory_bytes < GOOD_MEMORY_BYTES:
    cure = 'Take a smaller Schedule.batch_size and fewer --direct_num_workers.'
    yield Finding(WARNING, 'memory', f'{text}: enough for the demo, little for more', cure)
  else:
    yield Finding(OK, 'memory', text)


def check_disks(facts: Facts) -> Iterator[Finding]:
  """The folder where commands write, and the one for temporary files."""
  yield _disk('disk', facts.working_folder, DISK_BYTES, GOOD_DISK_BYTES, 'Go to a folder on a larger disk.')
  yield _disk(
    'TMPDIR', facts.temporary_folder, TEMPORARY_BYTES, TEMPORARY_BYTES, 'Set TMPDIR to a folder on a larger disk.'
  )


def _disk(name: str, folder: Folder, needed: float, good: float, cure: str) -> Finding:
  text = f'{folder.path}: {folder.free_bytes / GIGABYTE:.1f} GB free'
  if not folder.is_writable:
    return Finding(PROBLEM, name, f'{folder.path} cannot be written to', cure)
  if folder.free_bytes < needed:
    return Finding(PROBLEM, name, f'{text}; the demo needs {needed / GIGABYTE:g}', cure)
  if folder.free_bytes < good:
    return Finding(WARNING, name, f'{text}: enough for the demo; 30 frames of a second take 0.6 MB in records', cure)
  return Finding(OK, name, text)


def check_open_files(facts: Facts) -> Iterator[Finding]:
  """The limit of open files: the reader and Beam hold many shards open."""
  text = f'{facts.open_files} in a process' if facts.open_files else 'no limit'
  if 0 < facts.open_files < GOOD_OPEN_FILES:
    level = PROBLEM if facts.open_files < OPEN_FILES else WARNING
    yield Finding(
      level, 'open files', f'{text}; many shards are read at once', f'Run `ulimit -n {4 * GOOD_OPEN_FILES}`.'
    )
  else:
    yield Finding(OK, 'open files', text)


def check_environment(facts: Facts) -> Iterator[Finding]:
  """TF_CONFIG, which makes a command one of several workers."""
  text = facts.environment.get('TF_CONFIG', '')
  if not text:
    return
  cure = 'Unset TF_CONFIG to use this machine alone.'
  try:
    cluster = json.loads(text).get('cluster', {})
    workers = len(cluster.get('chief', [])) + len(cluster.get('worker', []))
  except (json.JSONDecodeError, AttributeError, TypeError):
    yield Finding(PROBLEM, 'TF_CONFIG', 'is not the JSON that TensorFlow expects', cure)
    return
  yield Finding(WARNING, 'TF_CONFIG', f'names {workers} workers: training waits until all have started', cure)


def check_extras(facts: Facts) -> Iterator[Finding]:
  """What was left out of the installation, and what it would be for."""
  if facts.requirements is None:
    return
  for extra, purpose in EXTRAS.items():
    needed = _needed(facts, extra)
    absent = [problem for requirement in needed for problem in _problems(facts, requirement)]
    if not needed:
      yield Finding(OK, f'[{extra}]', f'has nothing for this Python; for {purpose}')
    elif absent:
      yield Finding(OK, f'[{extra}]', f"not installed; for {purpose}: pip install 'xdc-tf[{extra}]'")
    else:
      yield Finding(OK, f'[{extra}]', f'installed; for {purpose}')


def _needed(facts: Facts, extra: str) -> list:
  """The requirements of xdc-tf on this Python, or those that one of its extras adds."""
  return _applicable(facts.requirements or (), facts, {extra})


def _applicable(requirements: tuple[str, ...], facts: Facts, extras: set[str]) -> list:
  from packaging.requirements import Requirement

  python = {'python_version': '.'.join(facts.python.split('.')[:2]), 'python_full_version': facts.python}

  def applies(requirement, extra: str) -> bool:
    return not requirement.marker or requirement.marker.evaluate(python | {'extra': extra})

  parsed = [Requirement(text) for text in requirements]
  return [r for r in parsed if any(applies(r, extra) and (not extra or not applies(r, '')) for extra in extras)]


def _problems(facts: Facts, requirement) -> Iterator[str]:
  """Yields a sentence for the requirement and for each one of its extras' that is not met."""
  from packaging.utils import canonicalize_name

  name = canonicalize_name(requirement.name)
  installed = facts.versions.get(name)
  wanted = f'{requirement.name}{requirement.specifier}'
  if installed is None:
    yield f'{requirement.name} is missing; xdc-tf needs {wanted}'
  elif not requirement.specifier.contains(installed, prereleases=True):
    yield f'{requirement.name} is {installed}; xdc-tf needs {wanted}'
  elif requirement.extras and name in facts.requires:
    for inner in _applicable(facts.requires[name], facts, requirement.extras):
      yield from _problems(facts, inner)
