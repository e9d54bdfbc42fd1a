"""What the verbs of the road do, as functions: a manifest, clips, a pretraining, a report."""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from xdc_tf import files, graphs, lease
from xdc_tf.cli import configuration, strict_gin
from xdc_tf.cli.bindings import bindings_of
from xdc_tf.deep_clustering import outer_loop
from xdc_tf.deep_clustering.outer_loop import Pretraining, make_trainers
from xdc_tf.manifest import folder_and_csv, manifest
from xdc_tf.records import schema, video_ops
from xdc_tf.report import cluster_report, report_input
from xdc_tf.runs import run_info
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.training import distribution
from xdc_tf.value_types import checked


@checked
def make_manifest(
  folder: str | os.PathLike,
  output_dir: str | os.PathLike,
  span_seconds: float = 2.0,
  hold_out: str = 'video',
  validation_fraction: float = 0.1,
  name: str = 'clips',
) -> dict[str, int]:
  """Lists the spans of a folder of videos, as `xdc manifest folder` does.

  Examples:
    >>> xdc_tf.make_manifest('videos', 'data/manifest')
    {'train': 5210, 'validation': 579}

  Args:
    folder: a folder of videos, or one video.
    output_dir: gets the manifest.
    span_seconds: length of a span; 0 for whole videos.
    hold_out: 'video' or 'span': what is held out for validation as a whole.
    validation_fraction: share of what is held out.
    name: the name of the data set: lower case letters, digits, _.

  Returns:
    {split: spans}.

  Raises:
    FileNotFoundError or ValueError: when there is no video, or the folder holds another manifest.
  """
  folder, output_dir = os.fspath(folder), os.fspath(output_dir)
  files.use_file_system(output_dir)
  rows = folder_and_csv.folder_rows(folder, span_seconds, hold_out, validation_fraction)
  return manifest.write_manifest(output_dir, name, rows).splits


@checked
def make_clips(manifest_dir: str | os.PathLike, output_dir: str | os.PathLike, options: Iterable[Any] = ()) -> str:
  """Makes records of a manifest, as `python -m beam_pipelines.make_clips` does, on this machine.

  Examples:
    >>> xdc_tf.make_clips('data/manifest', 'data/clips', ['--short_side', '128', '--direct_num_workers', '4'])

  Args:
    manifest_dir: the manifest.
    output_dir: gets the records; a folder that was begun is finished.
    options: more of the command's, such as ['--short_side', '128', '--direct_num_workers', '4'].

  Returns:
    a sentence that says what was made.

  Raises:
    ValueError: when `options` is no list.
    beam_pipelines.clip_shard.ClipJobError: when an option is wrong, the job cannot start, or too many videos failed.
  """
  if isinstance(options, str | Mapping):
    raise ValueError(f"options is {options!r}; expected a list of words, such as ['--short_side', '128'].")
  from beam_pipelines import make_clips as job  # Machines that train need no Beam.

  return job.run(list(map(str, ['--manifest', manifest_dir, '--output_dir', output_dir, *options])))


@checked
def open_records(directory: str | os.PathLike, split: str = 'train') -> tf.data.Dataset:
  """Reads records by TFDS: index, video_id, start_seconds, frames uint8 [T, H, W, 3], log_mel float32 [M, 40], labels and others.

  Examples:
    >>> for clip in xdc_tf.open_records('data/clips').take(1):
    ...   print(clip['frames'].shape, clip['log_mel'].shape)
    (60, 256, 340, 3) (100, 40)

  Args:
    directory: what make_clips has finished.
    split: its name.

  Raises:
    FileNotFoundError: when the folder is missing or not finished.
    ValueError: when it has no such split.
  """
  import tensorflow_datasets as tfds  # Slow to import.

  directory = os.fspath(directory)
  files.use_file_system(directory)
  records = schema.open_records(directory)
  records.shard_paths(split)  # Raises where there is no such split.
  # TFDS would decode JPEGs in its own way: other pixels than those that encoders are trained on.
  undecoded = tfds.builder_from_directory(directory).as_dataset(split, decoders={'frames': tfds.decode.SkipDecoding()})
  return _decoded(undecoded)


@graphs.plain
def _decoded(clips: tf.data.Dataset) -> tf.data.Dataset:
  def decode(clip: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    jpegs = clip['frames']
    frames = tf.cond(tf.size(jpegs) > 0, lambda: video_ops.decode(jpegs), lambda: tf.zeros([0, 0, 0, 3], tf.uint8))
    return clip | {'frames': tf.ensure_shape(frames, [None, None, None, 3])}

  return clips.map(decode, num_parallel_calls=tf.data.AUTOTUNE)


@checked
def pretrain(
  records: str | os.PathLike,
  run_dir: str | os.PathLike,
  config: Pretraining,
  logical_cpus: int = 1,
  deterministic: bool = False,
  take_over: bool = False,
  allow_changes: bool = False,
) -> str:
  """Pretrains encoders by deep clustering, or goes on where the run was, as `xdc pretrain` does.

  Examples:
    >>> config = xdc_tf.Pretraining(
    ...   encoders={'video': xdc_tf.bound_encoder('R2Plus1D18'), 'audio': xdc_tf.bound_encoder('AudioResNet18')},
    ...   clusterings=xdc_tf.methods.xdc(num_video_clusters=64, num_audio_clusters=64),
    ...   video_input=xdc_tf.VideoInput(crop_size=112), audio_input=xdc_tf.AudioInput(),
    ...   schedule=xdc_tf.Schedule(epoch_size=100_000), kmeans=xdc_tf.KMeansOptions(), training=xdc_tf.TrainingOptions())
    >>> xdc_tf.pretrain('data/clips', 'runs/xdc', config)

  Args:
    records: what make_clips has finished.
    run_dir: gets the run; its config.gin says what `config` says, for the verbs.
    config: see Pretraining.
    logical_cpus: replicas on a machine without GPUs.
    deterministic: whether a resumed run shall equal an undisturbed one bit for bit on a CPU, and nearly on GPUs; slower there.
    take_over: the run, from a job that has it.
    allow_changes: go on with other versions, another number of replicas or another precision than the run began with.

  Returns:
    `run_dir`.

  Raises:
    FileNotFoundError: when there are no records.
    ValueError: for settings that do not fit each other or the records, or a run that was begun with others; inside the scope of
      a strategy of your own.
    LeaseError: when another job has the run.
  """
  folder, run_dir = os.fspath(records), os.fspath(run_dir)
  distribution.check_no_scope('pretrain')
  pretrain_run(folder, run_dir, [], bindings_of(config), logical_cpus, deterministic, allow_changes, take_over)
  return run_dir


def pretrain_run(
  records_folder: str,
  run_dir: str,
  gin_files: list[str],
  gin_params: list[str],
  logical_cpus: int,
  deterministic: bool,
  allow_changes: bool = False,
  take_over: bool = False,
) -> None:
  """Loads the configuration, guards the run directory against another one and against other jobs, and runs the outer loop."""
  for path in (records_folder, run_dir):
    files.use_file_system(path)
  strategy = distribution.make_strategy(logical_cpus, deterministic)
  # Everything that a user may have to correct is checked before the run directory takes the configuration as its own.
  with strict_gin.apart():
    text = configuration.load(gin_files, gin_params)
    config = configuration.pretraining()
    config = dataclasses.replace(config, training=run_info.as_begun(config.training, run_dir))
    records = schema.open_records(records_folder)
    asked = run_info.header(records, strategy, config.training) + text
    distribution.check_same_on_workers(strategy, asked)
    trainers = make_trainers(config, records, strategy)
    operative = strict_gin.operative()
  directory = RunDirectory(run_dir, strategy)
  with lease.held(run_dir, take_over, directory.is_chief):
    directory.check_configuration(asked, allow_changes)
    if directory.is_chief:
      run_info.save(run_dir, records)
      run_info.save_operative(run_dir, operative)
    outer_loop.pretrain(config, trainers, directory, records, strategy)


@checked
def write_report(
  run_dir: str | os.PathLike, output_dir: str | os.PathLike, credit: str = '', clips_per_cluster: int = 10
) -> str:
  """Writes the clusters of a finished run as HTML pages, as `xdc report` does.

  Examples:
    >>> xdc_tf.write_report('runs/xdc', 'report', credit='(c) Blender Foundation')
    'report/index.html'

  Args:
    run_dir: the directory of the run.
    output_dir: gets the pages.
    credit: who made the videos.
    clips_per_cluster: the nearest clips that are shown.

  Returns:
    the path of index.html.

  Raises:
    FileNotFoundError or ValueError: when the run is not finished, or no clip is to be shown.
  """
  if clips_per_cluster < 1:
    raise ValueError(f'clips_per_cluster is {clips_per_cluster}; expected at least 1.')
  run_dir, output_dir = os.fspath(run_dir), os.fspath(output_dir)
  report_run(run_dir, output_dir, credit, None, clips_per_cluster)
  return os.path.join(output_dir, 'index.html')


def report_run(
  run_dir: str,
  folder: str,
  credit: str,
  iterations: list[dict] | None,
  clips_per_cluster: int = 10,
  take_over: bool = False,
) -> None:
  """Writes the report of a run's last clusterings, and prints what was made.

  Args:
    run_dir: the directory of a finished run.
    folder: the folder of the pages.
    credit: who made the videos.
    iterations: numbers of each iteration, for the curves; None takes those of the clusterings.
    clips_per_cluster: the nearest clips that are shown.
    take_over: the folder, from a job that has it.
  """
  files.use_file_system(folder)
  run = configuration.open_run(run_dir)
  with lease.held(folder, take_over):
    counts = cluster_report.build_report(folder, report_input.from_run(run, credit, iterations), clips_per_cluster)
  print(
    f'{os.path.join(folder, "index.html")}: thumbnails of {counts.made} clips made, of {counts.before} found from before'
    + (f', of {counts.empty} impossible (their tiles say why)' if counts.empty else '')
  )
