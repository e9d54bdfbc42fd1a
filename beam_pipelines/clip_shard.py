"""One shard of clips: the unit of work of make_clips. A worker reads the shard's manifest rows, decodes them, writes the shard.

What lies in the output folder afterwards is the same bytes whoever made it, and however often it was tried.
"""

import collections
import contextlib
import dataclasses
import logging
import os
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import tensorflow as tf

from beam_pipelines.kept_records import KeptRecords
from xdc_tf import files, lease
from xdc_tf.manifest import manifest
from xdc_tf.media import emptiness
from xdc_tf.media.decoder_process import DecoderProcess
from xdc_tf.media.media import MediaError, MediaSpan, ReadOptions
from xdc_tf.records import audio_ops, damage, schema
from xdc_tf.records.positions import PositionsWriter

SUMMARY_FOLDER = 'shard_summaries'
# Why a worker stopped the job: every runner wraps the exceptions of its workers in its own way.
STOPPED_FILE = 'job_stopped.json'
# So many videos of a worker tell whether a data set has sound at all; one long film without does not.
_VIDEOS_TO_JUDGE = 128
# Of a span whose sound, or part of it, is set aside or counted as silent.
SILENT, STILL = 'silent', 'still_picture'
# A protocol buffer, which a record is, holds at most 2 GiB; room is left for its sound and labels.
_MOST_BYTES = (1 << 31) - (1 << 26)
# Shares below are pauses.
_PARTLY_SILENT = 0.25
# For what no part of the code expects: one odd video must not stop the job, but it must not hide among the known reasons.
INTERNAL_ERROR = 'internal_error'


class ClipJobError(Exception):
  """The job cannot start or has not succeeded, for a reason that the user can act on."""


@dataclasses.dataclass(frozen=True)
class ClipJob:
  """All that a worker must know; small, because it is sent to every one of them.

  Attributes:
    manifest_directory: the manifest, which the workers read themselves.
    output_dir: where the shards go.
    name: the data set's name.
    num_rows: {split: manifest rows}.
    clips_per_shard: manifest rows per shard.
    read_options: what the decoder makes of a span.
    log_mel_spec: what the sound becomes.
    decoder_timeout_seconds: after which a decoder that hangs is killed.
    decoder_threads: the number of threads of every worker's decoder; see media.read_span.
    retry_failed: whether finished shards with failed rows are made again.
    max_failed_share: the largest failed share of the rows and of the videos; the job fails when more of both failed.
    repair: whether finished shards are read, and damaged ones made again.
    silence_db: sound whose peak is below, in decibels of full scale, is silence.
    keep_silent: whether spans without any other sound become records.
    keep_still: whether spans of a single picture become records.
    lease_token: the token of the lease of output_dir, see lease.watched_by_worker.
  """

  manifest_directory: str
  output_dir: str
  name: str
  num_rows: dict[str, int]
  clips_per_shard: int
  read_options: ReadOptions
  log_mel_spec: audio_ops.LogMelSpec
  decoder_timeout_seconds: float
  decoder_threads: int = 1
  retry_failed: bool = False
  max_failed_share: float = 0.1
  repair: bool = False
  silence_db: float = -70.0
  keep_silent: bool = False
  keep_still: bool = True
  lease_token: str = ''

  def num_shards(self, split: str) -> int:
    """Returns the number of shards of a split."""
    return -(-self.num_rows[split] // self.clips_per_shard)

  def shards(self, split: str) -> Iterator[tuple[str, int]]:
    """Yields (split, shard number) of every shard of a split, in order."""
    for shard in range(self.num_shards(split)):
      yield split, shard

  def shard_path(self, split: str, shard: int) -> str:
    """Returns where a shard goes."""
    return os.path.join(self.output_dir, schema.shard_name(self.name, split, shard, self.num_shards(split)))

  def summary_path(self, split: str, shard: int) -> str:
    """Returns where a shard's summary goes."""
    return os.path.join(self.output_dir, SUMMARY_FOLDER, f'{os.path.basename(self.shard_path(split, shard))}.json')


@dataclasses.dataclass(frozen=True)
class ShardResult:
  """What the end of the job must know of one shard.

  Attributes:
    split: the shard's split.
    shard: its number.
    length: records in it.
    num_bytes: its size.
    failed: {reason: manifest rows without a record}.
    several_tracks: clips of films with several sound tracks, of which one is taken.
    quiet: records of which a quarter or more is silence.
  """

  split: str
  shard: int
  length: int
  num_bytes: int
  failed: dict[str, int]
  several_tracks: int = 0
  quiet: int = 0


def count_reasons(failures: list[dict[str, Any]]) -> dict[str, int]:
  """Returns how often each reason occurs among the failures of a shard, sorted by reason."""
  return dict(sorted(collections.Counter(failure['reason'] for failure in failures).items()))


def finished_result(job: ClipJob, split: str, shard: int) -> ShardResult | None:
  """Returns the result of a shard that an earlier job has finished, or None when it is to be made."""
  path, summary_path = job.shard_path(split, shard), job.summary_path(split, shard)
  # The shard is renamed into place after its summary, so a shard without one is not ours to trust.
  if not (tf.io.gfile.exists(path) and tf.io.gfile.exists(summary_path)):
    return None
  summary = files.read_json(summary_path)
  if tf.io.gfile.stat(path).length != summary['bytes'] or (job.retry_failed and _can_be_repaired(summary)):
    return None
  if job.repair and damage.of_shard(path, summary['length']):
    logging.warning('make_clips: %s is damaged; it is made again.', path)
    return None
  return _result(split, shard, summary)


def _can_be_repaired(summary: dict[str, Any]) -> bool:
  return any(failure['reason'] not in (SILENT, STILL) for failure in summary['failures'])


def _result(split: str, shard: int, summary: dict[str, Any]) -> ShardResult:
  return ShardResult(
    split,
    shard,
    summary['length'],
    summary['bytes'],
    count_reasons(summary['failures']),
    summary.get('several_tracks', 0),
    summary.get('quiet', 0),
  )


def make_record(
  row: manifest.Row, decoder: DecoderProcess, job: ClipJob, label_numbers: dict[str, int], independent: bool
) -> tuple[bytes, MediaSpan]:
  """Makes the record of one manifest row.

  Args:
    row: the row of the manifest.
    decoder: reads the media.
    job: what to make.
    label_numbers: the numbers of the label names.
    independent: see MediaReader.read_span.

  Returns:
    the record, and what it was made of.

  Raises:
    MediaError: when the video is not fit for it.
  """
  media_span = decoder.read_span(row.path, row.start_seconds, row.end_seconds, job.read_options, independent)
  check_emptiness(row, media_span, job)
  num_bytes = sum(map(len, media_span.frames))
  if num_bytes > _MOST_BYTES:
    raise MediaError(
      'too_large',
      f'{row.path} would be a record of {num_bytes / 1e9:.1f} GB; one holds {_MOST_BYTES / 1e9:.1f}: take shorter spans or a '
      'smaller --short_side.',
    )
  # Named, because a worker on a machine with a GPU must give the same bytes as one without.
  with tf.device('/CPU:0'):
    log_mel = audio_ops.log_mel(media_span.waveform, job.log_mel_spec).numpy()
  span = schema.Span(
    index=row.index,
    video_id=row.video_id,
    start_seconds=row.start_seconds,
    frames=media_span.frames,
    log_mel=log_mel,
    labels=[label_numbers[label] for label in row.labels],
    official_split=list(row.official_split),
  )
  return schema.encode(span), media_span


def silent_share(media_span: MediaSpan, job: ClipJob) -> float:
  """Returns how much of a span's sound is silence, from 0 to 1; 0 where no sound is wanted."""
  if not job.read_options.want_audio:
    return 0.0
  return emptiness.silent_share(media_span.waveform, job.read_options.sample_rate, job.silence_db)


def check_emptiness(row: manifest.Row, media_span: MediaSpan, job: ClipJob) -> None:
  """Raises a MediaError for a span with nothing to hear, or nothing that moves, where such are set aside."""
  where = f'{row.path} from {media_span.start_seconds:g} to {media_span.end_seconds:g} s'
  if not job.keep_silent and silent_share(media_span, job) == 1.0:
    raise MediaError(SILENT, f'{where} has no sound above {job.silence_db:g} dB.')
  if not job.keep_still and emptiness.is_still(media_span.frames):
    raise MediaError(STILL, f'{where} is a single picture.')


class MakeShard(beam.DoFn):
  """(split, shard number) -> ShardResult; writes the shard unless it is there already."""

  def __init__(self, job: ClipJob):
    self._job = job

  def setup(self):
    """Opens the manifest and starts the decoder, once per worker thread."""
    try:
      tf.config.set_visible_devices([], 'GPU')
    except RuntimeError:
      # TensorFlow runs already in this process and cannot give its GPUs back; the CPU is named where it computes.
      logging.info('make_clips leaves the GPUs of this process as they are.')
    for path in (self._job.manifest_directory, self._job.output_dir):
      files.use_file_system(path)
    self._manifest = manifest.read_manifest(self._job.manifest_directory)
    self._label_numbers = {label: number for number, label in enumerate(self._manifest.label_names)}
    self._tried, self._soundless, self._soundless_rows = set(), set(), 0
    self._open = contextlib.ExitStack()
    decoder = DecoderProcess(self._job.decoder_timeout_seconds, threads=self._job.decoder_threads)
    self._decoder = self._open.enter_context(decoder)

  def teardown(self):
    """Stops the decoder."""
    self._open.close()

  def process(self, element: tuple[str, int]) -> Iterator[ShardResult]:
    """Makes one shard.

    Raises:
      ClipJobError: when the job is bound to fail since its videos have no sound.
    """
    split, shard = element
    path = os.path.join(self._job.output_dir, STOPPED_FILE)
    if tf.io.gfile.exists(path):  # By another worker.
      raise ClipJobError(files.read_json(path))
    result = finished_result(self._job, split, shard)
    if result:
      beam.metrics.Metrics.counter('make_clips', 'shards_skipped').inc()
    else:
      with lease.watched_by_worker(self._job.output_dir, self._job.lease_token):
        result = self._make(split, shard)
      self._count(result)
      self._check_sound(result)
    yield result

  def _check_sound(self, result: ShardResult) -> None:
    """Stops the job when more videos have no sound than may fail in all, or nearly all of the first ones."""
    self._soundless_rows += result.failed.get('no_audio_track', 0)
    if len(self._tried) < _VIDEOS_TO_JUDGE:
      return  # A small job ends with its list of failed videos.
    share, most = self._job.max_failed_share, self._job.max_failed_share * sum(self._job.num_rows.values())
    if len(self._soundless) > (share if self._soundless_rows > most else max(0.9, share)) * len(self._tried):
      soundless, tried, track = len(self._soundless), len(self._tried), self._job.read_options.audio_track
      if track:
        message = (
          f'{soundless} of the first {tried} videos that a worker tried have no sound track {track!r}. Name one that they have '
          'with --audio_track, by its language or number, or leave the option out. To leave such videos out, give a larger '
          '--max_failed_share.'
        )
      else:
        message = (
          f'{soundless} of the first {tried} videos that a worker tried have no sound track. Data sets such as UCF101 and HMDB51 '
          'have none for half of their classes: those would be gone, and results would be of the others. Run the same command with '
          '--modalities video and a new --output_dir. To leave such videos out, give a larger --max_failed_share.'
        )
      files.write_json(os.path.join(self._job.output_dir, STOPPED_FILE), message)
      raise ClipJobError(message)

  def _make(self, split: str, shard: int) -> ShardResult:
    path, summary_path = self._job.shard_path(split, shard), self._job.summary_path(split, shard)
    # A summary promises that its shard is whole. The shard itself is only ever replaced: another worker may have made it.
    files.delete(summary_path)
    with files.atomic_path(path) as temporary:
      summary, written = self._write(split, shard, temporary)
      summary |= {'bytes': tf.io.gfile.stat(temporary).length}
      written.save(path)
      files.write_json(summary_path, summary)
    return _result(split, shard, summary)

  def _write(self, split: str, shard: int, path: str) -> tuple[dict[str, Any], PositionsWriter]:
    """Writes the records of a shard to `path`.

    Returns:
      the number of records, the failures and what else is counted; and where the records lie.
    """
    first = shard * self._job.clips_per_shard
    last = min(first + self._job.clips_per_shard, self._job.num_rows[split])
    failures, positions = [], PositionsWriter()
    length = quiet = several = 0
    kept = KeptRecords(self._job.shard_path(split, shard))
    with tf.io.TFRecordWriter(path) as writer:
      for row in self._manifest.rows(split, first, last):
        # A shard's first span is decoded as if nothing had been before: its bytes do not depend on who makes which shards.
        record, media_span, failure = self._try(split, row, independent=row.index == first)
        self._tried.add(row.path)
        if failure and (record := kept.of(row)) is not None:
          logging.warning('make_clips: the clip that was made before stays: %s', failure['detail'])
          failure = None
        if failure:
          failures.append(failure)
          self._soundless |= {row.path} if failure['reason'] == 'no_audio_track' else set()
        elif record is not None:
          writer.write(record)
          positions.add(record)
          length += 1
        if media_span is not None:
          quiet += silent_share(media_span, self._job) >= _PARTLY_SILENT
          several += media_span.num_audio_tracks > 1
    return {'length': length, 'failures': failures, 'several_tracks': several, 'quiet': quiet}, positions

  def _try(
    self, split: str, row: manifest.Row, independent: bool
  ) -> tuple[bytes | None, MediaSpan | None, dict[str, Any] | None]:
    """Returns (record, span, None), or (None, None, what went wrong): no video may fail the shard of its neighbours."""
    try:
      return *make_record(row, self._decoder, self._job, self._label_numbers, independent), None
    except MediaError as error:
      reason, detail = error.reason, error.detail
    except Exception as error:
      logging.exception('make_clips: unexpected error at %s', row.path)
      reason, detail = INTERNAL_ERROR, f'{type(error).__name__}: {error}'
    failure = {'split': split, 'index': row.index, 'video_id': row.video_id, 'path': row.path}
    failure |= {'start_seconds': row.start_seconds, 'end_seconds': row.end_seconds, 'reason': reason, 'detail': detail}
    return None, None, failure

  def _count(self, result: ShardResult) -> None:
    counter = beam.metrics.Metrics.counter
    counter('make_clips', 'shards_written').inc()
    counter('make_clips', 'clips_written').inc(result.length)
    if result.quiet:
      counter('make_clips', 'clips_quiet').inc(result.quiet)
    for reason, number in result.failed.items():
      counter('make_clips', f'clips_failed_{reason}').inc(number)
