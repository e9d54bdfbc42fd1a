"""Records -> features by an exported model: what `xdc extract-features` does, on as many machines as there are.

  python -m beam_pipelines.extract_features --records data/clips --saved_model saved_models/xdc_video/1 --output_dir features \\
      --direct_running_mode=multi_processing --direct_num_workers=2

A shard of the records is the unit of work: it is read, embedded by Beam's RunInference and written beside its place, renamed last.
The same command, run again after a kill, makes only what is missing; DONE comes last. The folder has the layout of the outer loop's
own stage, iteration-NN/features/ENCODER, which takes it as done. All options of Beam are understood.
"""

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence

import apache_beam as beam
import tensorflow as tf
from apache_beam.ml.inference.base import RunInference
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipelines import killed_workers, worker_errors
from beam_pipelines.clip_shard import ClipJobError
from beam_pipelines.feature_shard import FeatureJob, FinishFeatures, WriteShard, model_digest
from beam_pipelines.job_options import as_typed, beam_options, job_parser
from beam_pipelines.job_progress import watched
from beam_pipelines.saved_model_handler import SavedModelHandler
from xdc_tf import files, lease
from xdc_tf.records import reader, schema
from xdc_tf.records.snippets import Snippets
from xdc_tf.serving.version_folder import METADATA_FILE, read_metadata


def parser() -> argparse.ArgumentParser:
  """Returns the parser of the options of extract_features itself; all others are Beam's."""
  result = job_parser('extract_features', __doc__)
  add = result.add_argument
  add('--records', required=True, help='folder of records, as make_clips writes it')
  add('--saved_model', required=True, help='a version folder that `xdc export` wrote, e.g. saved_models/xdc_video/1')
  add('--output_dir', required=True, help='folder for the features of all splits')
  add(
    '--num_clips',
    type=int,
    help='clips at uniform distances, whose mean is the feature of a record (default: 1, its middle)',
  )
  add(
    '--snippet_frames',
    type=int,
    help='a feature of every snippet of so many frames instead (default: 16 where --snippet_stride is given; ours)',
  )
  add('--snippet_stride', type=int, help='frames between two snippets (default: 5 where --snippet_frames is given)')
  add('--batch_size', type=int, default=32, help='clips in one call of the model; default %(default)s')
  return result


def make_job(options: argparse.Namespace) -> FeatureJob:
  """Turns the options into a FeatureJob.

  Raises:
    FileNotFoundError: when there are no records or no model.
    ValueError: when options, model and records do not fit together.
  """
  snippets = Snippets.from_options(options.snippet_frames, options.snippet_stride)
  if snippets and options.num_clips:
    raise ValueError('--num_clips has no meaning for snippets: every one of them gets a feature.')
  num_clips = 1 if options.num_clips is None else options.num_clips
  if num_clips < 1 or options.batch_size < 1:
    raise ValueError(f'--num_clips={num_clips} and --batch_size={options.batch_size} must be at least 1.')
  for path in (options.records, options.saved_model, options.output_dir):
    files.use_file_system(path)
  metadata = read_metadata(options.saved_model)
  records, output_dir = (files.absolute_path(path) for path in (options.records, options.output_dir))
  job = FeatureJob(records, output_dir, metadata, num_clips, snippets, options.batch_size)
  check_model(job, options.saved_model)
  return job


def check_model(job: FeatureJob, saved_model: str) -> None:
  """Raises ValueError when the model was exported for other frames or another sound than the records hold."""
  records, metadata = job.records(), job.metadata
  of_records = {'frame_rate': records.frame_rate, 'sample_rate': records.log_mel_spec.sample_rate}
  for name, value in of_records.items():
    if metadata.get(name, value) != value:
      raise ValueError(
        f'{saved_model} expects a {name} of {metadata[name]}, {records.directory} has {value}: make the clips again with that.'
      )
  if metadata['modality'] == 'audio' and 'clip_length' not in metadata:
    raise ValueError(
      f'{saved_model}/{METADATA_FILE} has no clip_length: an older version exported it. Export it again.'
    )
  for split in records.splits:
    reader.check_inputs(records, split, job.inputs(records))


def check_settings(job: FeatureJob, saved_model: str) -> None:
  """Raises ValueError when the output folder was begun with another model, other records or other clips."""
  settings = {
    'saved_model': model_digest(saved_model),
    'records': job.records().fingerprint(),
    'num_clips': None if job.snippets else job.num_clips,
    'snippets': dataclasses.asdict(job.snippets) if job.snippets else None,
  }
  files.check_settings(os.path.join(job.output_dir, files.SETTINGS_FILE), settings)


def build(pipeline: beam.Pipeline, job: FeatureJob, saved_model: str) -> None:
  """Adds the job's steps to a pipeline. Only shard numbers travel between the workers: read, embed and write are one stage."""
  handler = SavedModelHandler(files.absolute_path(saved_model), job.signature, job.batch_size, job.read)
  _ = (
    pipeline
    | 'Splits' >> beam.Create(sorted(job.records().splits))
    | 'MissingShards' >> beam.FlatMap(job.missing)
    | 'Spread' >> beam.Reshuffle()
    | 'Embed' >> RunInference(handler)
    | 'Write' >> beam.ParDo(WriteShard(job))
    | 'Gather' >> beam.combiners.ToList()
    | 'FinishFeatures' >> beam.ParDo(FinishFeatures(job))
  )


def run(argv: Sequence[str]) -> str:
  """Runs the job to its end.

  Args:
    argv: the options, without the program's name.

  Returns:
    a line that says what was made.

  Raises:
    FileNotFoundError: when there are no records or no model.
    ValueError: when options, model, records and output folder do not fit together.
    ClipJobError: for options that nobody knows.
  """
  own_options, beam_argv = parser().parse_known_args(argv)
  options = beam_options(beam_argv, vars(own_options))
  job = make_job(own_options)
  with lease.held(job.output_dir, own_options.take_over) as token:
    return _run(dataclasses.replace(job, lease_token=token), options, own_options.saved_model)


def _run(job: FeatureJob, options: PipelineOptions, saved_model: str) -> str:
  check_settings(job, saved_model)
  records = job.records()
  what = f'{sum(map(records.num_clips, records.splits))} records of {", ".join(records.splits)}'

  def num_missing() -> int:
    return sum(1 for split in records.splits for _ in job.missing(split))

  if tf.io.gfile.exists(os.path.join(job.output_dir, schema.DONE_FILE)) and not num_missing():
    return f'{job.output_dir} is finished already, nothing to do: {what}'
  total = sum(len(records.shard_lengths[split]) for split in records.splits)
  with watched('extract features', total, lambda: total - num_missing()):
    pipeline = beam.Pipeline(options=options)
    build(pipeline, job, saved_model)
    with killed_workers.explained():
      pipeline.run().wait_until_finish()
  return f'{job.output_dir}: {what}'


def main(argv: Sequence[str]) -> None:
  """The command; ends the process with status 1 and a plain message when the job cannot start."""
  try:
    print(run(argv))
  except KeyboardInterrupt:
    sys.exit('extract_features: interrupted. The same command goes on from here.')
  except (ClipJobError, lease.LeaseError, ValueError, tf.errors.OpError, OSError) as error:
    text = worker_errors.sentence(error) if isinstance(error, tf.errors.OpError | OSError) else str(error)
    if not text:
      raise
    sys.exit(f'extract_features: {as_typed(parser(), argv, text)}')


if __name__ == '__main__':
  main(sys.argv[1:])
