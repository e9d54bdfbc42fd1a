"""The model card of an export: for people, what metadata.json says for programs."""

from collections.abc import Mapping
from typing import Any

LICENCE = (
  'The code is Apache 2.0. Nobody has stated a licence for these weights: they were learned from the data named above, and the '
  'licences of those videos decide what may be done with them. Say here what you know before you pass them on.'
)


def model_card(name: str, metadata: Mapping[str, Any]) -> str:
  """Returns the card as Markdown.

  Args:
    name: the name of the model, e.g. 'xdc_video'.
    metadata: what metadata.json holds; its entry `training` (see runs.training_facts) may be missing: then the card says so.
  """
  training = metadata.get('training')
  parts = [f'# {name}', _summary(metadata), '## Inputs and outputs', _signatures(metadata['signatures'])]
  parts += ['## Data and method', *(_training(training) if training else [_unknown_training(metadata)])]
  if training:
    parts += ['## Numbers', _numbers(training)]
  parts += ['## Limits', _limits(metadata), '## Licence', LICENCE, '## Versions', _versions(metadata)]
  if training:
    parts += ['## Configuration', f'```\n{training["gin"].strip()}\n```']
  return '\n\n'.join(parts) + '\n'


def _summary(metadata) -> str:
  kind = {'video': 'clips of video', 'audio': 'sound'}[metadata['modality']]
  clusters = metadata['num_clusters']
  text = (
    f'{metadata["encoder"]}, which turns {kind} into embeddings of {metadata["feature_dimension"]} numbers: clips that look or '
    f'sound alike lie close. It computes in {metadata["precision"]}; the embedding is float32.'
  )
  if 'classes' in metadata:
    several = ' A clip may be of several.' if metadata['several_labels'] else ''
    text += f' It also tells how likely each of these classes is: {", ".join(metadata["classes"])}.{several}'
  return text + (f' It also tells which of {clusters} clusters a clip is closest to.' if clusters else '')


def _signatures(signatures) -> str:
  def listed(tensors):
    return ', '.join(
      f'`{name}` {dtype} [{", ".join("any" if size is None else str(size) for size in shape)}]'
      for name, (dtype, shape) in sorted(tensors.items())
    )

  return _table(
    ('signature', 'inputs', 'outputs'),
    [(f'`{name}`', listed(s['inputs']), listed(s['outputs'])) for name, s in sorted(signatures.items())],
  )


def _unknown_training(metadata) -> str:
  if 'weights' in metadata:
    known = 'They were finetuned on labels.' if metadata.get('finetuned') else 'Of their training no more is known.'
    return f'The weights come from {metadata["weights"]} (SHA-256 {metadata["sha256"]}). {known}'
  return 'Not stated by whoever exported the model.'


def _training(training) -> list[str]:
  rows = [
    (split, f'{entry["clips"]:,}', f'{entry["hours"]:.2f}') for split, entry in sorted(training['splits'].items())
  ]
  methods = [
    (c['name'], ', '.join(c['sources']), ', '.join(c['teaches']), c['num_clusters'], 'yes' if c['shuffled'] else 'no')
    for c in training['clusterings']
  ]
  retrained = ' The encoder was trained once more after the last of them.' if training['retrained'] else ''
  return [
    f'Records `{training["records"]}` (fingerprint {training["fingerprint"]}); hours are estimated from the first shard of each '
    'split.',
    _table(('split', 'clips', 'hours'), rows),
    'Deep clustering (Alwassel et al., NeurIPS 2020), without human labels: the features of `sources` are clustered by k-means, '
    f'and the encoders in `teaches` learn to predict the clusters; {training["iterations"]} iterations.{retrained}',
    _table(('clustering', 'sources', 'teaches', 'k', 'shuffled (a control)'), methods),
  ]


def _numbers(training) -> str:
  rows = [
    (f'clustering {name}', key.replace('_', ' ').replace('nmi', 'NMI'), _number(value))
    for name, metrics in sorted(training['metrics'].get('clusterings', {}).items())
    for key, value in sorted(metrics.items())
  ]
  for split in ('train', 'validation'):
    between = training['metrics'].get(f'{split}_nmi_between', {})
    rows += [(f'{split} clips', f'NMI between {pair}', _number(value)) for pair, value in sorted(between.items())]
  return 'Measured in the run itself, on the features of its last iteration:\n\n' + _table(
    ('of', 'number', 'value'), rows
  )


def _number(value) -> str:
  return f'{value:.4g}' if isinstance(value, float) else str(value)


def _limits(metadata) -> str:
  if metadata['modality'] == 'video':
    fed = (
      f'It was trained on clips of {metadata["num_frames"]} frames at {metadata["frame_rate"]:g} a second. Of a frame scaled to a '
      f'short side of {metadata["scaled_short_side"]} pixels it sees the {metadata["crop_size"]} x {metadata["crop_size"]} in the '
      'middle and nothing else.'
    )
    request = '{frame_pixels:,} pixels a frame, {request_pixels:,} in all'.format(**metadata['limits'])
  else:
    fed = (
      f'It was trained on mono sound of {metadata["sample_rate"]} Hz in windows of {metadata["num_samples"]} samples; a longer '
      'sound is averaged over windows, so that their order is lost.'
    )
    request = '{request_seconds:g} seconds of sound, all clips together'.format(**metadata['limits'])
  sentences = [
    fed,
    f'A request may hold at most {request}; larger ones are refused before anything is decoded (`xdc export --help`).',
    'It knows what its training data showed it. How it does on other kinds of video or sound has not been measured.',
  ]
  if metadata['num_clusters']:
    sentences.append('Clusters are not classes: look at their clips (`xdc report`) before you give them names.')
  sentences.append('An embedding can carry what is seen and heard of people; nobody has examined this model for bias.')
  return '\n'.join(f'- {sentence}' for sentence in sentences)


def _versions(metadata) -> str:
  commit = f', commit {metadata["commit"]}' if metadata['commit'] else ''
  return f'Exported by xdc-tf {metadata["xdc_tf"]}{commit}, TensorFlow {metadata["tensorflow"]}.'


def _table(header, rows) -> str:
  lines = [header, ['---'] * len(header), *rows]
  return '\n'.join('| ' + ' | '.join(str(cell) for cell in line) + ' |' for line in lines)
