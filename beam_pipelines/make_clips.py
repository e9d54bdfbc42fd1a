"""Videos -> records: decodes every span of a manifest once and stores it as JPEG frames and log-mel sound.

  python -m beam_pipelines.make_clips --manifest runs/manifest --output_dir runs/clips \\
      --direct_running_mode=multi_processing --direct_num_workers=2

A shard of the output is the unit of work: the workers read its rows from the manifest, write it beside its place and rename
it last. So the output is the same bytes on every runner, and the same command, run again after a kill, makes only what is
missing. All options of Beam are understood (`--help`). See beam_pipelines/README.md for several machines and Dataflow.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipelines import killed_workers, worker_errors
from beam_pipelines.clip_shard import STOPPED_FILE, ClipJob, ClipJobError, MakeShard
from beam_pipelines.clip_summary import JOB_SUMMARY_FILE, FinishClips, complaint_about, describe, has_failures
from beam_pipelines.job_options import as_typed, beam_options, job_parser
from beam_pipelines.job_progress import watched
from xdc_tf import files, lease
from xdc_tf.manifest import manifest
from xdc_tf.media.media import ReadOptions
from xdc_tf.records import schema
from xdc_tf.records.audio_ops import LogMelSpec

MODALITIES = ('video', 'audio')


def parser() -> argparse.ArgumentParser:
  """Returns the parser of the options of make_clips itself; all others are Beam's."""
  defaults = ReadOptions()
  result = job_parser('make_clips', __doc__)
  add = result.add_argument
  add('--manifest', required=True, help='folder of the manifest (`xdc manifest folder|csv` writes one)')
  add('--output_dir', required=True, help='folder for the records')
  add('--clips_per_shard', type=int, default=64, help='manifest rows per shard; default %(default)s')
  add(
    '--short_side', type=int, default=defaults.short_side, help='of the stored frames, in pixels; default %(default)s'
  )
  add('--frame_rate', type=float, default=defaults.frame_rate, help='frames per second; default %(default)s')
  add(
    '--jpeg_quality',
    type=int,
    default=defaults.jpeg_quality,
    help='qscale of FFmpeg, 2 (best) to 31; default %(default)s',
  )
  add('--max_span_seconds', type=float, default=defaults.max_span_seconds, help='longer rows fail; default %(default)s')
  add(
    '--modalities', default='video,audio', help='what is stored and must exist: video,audio (default), video or audio'
  )
  add(
    '--audio_track',
    default='',
    help="which sound of files with several: its number, from 1 on, or its language, such as deu; default: the file's default one",
  )
  add('--log_mel', default='{}', help='JSON with the fields of LogMelSpec that are not the default')
  _add_set_aside_arguments(add)
  add(
    '--decoder_threads',
    type=int,
    default=1,
    help='of every worker; more only pay where there are fewer workers than cores; default %(default)s',
  )
  return result


def _add_set_aside_arguments(add: Callable[..., Any]) -> None:
  """Declares what is set aside, when that fails the job, and what is made again."""
  add(
    '--max_failed_share',
    type=float,
    default=0.1,
    help='the job fails when more of the rows failed, and more of the videos, each by its share; default %(default)s',
  )
  add(
    '--silence_db',
    type=float,
    default=-70.0,
    help='sound whose peak is below, in decibels of full scale, is silence; default %(default)s',
  )
  add('--keep_silent', action='store_true', help='make records of spans with nothing but silence too')
  add(
    '--set_aside_still',
    action='store_true',
    help='make no records of spans that are a single picture, such as a black one',
  )
  add('--retry_failed', action='store_true', help='make shards with failed rows again, after the videos were repaired')
  add(
    '--repair', action='store_true', help='read what is there, and make damaged or missing shards again, the same bytes'
  )
  add(
    '--decoder_timeout_seconds',
    type=float,
    default=300.0,
    help='a decoder that has not got on for so long is killed; default %(default)s',
  )


def make_job(options: argparse.Namespace) -> ClipJob:
  """Turns the options into a ClipJob.

  Raises:
    ClipJobError: when an option is out of range.
    FileNotFoundError: when there is no manifest.
    ValueError: when the manifest is damaged.
  """
  _check_ranges(options)
  modalities, log_mel_spec = options.modalities.split(','), _log_mel_spec(options.log_mel)
  for path in (options.manifest, options.output_dir):
    files.use_file_system(path)
  clip_manifest = manifest.read_manifest(files.absolute_path(options.manifest))
  return ClipJob(
    manifest_directory=clip_manifest.directory,
    output_dir=files.absolute_path(options.output_dir),
    name=clip_manifest.name,
    num_rows=clip_manifest.splits,
    clips_per_shard=options.clips_per_shard,
    read_options=ReadOptions(
      frame_rate=options.frame_rate,
      short_side=options.short_side,
      jpeg_quality=options.jpeg_quality,
      want_video='video' in modalities,
      want_audio='audio' in modalities,
      sample_rate=log_mel_spec.sample_rate,
      max_span_seconds=options.max_span_seconds,
      audio_track=options.audio_track,
    ),
    log_mel_spec=log_mel_spec,
    decoder_timeout_seconds=options.decoder_timeout_seconds,
    decoder_threads=options.decoder_threads,
    retry_failed=options.retry_failed,
    max_failed_share=options.max_failed_share,
    repair=options.repair,
    silence_db=options.silence_db,
    keep_silent=options.keep_silent,
    keep_still=not options.set_aside_still,
  )


def _check_ranges(options: argparse.Namespace) -> None:
  if not set(options.modalities.split(',')) <= set(MODALITIES):
    raise ClipJobError(f'--modalities={options.modalities}: expected video,audio or video or audio.')
  for name in (
    'clips_per_shard', 'short_side', 'frame_rate', 'decoder_timeout_seconds', 'decoder_threads', 'max_span_seconds',
  ):  # fmt: skip
    if not getattr(options, name) > 0:
      raise ClipJobError(f'--{name}={getattr(options, name)}: expected more than 0.')
  if not options.silence_db < 0:
    raise ClipJobError(f'--silence_db={options.silence_db}: expected less than 0, the loudest that a file can hold.')
  if not 0 <= options.max_failed_share <= 1:
    raise ClipJobError(f'--max_failed_share={options.max_failed_share}: expected 0 to 1.')


def _log_mel_spec(text: str) -> LogMelSpec:
  try:
    log_mel_spec = LogMelSpec(**json.loads(text))
  except (TypeError, ValueError) as error:
    fields = ', '.join(field.name for field in dataclasses.fields(LogMelSpec))
    raise ClipJobError(
      f'--log_mel={text}: {error}; expected JSON like \'{{"window_length": 512}}\' with: {fields}.'
    ) from error
  if log_mel_spec.num_filters != schema.NUM_FILTERS:
    raise ClipJobError(f'--log_mel asks for {log_mel_spec.num_filters} filters; records hold {schema.NUM_FILTERS}.')
  return log_mel_spec


def check_settings(job: ClipJob) -> None:
  """Writes settings.json, or refuses a job that would mix two kinds of clips in one folder.

  Raises:
    ClipJobError: when the folder holds clips of unknown settings.
    ValueError: with a diff, when it was made with other settings.
  """
  settings = {
    'name': job.name,
    'manifest_sha256': manifest.read_manifest(job.manifest_directory).fingerprint(),
    'clips_per_shard': job.clips_per_shard,
    'read_options': dataclasses.asdict(job.read_options),
    'log_mel': dataclasses.asdict(job.log_mel_spec),
    'set_aside': {'silence_db': None if job.keep_silent else job.silence_db, 'still': not job.keep_still},
  }
  path = os.path.join(job.output_dir, files.SETTINGS_FILE)
  # Nothing but videos without sound was set aside before there was a choice.
  files.check_settings(path, settings, {'set_aside': {'silence_db': None, 'still': False}})


def build(pipeline: beam.Pipeline, job: ClipJob) -> None:
  """Adds the job's steps to a pipeline. Only shard numbers and their small results travel between the workers."""
  _ = (
    pipeline
    | 'Splits' >> beam.Create(sorted(job.num_rows))
    # Listed by a worker: millions of shard numbers would make the job itself too large to submit.
    | 'ShardNumbers' >> beam.FlatMap(job.shards)
    | 'Spread' >> beam.Reshuffle()
    | 'MakeShards' >> beam.ParDo(MakeShard(job))
    | 'Gather' >> beam.combiners.ToList()
    | 'FinishClips' >> beam.ParDo(FinishClips(job))
  )


def count_shards(job: ClipJob) -> int:
  """Returns how many shards lie finished in the output folder."""
  return sum(name.count('.tmp.') == 0 for name in tf.io.gfile.listdir(job.output_dir) if '.tfrecord-' in name)


def begin(job: ClipJob) -> dict[str, Any] | None:
  """Returns the summary of a job that needs no work, or clears the marks of an earlier end and returns None.

  Raises:
    ClipJobError: when the folder says that it is finished and is not.
  """
  done_path = os.path.join(job.output_dir, schema.DONE_FILE)
  summary_path = os.path.join(job.output_dir, JOB_SUMMARY_FILE)
  if tf.io.gfile.exists(done_path):
    summary = files.read_json(summary_path)
    if not (job.repair or job.retry_failed and has_failures(summary)):
      try:
        schema.open_records(job.output_dir)
      except FileNotFoundError as error:
        raise ClipJobError(str(error)) from error
      return summary
    # Until the end of this job the folder is not one that can be trained on.
    files.delete(done_path)
  for path in (summary_path, os.path.join(job.output_dir, STOPPED_FILE)):
    files.delete(path)
  return None


def run(argv: Sequence[str]) -> str:
  """Runs the job to its end.

  Args:
    argv: the options, without the program's name.

  Returns:
    a line that says what was made.

  Raises:
    ClipJobError: with a message for the user, when the job cannot start or too many rows failed.
  """
  clip_options, beam_argv = parser().parse_known_args(argv)
  options = beam_options(beam_argv, vars(clip_options))
  with _said_plainly():
    job = make_job(clip_options)
  try:
    with lease.held(job.output_dir, clip_options.take_over) as token:
      return _run(dataclasses.replace(job, lease_token=token), options)
  except lease.LeaseError as error:
    raise ClipJobError(str(error)) from error


@contextlib.contextmanager
def _said_plainly() -> Iterator[None]:
  """Turns what a user has to correct into a ClipJobError."""
  try:
    yield
  except (FileNotFoundError, RuntimeError, ValueError) as error:
    raise ClipJobError(str(error)) from error


def _run(job: ClipJob, options: PipelineOptions) -> str:
  with _said_plainly():
    check_settings(job)
  finished = begin(job)
  if finished:
    return f'{job.output_dir} is finished already, nothing to do: {describe(finished)}'
  made_earlier = count_shards(job)
  total = sum(job.num_shards(split) for split in job.num_rows)
  with watched('make clips', total, lambda: count_shards(job)):
    _run_pipeline(options, job)
  summary = files.read_json(os.path.join(job.output_dir, JOB_SUMMARY_FILE))
  complaint = complaint_about(summary, job)
  if complaint:
    raise ClipJobError(complaint)
  some_again = job.retry_failed or job.repair
  earlier = f' {made_earlier} shards were there already.' if made_earlier and not some_again else ''
  return f'{job.output_dir}: {describe(summary)}{earlier}'


def _run_pipeline(options: PipelineOptions, job: ClipJob) -> None:
  """Runs the pipeline; turns a failure that the job itself decided on into its plain message."""
  try:
    pipeline = beam.Pipeline(options=options)
    build(pipeline, job)
    with killed_workers.explained():
      pipeline.run().wait_until_finish()
  except Exception as error:
    # Every runner wraps the exceptions of its workers in its own way; so workers leave word in the folder.
    stopped = os.path.join(job.output_dir, STOPPED_FILE)
    if tf.io.gfile.exists(stopped):
      raise ClipJobError(files.read_json(stopped)) from error
    raise


def main(argv: Sequence[str]) -> None:
  """The command; ends the process with status 1 and a plain message when the job does not succeed."""
  try:
    print(run(argv))
  except KeyboardInterrupt:
    sys.exit('make_clips: interrupted. The same command goes on from here.')
  except (ClipJobError, tf.errors.OpError, OSError) as error:
    text = str(error) if isinstance(error, ClipJobError) else worker_errors.sentence(error)
    if not text:
      raise
    sys.exit(f'make_clips: {as_typed(parser(), argv, text)}')


if __name__ == '__main__':
  main(sys.argv[1:])
