"""Both Beam jobs as they would be submitted, and what a runner would make of them; nothing of it runs."""

import records_factory
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import translations

from beam_pipelines import clip_shard, extract_features, feature_shard, make_clips
from xdc_tf.media.media import ReadOptions
from xdc_tf.records.audio_ops import LogMelSpec


def build_clips(pipeline, num_rows, folder):
  """Adds the clip job for a manifest of this many rows."""
  job = clip_shard.ClipJob(
    manifest_directory='gs://some-bucket/manifest',
    output_dir='gs://some-bucket/clips',
    name='tiny',
    num_rows={'train': num_rows, 'validation': 10},
    clips_per_shard=64,
    read_options=ReadOptions(),
    log_mel_spec=LogMelSpec(),
    decoder_timeout_seconds=300.0,
  )
  make_clips.build(pipeline, job)


def build_features(pipeline, num_rows, folder):
  """Adds the feature job for records of this many clips, which are written into a folder."""
  directory = folder / f'{num_rows:03d}'
  records = records_factory.write_records(directory, {'train': num_rows}, 2, frames_per_span=1, size=(8, 8))
  metadata = {'modality': 'video', 'num_frames': 8, 'crop_size': 8, 'short_side': None, 'feature_dimension': 512}
  job = feature_shard.FeatureJob(records.directory, 'gs://some-bucket/features', metadata, 1, None, 32)
  extract_features.build(pipeline, job, 'gs://some-bucket/model/1')


JOBS = (
  (build_clips, [{'ShardNumbers'}, {'MakeShards'}, {'FinishClips'}]),
  # What the model makes of a shard is never sent anywhere.
  (build_features, [{'MissingShards'}, {'Embed', 'Write'}, {'FinishFeatures'}]),
)
_OWN_STEPS = {step for _, in_one_go in JOBS for steps in in_one_go for step in steps}


def stages(pipeline: beam_runner_api_pb2.Pipeline) -> list[set[str]]:
  """Returns the job's own steps that workers do in one go, without anything stored or sent between them."""
  primitives = common_urns.primitives
  phases = [translations.lift_combiners, translations.greedily_fuse, translations.sort_stages]
  _, found = translations.create_and_optimize_stages(
    pipeline, phases, frozenset({primitives.GROUP_BY_KEY.urn, primitives.IMPULSE.urn}), False
  )
  names = [{transform.unique_name.split('/')[0] for transform in stage.transforms} for stage in found]
  return [own for steps in names if (own := steps & _OWN_STEPS)]
