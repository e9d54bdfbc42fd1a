"""The SavedModels in a C++ program that knows TensorFlow's C++ API and nothing else: what TF Serving does, without its server."""

import pathlib
import shutil
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from export_cases import SIGNATURES, refused_audio, refused_video
from records_factory import jpeg

pytestmark = pytest.mark.slow

SOURCE = pathlib.Path(__file__).parent / 'load_saved_model.cc'
REPETITIONS, THREADS = 4, 4
RANDOM = np.random.default_rng(0)
DTYPES = {'DT_FLOAT': np.float32, 'DT_INT32': np.int32, 'float': np.float32, 'int32': np.int32}


@pytest.fixture(scope='module')
def program(tmp_path_factory):
  """Compiles the program against the installed TensorFlow wheel."""
  if shutil.which('g++') is None:
    pytest.skip('g++ is not installed: the SavedModels are not tried from C++.')
  binary = tmp_path_factory.mktemp('cpp') / 'load_saved_model'
  root = pathlib.Path(tf.__file__).parent
  libraries = [str(root / f'libtensorflow_{name}.so.2') for name in ('cc', 'framework')]
  options = ['-std=c++17', '-O0', '-w', f'-I{tf.sysconfig.get_include()}', *tf.sysconfig.get_compile_flags()]
  # The later -std wins over the one in the wheel's compile flags.
  link = ['-Wl,--no-as-needed', *libraries, f'-Wl,-rpath,{root}']
  done = subprocess.run(
    ['g++', *options, '-std=c++17', str(SOURCE), *link, '-o', str(binary)], capture_output=True, text=True
  )
  assert done.returncode == 0, done.stderr[-3000:]
  return binary


def tensor_bytes(value: np.ndarray) -> bytes:
  if value.dtype != object:
    return np.ascontiguousarray(value).tobytes()
  return b''.join(np.uint32(len(text)).tobytes() + text for text in value.flat)


def serve(program, export_dir, requests, folder):
  """Sends [(signature, input name, array)] to one process of THREADS; returns {output name: array} or the error's text of each."""
  lines = []
  for number, (signature, name, value) in enumerate(requests):
    (folder / f'in{number}').write_bytes(tensor_bytes(value))
    dtype = {'f': 'float', 'u': 'uint8', 'O': 'string'}[value.dtype.kind]
    sizes = ' '.join(str(size) for size in (value.ndim, *value.shape))
    lines.append(f'{signature} {name} {dtype} {sizes} {folder}/in{number} {folder}/out{number}')
  done = subprocess.run(
    [str(program), export_dir, str(THREADS)], input='\n'.join(lines) + '\n', capture_output=True, text=True
  )
  assert done.returncode == 0, done.stderr[-3000:]
  answers = [{} for _ in requests]
  for line in done.stdout.splitlines():
    prefix, name, rest = line.split(' ', 2)
    number = int(prefix.rsplit('out', 1)[1])
    if name == 'failed':
      answers[number] = rest
      continue
    dtype, shape = rest.split(' ', 1)
    sizes = [int(size) for size in shape.strip('[]').split(',')]
    values = np.frombuffer((folder / f'out{number}.{name}').read_bytes(), DTYPES[dtype])
    answers[number][name] = values.reshape(sizes)
  return answers


def check(program, model, requests, cases, folder):
  """Every request must give Python's numbers, every refused one the sentence that goes with it: all of them at the same time."""
  assert {signature for signature, _, _ in requests} == set(model.signatures)
  refused = [(s, name, value, sentence) for name, value, sentence in cases for s in SIGNATURES[name]]
  order = np.random.default_rng(0).permutation(REPETITIONS * len(requests) + len(refused))
  sent = REPETITIONS * requests + [request for *request, _ in refused]
  answers = dict(zip(order, serve(program, model.path, [sent[i] for i in order], folder), strict=True))
  for number, (signature, name, value) in enumerate(requests):
    expected = model.signatures[signature](**{name: tf.constant(value)})
    for answer in (answers[number + i * len(requests)] for i in range(REPETITIONS)):
      assert not isinstance(answer, str), answer
      assert set(answer) == set(expected)
      for key, array in expected.items():
        assert answer[key].dtype == array.numpy().dtype
        np.testing.assert_allclose(answer[key], array, rtol=1e-5, atol=1e-6)
  for number, (*_, sentence) in enumerate(refused, REPETITIONS * len(requests)):
    assert isinstance(answers[number], str), f'accepted what should fail with {sentence!r}'
    assert 'INVALID_ARGUMENT' in answers[number]
    assert sentence in answers[number]


@pytest.mark.stack
def test_video_signatures(program, video, tmp_path):
  jpegs = np.array([[jpeg(RANDOM, (48, 64)) for _ in range(4)] for _ in range(2)], dtype=object)
  large = np.array([[jpeg(RANDOM, (90, 70)) for _ in range(3)]], dtype=object)
  frames = RANDOM.integers(0, 256, (2, 3, 60, 50, 3)).astype(np.uint8)
  requests = [
    ('serving_default', 'jpegs', jpegs),
    ('embed', 'jpegs', large),
    ('embed_frames', 'frames', frames),
    ('cluster', 'jpegs', jpegs),
  ]
  check(program, video, requests, refused_video(), tmp_path)


@pytest.mark.stack
def test_audio_signatures(program, audio, tmp_path):
  waveform = RANDOM.uniform(-1, 1, (2, 50_000)).astype(np.float32)
  log_mel = RANDOM.normal(-4, 4, (3, 120, 40)).astype(np.float32)
  requests = [
    ('serving_default', 'waveform', waveform),
    ('embed', 'waveform', waveform[:, :5000]),
    ('embed_log_mel', 'log_mel', log_mel),
    ('cluster', 'waveform', waveform),
  ]
  check(program, audio, requests, refused_audio(), tmp_path)
