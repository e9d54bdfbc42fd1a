import contextlib
import glob
import os
import resource
import signal
import subprocess
import sys
import time

import media_factory
import numpy as np
import pytest

from xdc_tf.media import media
from xdc_tf.media.decoder_process import DecoderProcess
from xdc_tf.media.media import MediaError, ReadOptions


def _is_running(pid):
  """Whether any thread lives: the first may be dead while others still end, and the process cannot be waited for until then."""
  states = []
  for path in glob.glob(f'/proc/{pid}/task/*/stat'):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(path) as file:
      states.append(file.read().rsplit(')', 1)[1].split()[0])
  return any(state != 'Z' for state in states)


def _wait_until(condition, seconds=10.0):
  deadline = time.monotonic() + seconds
  while not condition():
    assert time.monotonic() < deadline
    time.sleep(0.02)


def _reason(decoder, *arguments):
  with pytest.raises(MediaError) as error:
    decoder.read_span(*arguments)
  return error.value.reason


@pytest.fixture(scope='module')
def film(tmp_path_factory):
  return media_factory.write_video(tmp_path_factory.mktemp('film') / 'film.mp4', seconds=3)


@pytest.fixture
def hanging(tmp_path):
  """A path that blocks whoever opens it: a pipe into which nobody writes."""
  os.mkfifo(tmp_path / 'pipe.mp4')
  return str(tmp_path / 'pipe.mp4')


@pytest.mark.stack
def test_the_child_reads_what_this_process_reads(film):
  with DecoderProcess() as decoder:
    pid = decoder.pid
    for span in ((0.0, 1.0), (1.5, 2.5), (2.0, None)):
      expected, actual = media.read_span(film, *span), decoder.read_span(film, *span)
      assert actual.frames == expected.frames
      np.testing.assert_array_equal(actual.waveform, expected.waveform)
      assert actual.waveform.dtype == np.float32
      assert (actual.start_seconds, actual.end_seconds) == (expected.start_seconds, expected.end_seconds)
    sound = decoder.read_span(film, 0.0, 1.0, ReadOptions(want_video=False, sample_rate=8000))
    assert (sound.frames, sound.waveform.shape) == ([], (8000,))
    assert decoder.pid == pid
  assert not _is_running(pid)


def test_errors_keep_their_reason_and_the_child_goes_on(film, tmp_path):
  with DecoderProcess() as decoder:
    pid = decoder.pid
    assert _reason(decoder, str(tmp_path / 'absent.mp4')) == 'missing_file'
    assert _reason(decoder, film, 7.0, 9.0) == 'empty_span'
    assert _reason(decoder, media_factory.write_absurd_size(tmp_path / 'absurd.mp4')) == 'too_large'
    with pytest.raises(MediaError, match=r'film.mp4 cannot be decoded: \w+Error: '):  # It was "died with status -6".
      decoder.read_span(film, 0.0, 1.0, ReadOptions(sample_rate=16000.5))
    with pytest.raises(MediaError, match='is an empty file'):
      decoder.read_span(media_factory.write_empty(tmp_path / 'empty.mp4'))
    assert len(decoder.read_span(film, 0.0, 1.0).frames) == 30
    assert decoder.pid == pid


def test_the_child_starts_fast(tmp_path):
  before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
  with DecoderProcess() as decoder:
    _reason(decoder, str(tmp_path / 'absent.mp4'))
    with open(f'/proc/{decoder.pid}/maps') as file:
      assert 'tensorflow' not in file.read()
  # 0.2 s; TensorFlow would take longer than this limit. Of a core, since the machine may be busy.
  assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 2.0


@pytest.mark.slow
def test_a_decoder_that_hangs_is_killed_and_replaced(film, hanging):
  with DecoderProcess() as decoder:
    decoder.read_span(film, 0.0, 1.0)
    decoder._timeout_seconds = 1.5  # Not before: on a busy machine a start takes longer.
    pid, begin = decoder.pid, time.monotonic()
    with pytest.raises(MediaError, match=r'decoder_timeout: .*pipe.mp4 .* get on for 1.5 s'):
      decoder.read_span(hanging, 0.0, 1.0)
    assert 1.4 < time.monotonic() - begin < 6.0
    assert not _is_running(pid)
    decoder._timeout_seconds = 120.0
    assert len(decoder.read_span(film, 0.0, 1.0).frames) == 30
    assert decoder.pid != pid


def test_a_decoder_that_dies_is_replaced(film, hanging):
  with DecoderProcess() as decoder:
    code = f'import os, time; time.sleep(0.5); os.kill({decoder.pid}, {int(signal.SIGSEGV)})'
    killer = subprocess.Popen([sys.executable, '-c', code])
    with pytest.raises(MediaError, match=r'decoder_crashed: .* died with status -11'):
      decoder.read_span(hanging, 0.0, 1.0)
    killer.wait()
    assert len(decoder.read_span(film, 0.0, 1.0).frames) == 30
    # Dead before the call: nobody need know.
    os.kill(decoder.pid, signal.SIGKILL)
    _wait_until(lambda: not _is_running(decoder.pid))
    assert len(decoder.read_span(film, 0.0, 1.0).frames) == 30


def test_a_request_that_the_child_never_read_is_a_crash_too(film, monkeypatch):
  """The child is gone, and what was written to it lies in a buffer that cannot be emptied any more."""
  with DecoderProcess(20.0) as decoder:
    decoder.read_span(film, 0.0, 0.2)
    monkeypatch.setattr(decoder._child, 'poll', lambda: None)  # It dies just after it was asked whether it lives.
    os.kill(decoder.pid, signal.SIGKILL)
    _wait_until(lambda pid=decoder.pid: not _is_running(pid))
    assert _reason(decoder, film, 0.0, 0.2) == 'decoder_crashed'
    assert len(decoder.read_span(film, 0.0, 0.2).frames) == 6


@pytest.mark.slow
def test_too_little_memory_is_a_crash_of_the_decoder(film, tmp_path):
  large = media_factory.write_video(tmp_path / 'a.mkv', 0.1, 20, (8160, 4096), None, video_codec='mpeg4', b_frames=0)
  options = ReadOptions(want_audio=False)
  with DecoderProcess(memory_limit_bytes=300 * 2**20) as decoder:
    assert len(decoder.read_span(film, 0.0, 0.1, options).frames) == 3
    assert _reason(decoder, large, 0.0, 0.1, options) == 'decoder_crashed'
    assert len(decoder.read_span(film, 0.0, 0.1, options).frames) == 3
  with DecoderProcess() as decoder:
    assert len(decoder.read_span(large, 0.0, 0.1, options).frames) == 3


def test_a_smaller_limit_of_the_shell_is_kept(film):
  """As `ulimit -v` sets it on many shared machines."""
  program = f"""
import resource
from xdc_tf.media.decoder_process import DecoderProcess
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
with DecoderProcess(memory_limit_bytes=8 * 2**30) as decoder:
  frames = decoder.read_span({str(film)!r}, 0.0, 1.0).frames
  with open(f'/proc/{{decoder.pid}}/limits') as file:
    print(len(frames), next(line for line in file if line.startswith('Max address space')).split()[3:5])
"""
  done = subprocess.run([sys.executable, '-c', program], check=True, capture_output=True, text=True)
  assert done.stdout == f'30 {[str(4 * 2**30)] * 2}\n'


@pytest.mark.parametrize('busy', [False, True])
def test_the_child_ends_with_its_parent(hanging, busy):
  code = (
    'from xdc_tf.media.decoder_process import DecoderProcess\n'
    'decoder = DecoderProcess().__enter__()\n'
    'print(decoder.pid, flush=True)\n'
    f'decoder.read_span({hanging!r}) if {busy} else input()\n'
  )
  environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
  parent = subprocess.Popen(
    [sys.executable, '-c', code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
  )
  child = int(parent.stdout.readline())
  time.sleep(0.5)
  assert _is_running(child)
  parent.kill()
  parent.wait()
  _wait_until(lambda: not _is_running(child))
