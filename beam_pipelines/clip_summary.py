"""The end of make_clips: what became of all rows, and the metadata that turn a folder of shards into a data set."""

import array
import collections
import dataclasses
import itertools
import json
import os
from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import numpy as np

from beam_pipelines.clip_shard import SILENT, STILL, SUMMARY_FOLDER, ClipJob, ShardResult
from xdc_tf import files
from xdc_tf.manifest import manifest
from xdc_tf.records import positions, schema

FAILED_FILE = 'failed_videos.jsonl'
JOB_SUMMARY_FILE = 'job_summary.json'


class FinishClips(beam.DoFn):
  """All ShardResults -> failed_videos.jsonl, the job's summary, metadata, DONE."""

  def __init__(self, job: ClipJob):
    self._job = job

  def process(self, results: list[ShardResult]) -> None:
    """Ends the job; without metadata and DONE when too many rows failed.

    Whoever began it reads the summary and says so: of what is raised here every runner makes pages of tracebacks.
    """
    for path in (self._job.manifest_directory, self._job.output_dir):
      files.use_file_system(path)
    results = sorted(results, key=lambda result: (result.split, result.shard))
    # Nobody writes any more, all shards are in place.
    for folder in ('', SUMMARY_FOLDER, positions.FOLDER):
      files.remove_leftovers(os.path.join(self._job.output_dir, folder))
    _write_failed_videos(self._job, results)
    summary = summarise(self._job, results)
    files.write_json(os.path.join(self._job.output_dir, JOB_SUMMARY_FILE), summary)
    if not complaint_about(summary, self._job):
      _write_metadata(self._job, results, summary)


def _write_failed_videos(job: ClipJob, results: Iterable[ShardResult]) -> None:
  """Writes one line of JSON per row without a record, in the order of the rows."""
  with files.atomic_write(os.path.join(job.output_dir, FAILED_FILE), 'w') as file:
    for result in results:
      if result.failed:
        for failure in files.read_json(job.summary_path(result.split, result.shard))['failures']:
          file.write(json.dumps(failure, sort_keys=True) + '\n')


def summarise(job: ClipJob, results: Iterable[ShardResult]) -> dict[str, Any]:
  """Returns the numbers 'rows', 'clips', 'shards', 'several_tracks' and 'quiet', and 'empty_splits' and 'failed':
  {split: {reason: rows}}."""
  failed: dict[str, collections.Counter[str]] = {split: collections.Counter() for split in sorted(job.num_rows)}
  shards = clips = several = quiet = 0
  empty = {split for split, rows in job.num_rows.items() if rows}
  for result in results:
    empty -= {result.split} if result.length else set()
    shards += 1
    clips += result.length
    several += result.several_tracks
    quiet += result.quiet
    failed[result.split].update(result.failed)
  return {
    'rows': sum(job.num_rows.values()),
    'clips': clips,
    'shards': shards,
    'several_tracks': several,
    'quiet': quiet,
    'empty_splits': sorted(empty),
    'failed': failed,
  }


# What has nothing to hear or see is set aside on purpose: it has not failed, and nothing could be repaired.
_EMPTY = (SILENT, STILL)


def _without_record(
  summary: dict[str, Any], split: str | None = None
) -> tuple[collections.Counter, collections.Counter]:
  """Returns how many rows failed, and how many were set aside, by reason; of one split, or of all."""
  failed: collections.Counter[str] = collections.Counter()
  for name, counts in summary['failed'].items():
    failed.update(counts if split in (None, name) else {})
  aside = collections.Counter({reason: failed.pop(reason) for reason in _EMPTY if reason in failed})
  return failed, aside


def _text(reasons: collections.Counter) -> str:
  return ', '.join(f'{reason} {number}' for reason, number in sorted(reasons.items()))


def has_failures(summary: dict[str, Any]) -> bool:
  """Whether there are rows that may succeed when they are tried again."""
  return bool(_without_record(summary)[0])


def complaint_about(summary: dict[str, Any], job: ClipJob) -> str:
  """Returns what to tell the user when too many rows failed or a split has no clip, else ''."""
  names = f'{os.path.join(job.output_dir, FAILED_FILE)} names each with its reason.'
  repair = 'Repair the videos and run the same command with --retry_failed'
  failed, _ = _without_record(summary)
  too_many = failed.total() > job.max_failed_share * summary['rows'] and share_of_videos(job) > job.max_failed_share
  if too_many:
    return (
      f'{failed.total()} of {summary["rows"]} rows failed ({_text(failed)}); at most {job.max_failed_share:g} of them may '
      f'(--max_failed_share). {names} {repair}, or allow a larger share: what is finished is not made again.'
    )
  if not summary['empty_splits']:
    return ''
  split = summary['empty_splits'][0]
  failed, aside = _without_record(summary, split)
  none = f'None of the {job.num_rows[split]} rows of the split {split} became a clip'
  if not failed:
    return (
      f'{none}: they are silent, or a single picture ({_text(aside)}). {names} --keep_silent makes clips of silent ones, and '
      'single pictures are set aside with --set_aside_still only; either way in another folder.'
    )
  return (
    f'{none} ({_text(failed + aside)}); without it nothing could be trained or measured. {names} {repair}, or make a manifest that '
    'gives the split other videos (`xdc manifest folder` with a larger --validation_fraction, or --hold_out span), in new folders.'
  )


def share_of_videos(job: ClipJob) -> float:
  """Returns which share of the videos failed, of which each counts by the share of its own spans.

  One long film with a wrong header has thousands of spans, and must not fail a job of many films.
  """
  failed: collections.Counter[str] = collections.Counter()
  rows_of: collections.Counter[str] = collections.Counter()
  videos = array.array('q')
  for line in files.read_text(os.path.join(job.output_dir, FAILED_FILE)).splitlines():
    failure = json.loads(line)
    if failure['reason'] not in _EMPTY:
      failed[failure['path']] += 1
  clip_manifest = manifest.read_manifest(job.manifest_directory)
  for split in job.num_rows:
    for path, rows in itertools.groupby(clip_manifest.rows(split), key=lambda row: row.path):
      videos.append(hash(path))  # 8 bytes a video, where all names could be gigabytes.
      if path in failed:
        rows_of[path] += sum(1 for _ in rows)
  return sum(failed[path] / rows_of[path] for path in failed) / max(1, len(np.unique(videos)))


def _noted_manifest(job: ClipJob) -> str:
  """Where the manifest was when the records were made first: runs know records by it too, and those may have moved since."""
  try:
    return files.read_json(os.path.join(job.output_dir, schema.CLIPS_FILE))['manifest_directory']
  except (OSError, ValueError, KeyError):  # There is none yet, or a damaged one.
    return job.manifest_directory


def _write_metadata(job: ClipJob, results: Iterable[ShardResult], summary: dict[str, Any]) -> None:
  lengths: dict[str, list[int]] = {split: [] for split in sorted(job.num_rows)}
  sizes: dict[str, list[int]] = {split: [] for split in sorted(job.num_rows)}
  for result in results:
    lengths[result.split].append(result.length)
    sizes[result.split].append(result.num_bytes)
  clip_manifest = manifest.read_manifest(job.manifest_directory)
  clip_settings = {
    'frame_rate': job.read_options.frame_rate,
    'short_side': job.read_options.short_side,
    'log_mel': dataclasses.asdict(job.log_mel_spec),
    'manifest_directory': _noted_manifest(job),
    'num_rows': job.num_rows,
    'failed': summary['failed'],
  }
  manifest.copy_manifest(job.manifest_directory, os.path.join(job.output_dir, schema.MANIFEST_FOLDER))
  schema.write_metadata(
    job.output_dir,
    job.name,
    lengths,
    sizes,
    clip_manifest.label_names,
    clip_manifest.num_official_splits,
    clip_settings,
  )


def describe(summary: dict[str, Any]) -> str:
  """Returns the summary as a sentence."""
  failed, aside = _without_record(summary)
  parts = [f'{failed.total()} rows failed ({_text(failed)})'] if failed else []
  parts += [f'{aside.total()} rows were set aside ({_text(aside)})'] if aside else []
  failures = f' {", ".join(parts)}, see {FAILED_FILE}.' if parts else ''
  several = summary.get('several_tracks', 0)
  quiet = f' A quarter or more of the sound of {summary["quiet"]} clips is silence.' if summary.get('quiet') else ''
  tracks = f' {several} clips are of films with several sound tracks; see --audio_track.' if several else ''
  return f'{summary["clips"]} clips in {summary["shards"]} shards.{failures}{quiet}{tracks}'
