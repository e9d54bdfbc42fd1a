"""What `xdc doctor` wants to know of this machine, gathered without network and without judging it; machine_checks.py judges.

Everything that may be broken is imported inside a function: the doctor must come when TensorFlow itself cannot be imported.
"""

import dataclasses
import importlib.util
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from importlib import metadata

# Decoders of FFmpeg by what people call them; one of the names is enough. FFmpeg's own 'av1' needs a GPU.
DECODERS = {
  'H.264': ('h264',),
  'AAC': ('aac',),
  'H.265': ('hevc',),
  'VP8': ('vp8',),
  'VP9': ('vp9',),
  'AV1': ('libdav1d', 'libaom-av1'),
  'MPEG-4': ('mpeg4',),
  'MP3': ('mp3float', 'mp3'),
  'Opus': ('opus', 'libopus'),
  'Vorbis': ('vorbis',),
  'FLAC': ('flac',),
  'PCM': ('pcm_s16le',),
}
# The distributions whose own extras our extras ask for.
_WITH_EXTRAS = ('tensorflow', 'apache-beam')
_NVIDIA_DRIVER = '/proc/driver/nvidia/version'
_CGROUP = '/sys/fs/cgroup'


@dataclasses.dataclass(frozen=True)
class Gpu:
  """One GPU that TensorFlow sees: its name and its compute capability, (0, 0) where it has none."""

  name: str
  compute_capability: tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Folder:
  """A folder that is written to: its path, whether that is allowed, and its free bytes."""

  path: str
  is_writable: bool
  free_bytes: int


@dataclasses.dataclass(frozen=True)
class Facts:
  """What a machine is like.

  Attributes:
    python: version of this Python.
    has_pip: whether this Python can run pip.
    requirements: the requirements of xdc-tf, as its package metadata names them; None where it is not installed as a package.
    versions: the versions of every installed distribution, by its normalized name.
    requires: requirements of the distributions whose extras we ask for, by their normalized name.
    tensorflow_error: why TensorFlow, Keras or what we build on them cannot be imported; '' when they can.
    lower_stack: whether this is the stack of TensorFlow 2.15 (see compat.py).
    built_for_gpus: whether this TensorFlow was built for NVIDIA's GPUs.
    gpus: that TensorFlow sees.
    has_nvidia_driver: whether the machine has a driver of NVIDIA.
    has_bfloat16_units: see distribution.has_bfloat16_units.
    missing_decoders: keys of DECODERS that this PyAV lacks.
    codec_error: what went wrong when a tiny film was written, read and made a JPEG in memory; '' for nothing.
    cpus: that this process may use.
    memory_bytes: that are free for this process.
    working_folder: the current one.
    temporary_folder: TMPDIR, or what stands for it.
    open_files: how many files a process may hold open; 0 for no limit.
    environment: the variables that change what TensorFlow does.
  """

  python: str
  has_pip: bool
  requirements: tuple[str, ...] | None
  versions: Mapping[str, str]
  requires: Mapping[str, tuple[str, ...]]
  tensorflow_error: str
  lower_stack: bool
  built_for_gpus: bool
  gpus: tuple[Gpu, ...]
  has_nvidia_driver: bool
  has_bfloat16_units: bool
  missing_decoders: tuple[str, ...]
  codec_error: str
  cpus: int
  memory_bytes: int
  working_folder: Folder
  temporary_folder: Folder
  open_files: int
  environment: Mapping[str, str]


def gather() -> Facts:
  """Looks at this machine; takes as long as importing TensorFlow does."""
  from packaging.utils import canonicalize_name

  versions = {canonicalize_name(d.name): d.version for d in metadata.distributions() if d.name}
  variables = ('TF_CONFIG', 'CUDA_VISIBLE_DEVICES', 'TF_FORCE_GPU_ALLOW_GROWTH')
  return Facts(
    python=platform.python_version(),
    has_pip=importlib.util.find_spec('pip') is not None,
    requirements=tuple(metadata.requires('xdc-tf') or ()) if 'xdc-tf' in versions else None,
    versions=versions,  # type: ignore[arg-type]
    requires={name: tuple(metadata.requires(name) or ()) for name in _WITH_EXTRAS if name in versions},
    has_nvidia_driver=os.path.exists(_NVIDIA_DRIVER) or shutil.which('nvidia-smi') is not None,
    cpus=len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1,
    memory_bytes=_free_memory(),
    working_folder=_folder(os.getcwd()),
    temporary_folder=_folder(tempfile.gettempdir()),
    open_files=_open_files(),
    environment={name: os.environ[name] for name in variables if name in os.environ},
    **_tensorflow_facts(),
    **_codec_facts(),
  )


def _tensorflow_facts() -> dict:
  facts = {
    'tensorflow_error': '',
    'lower_stack': False,
    'built_for_gpus': False,
    'gpus': (),
    'has_bfloat16_units': False,
  }
  try:
    import tensorflow as tf

    from xdc_tf import compat
    from xdc_tf.training import distribution

    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices('GPU')]
    return facts | {
      'lower_stack': compat.LOWER_STACK,
      'built_for_gpus': tf.test.is_built_with_cuda(),
      'gpus': tuple(Gpu(d.get('device_name', 'GPU'), d.get('compute_capability', (0, 0))) for d in details),
      'has_bfloat16_units': distribution.has_bfloat16_units(),
    }
  except Exception as error:  # A broken installation fails in every way: ImportError, TypeError, AttributeError ...
    return facts | {'tensorflow_error': _reason(error)}


def _codec_facts() -> dict:
  missing: tuple[str, ...] = ()
  try:
    missing = tuple(name for name, decoders in DECODERS.items() if not any(_can_decode(d) for d in decoders))
    _read_a_film()
  except Exception as error:  # As above.
    return {'missing_decoders': missing, 'codec_error': _reason(error)}
  return {'missing_decoders': missing, 'codec_error': ''}


def _can_decode(name: str) -> bool:
  import av

  try:
    av.codec.Codec(name, 'r')
  except ValueError:  # PyAV's UnknownCodecError is one.
    return False
  return True


def _read_a_film() -> None:
  """Writes five frames and their sound to memory, reads them back, and makes of them what make_clips would.

  Raises:
    Exception: of any kind, when one of the steps is not possible.
  """
  import io

  import av
  import numpy as np

  from xdc_tf.media.audio_track import mono
  from xdc_tf.media.jpeg_encoder import JpegEncoder

  film = io.BytesIO()
  with av.open(film, 'w', format='matroska') as container:
    video = container.add_stream('libx264' if 'libx264' in av.codec.codecs_available else 'mpeg4', rate=25)
    video.width, video.height, video.pix_fmt = 64, 48, 'yuv420p'
    audio = container.add_stream('aac', rate=16_000, layout='mono')
    for number in range(5):
      picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * number, np.uint8), format='rgb24')
      container.mux(video.encode(picture.reformat(format='yuv420p')))
    sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format='fltp', layout='mono')
    sound.sample_rate = 16_000
    container.mux(audio.encode(sound))
    container.mux([*video.encode(None), *audio.encode(None)])
  film.seek(0)
  with av.open(film) as container:
    frames = list(container.decode(container.streams.video[0]))  # type: ignore[union-attr]
  film.seek(0)
  with av.open(film) as container:
    waveform = mono(list(container.decode(container.streams.audio[0])))  # type: ignore[union-attr]
  jpeg = JpegEncoder((32, 24), 3).encode(frames[0])
  if len(frames) != 5 or len(waveform) < 1024 or not jpeg.startswith(b'\xff\xd8'):
    raise RuntimeError(f'a film of 5 frames came back with {len(frames)}, and {len(waveform)} samples of sound')


def _free_memory() -> int:
  """Bytes that this process can still take: of the machine, or of its container where that allows less."""
  try:
    with open('/proc/meminfo') as file:
      free = 1024 * int(next(line for line in file if line.startswith('MemAvailable')).split()[1])
  except (OSError, StopIteration):
    names = ('SC_PHYS_PAGES', 'SC_PAGE_SIZE')  # macOS tells what there is and not what is free.
    free = os.sysconf(names[0]) * os.sysconf(names[1])
  limit, used = (_number(f'{_CGROUP}/memory.{name}') for name in ('max', 'current'))
  return free if limit is None or used is None else min(free, limit - used + _page_cache())


def _number(path: str) -> int | None:
  try:
    with open(path) as file:
      return int(file.read())
  except (OSError, ValueError):  # 'max' is no limit.
    return None


def _page_cache() -> int:
  """Bytes of files that the container keeps in memory and gives back when they are needed; memory.current counts them."""
  try:
    with open(f'{_CGROUP}/memory.stat') as file:
      held = dict(line.split() for line in file)
    return int(held['active_file']) + int(held['inactive_file'])
  except (OSError, ValueError, KeyError):
    return 0


def _folder(path: str) -> Folder:
  return Folder(path, os.access(path, os.W_OK), shutil.disk_usage(path).free)


def _open_files() -> int:
  import resource

  soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
  return 0 if soft == resource.RLIM_INFINITY else soft


def _reason(error: Exception) -> str:
  return f'{type(error).__name__}: {(str(error).splitlines() or [""])[0]}'
