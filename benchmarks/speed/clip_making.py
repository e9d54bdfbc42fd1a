"""Videos -> records, against the ffmpeg command line on the same film, and two workers against one.

Ours is the Beam job's shard function with everything that it does: the decoder's process, 30 frames per second, short side
256, JPEG, 16 kHz mono, log-mel, TFRecord. ffmpeg writes the frames as JPEG files and a 16 kHz mono wav: less work, since it
makes no log-mel and leaves the colours in BT.709, where JPEG readers expect BT.601. It scales before it repeats frames and
by area averaging, its fastest way, as ours. Both write with FFmpeg's own JPEG encoder at the same quality.

Both sides are bound to as many cores as they have threads. Our workers (processes with TensorFlow) run already when the clock
starts, since a job of hours starts them once; ffmpeg starts in 0.05 s. Spans of 2 s every 10 s are a fifth of the film, so
their limit is 1.2 times a fifth of ffmpeg's time for the whole of it. The whole film in spans of 2 s is one shard, as a job has
it; a film with one keyframe, for which every span sought anew would be decoded from the start, is held against the same with many,
and the first minutes of a film of two hours against a film of two minutes.
"""

import contextlib
import functools
import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from benchmarks.speed import comparison
from xdc_tf.demo import demo_film
from xdc_tf.manifest import manifest
from xdc_tf.media.media import ReadOptions

FILM = os.path.join(tempfile.gettempdir(), 'xdc_benchmark', 'film.mp4')
SECONDS = 120


def _make_shards(
  threads: int, manifest_directory: str, output_dir: str, clips_per_shard: int, shards: list[int]
) -> int:
  """Runs in a worker: makes some shards and returns their number of clips."""
  maker = _shard_maker(threads, manifest_directory, output_dir, clips_per_shard)
  return sum(result.length for shard in shards for result in maker.process(('train', shard)))


@functools.cache
def _shard_maker(threads: int, manifest_directory: str, output_dir: str, clips_per_shard: int):
  from beam_pipelines import clip_shard, make_clips

  arguments = ['--manifest', manifest_directory, '--output_dir', output_dir, '--clips_per_shard', str(clips_per_shard)]
  job = make_clips.make_job(make_clips.parser().parse_args([*arguments, '--decoder_threads', str(threads)]))
  maker = clip_shard.MakeShard(job)
  maker.setup()
  return maker


class Workers:
  """Processes that make the clips of a manifest, each with its own decoder."""

  def __init__(self, count: int, threads: int):
    """Starts nothing yet: the warm-up does. Each of `count` workers decodes with `threads` threads."""
    cores = set(sorted(os.sched_getaffinity(0))[: count * threads])
    context = multiprocessing.get_context('spawn')
    self._threads = threads
    # Bound before TensorFlow and the decoder start their threads, which inherit it. A pool each: one shard list each.
    self._pools = [ProcessPoolExecutor(1, context, os.sched_setaffinity, (0, cores)) for _ in range(count)]

  def make(self, manifest_directory: str, output_dir: str, clips_per_shard: int = 1) -> int:
    """Makes all records of a manifest anew; returns the number of clips."""
    shutil.rmtree(output_dir, ignore_errors=True)
    os.makedirs(output_dir)
    rows = manifest.read_manifest(manifest_directory).splits['train']
    shards = range(-(-rows // clips_per_shard))
    what = (self._threads, manifest_directory, output_dir, clips_per_shard)
    made = [
      pool.submit(_make_shards, *what, list(shards[number :: len(self._pools)]))
      for number, pool in enumerate(self._pools)
    ]
    clips = sum(future.result() for future in made)
    if clips != rows:
      raise RuntimeError(f'{clips} of {rows} clips were made: see {output_dir}.')
    return clips

  def close(self) -> None:
    """Ends the processes."""
    for pool in self._pools:
      pool.shutdown()


def ffmpeg_clips(film: str, folder: str, threads: int) -> None:
  """Writes all JPEGs and the wav of a film with the ffmpeg command line, on the first `threads` cores."""
  import imageio_ffmpeg

  shutil.rmtree(folder, ignore_errors=True)
  os.makedirs(folder)
  cores = set(sorted(os.sched_getaffinity(0))[:threads])
  count = ['-threads', str(threads)]
  command = [imageio_ffmpeg.get_ffmpeg_exe(), '-v', 'error', '-filter_threads', str(threads), *count, '-i', film]
  # -2: the long side, rounded to even, of a film in landscape.
  command += ['-map', '0:v:0', '-vf', 'scale=-2:256:flags=area,fps=30', *count, '-q:v', str(ReadOptions().jpeg_quality)]
  command += [
    os.path.join(folder, '%06d.jpg'),
    '-map',
    '0:a:0',
    '-ac',
    '1',
    '-ar',
    '16000',
    os.path.join(folder, 'a.wav'),
  ]
  subprocess.run(command, check=True, preexec_fn=lambda: os.sched_setaffinity(0, cores))


def cut(video: str, path: str) -> str:
  """Copies SECONDS of a video, from its first minute on, to `path` without decoding; returns `path`."""
  import imageio_ffmpeg

  part = ['-ss', '60', '-i', video, '-t', str(SECONDS), '-c', 'copy', path]
  subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), '-v', 'error', *part], check=True)
  return path


def manifests(film: str, folder: str) -> dict[str, str]:
  """Writes manifests of a film: one row ('film'), 2 s every 10 s ('spans'), all of it in 2 s ('tiles') and in 10 s ('pieces')."""
  spans: dict[str, list[tuple[float, float | None]]] = {
    'film': [(0.0, None)],
    'spans': [(float(start), start + 2.0) for start in range(0, SECONDS, 10)],
    'tiles': [(float(start), start + 2.0) for start in range(0, SECONDS, 2)],
    'pieces': [(float(start), start + 10.0) for start in range(0, SECONDS, 10)],
  }
  for name, times in spans.items():
    rows = [('train', manifest.Row(0, name, film, start, end)) for start, end in times]
    manifest.write_manifest(os.path.join(folder, name), name, rows)
  return {name: os.path.join(folder, name) for name in spans}


@contextlib.contextmanager
def _workers(count: int, threads: int) -> Iterator[Workers]:
  workers = Workers(count, threads)
  try:
    yield workers
  finally:
    workers.close()


def _measured(case: comparison.Comparison, repeats: int) -> dict:
  """Measures and says so at once: the whole takes minutes."""
  row = comparison.measure(case, repeats)
  print(
    f'{row["what"]}: {row["ours_seconds"]:.3g} s, {row["peer_seconds"]:.3g} s, ratio {row["ratio"]:.3f}', flush=True
  )
  return row


def against_ffmpeg(film: str, made: dict[str, str], folder: str, threads: int, repeats: int) -> list[dict]:
  """Returns the rows of the whole film and of the spans, one worker of `threads` threads against ffmpeg with as many."""
  output, peer_output = os.path.join(folder, 'ours'), os.path.join(folder, 'ffmpeg')
  rows = []
  with _workers(1, threads) as workers:
    for name, what, clips_per_shard, limit in (
      ('film', 'clip making, whole film', 1, 0.95),
      ('tiles', 'clip making, whole film in spans of 2 s', 64, 0.70),
      ('spans', 'clip making, 2 s every 10 s', 1, 0.24),
    ):
      case = comparison.Comparison(
        f'{what}, one process, threads={threads}',
        'ffmpeg, whole film',
        functools.partial(workers.make, made[name], os.path.join(output, name), clips_per_shard),
        lambda: ffmpeg_clips(film, peer_output, threads),
        limit,
      )
      rows.append(_measured(case, repeats))
  sizes = [sum(entry.stat().st_size for entry in os.scandir(f)) for f in (os.path.join(output, 'film'), peer_output)]
  print(f'whole film: ours {sizes[0] / 1e6:.1f} MB (log-mel included), ffmpeg {sizes[1] / 1e6:.1f} MB (wav included)')
  return rows


def two_against_one(made: dict[str, str], folder: str, repeats: int) -> dict:
  """Returns the row of two workers against one, one thread each, on 10-s pieces of the film."""
  with _workers(2, 1) as two, _workers(1, 1) as one:
    return _measured(
      comparison.Comparison(
        'clip making, 10-s pieces of the film, 2 processes of one thread',
        'ours, 1 process of one thread',
        lambda: two.make(made['pieces'], os.path.join(folder, 'two')),
        lambda: one.make(made['pieces'], os.path.join(folder, 'one')),
        0.58,
      ),
      repeats,
    )


def one_keyframe_against_many(film: str, folder: str, repeats: int) -> dict:
  """Returns the row of a film with a single keyframe against the same film with one every 30 frames, in spans of 2 s."""
  import imageio_ffmpeg

  listed = {}
  for frames in (99_999, 30):
    path = os.path.join(folder, f'every_{frames}.mp4')
    encoded = [
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-g',
      str(frames),
      '-keyint_min',
      str(frames),
      '-sc_threshold',
      '0',
    ]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), '-v', 'error', '-i', film, '-vf', 'scale=640:-2', *encoded, path]
    subprocess.run(command, check=True)
    listed[frames] = manifests(path, os.path.join(folder, f'manifests_{frames}'))['tiles']
  with _workers(1, 1) as workers:
    return _measured(
      comparison.Comparison(
        'clip making, a film with one keyframe in spans of 2 s, one process, threads=1',
        'ours, a keyframe every 30 frames',
        lambda: workers.make(listed[99_999], os.path.join(folder, 'one_keyframe'), 64),
        lambda: workers.make(listed[30], os.path.join(folder, 'keyframes'), 64),
        1.25,
      ),
      repeats,
    )


def long_against_short(film: str, folder: str, repeats: int) -> dict:
  """Returns the row of the first spans of a film of two hours, whose index every opening reads, against the same in two minutes."""
  import imageio_ffmpeg

  long = os.path.join(folder, 'two_hours.mp4')
  again = ['-stream_loop', str(7200 // SECONDS - 1), '-i', film, '-c', 'copy', long]
  subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), '-v', 'error', *again], check=True)
  listed = {path: manifests(path, f'{path}_manifests')['tiles'] for path in (film, long)}
  with _workers(1, 1) as workers:
    return _measured(
      comparison.Comparison(
        'clip making, spans of 2 s of a film of 2 hours, one process, threads=1',
        'ours, of a film of 2 minutes',
        lambda: workers.make(listed[long], os.path.join(folder, 'of_long'), 64),
        lambda: workers.make(listed[film], os.path.join(folder, 'of_short'), 64),
        None,
      ),
      repeats,
    )


def main() -> None:
  """Measures with one thread and, if more are asked for, with --threads; then two processes against one."""
  parser = comparison.parser('clip_making', __doc__)
  parser.add_argument(
    '--video', help='3 minutes or more in landscape, with sound; default: the film of `xdc demo`, 1280x720'
  )
  options = parser.parse_args()
  if not options.video:
    os.makedirs(os.path.dirname(FILM), exist_ok=True)
    demo_film.fetch(FILM)
  with tempfile.TemporaryDirectory() as folder:
    film = cut(options.video or FILM, os.path.join(folder, 'film.mp4'))
    made = manifests(film, os.path.join(folder, 'manifests'))
    rows = []
    for threads in sorted({1, options.threads}):
      rows += against_ffmpeg(film, made, folder, threads, options.repeats)
    rows.append(one_keyframe_against_many(film, folder, options.repeats))
    rows.append(long_against_short(film, folder, options.repeats))
    if len(os.sched_getaffinity(0)) > 1:
      rows.append(two_against_one(made, folder, options.repeats))
  comparison.report(rows, options.output, options.threads, ('av', 'imageio-ffmpeg'))


if __name__ == '__main__':
  main()
