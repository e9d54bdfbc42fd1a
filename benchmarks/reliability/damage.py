"""Damaged files of every kind that our programs read: each is refused in one clear message, or set aside and counted."""

import dataclasses
import glob
import json
import os
import pathlib
import re
import shutil
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.reliability import hostile_requests, hostile_weights, material
from benchmarks.reliability.material import LIMIT_SECONDS, MARKUP, Material
from benchmarks.reliability.processes import Ended
from benchmarks.reliability.report import Row
from benchmarks.reliability.spoil import spoil_bytes, spoil_json, spoil_text

MEMORY_BYTES = 2 * 2**30
# Of a make_clips row whose decoder did not say itself what is wrong with the film.
_NOT_SET_ASIDE = ('internal_error', 'decoder_crashed', 'decoder_timeout')
_MESSAGE = re.compile(r'(?:xdc [a-z-]+|make_clips): .*', re.DOTALL)  # Behind a progress bar it begins no line.
_RAISED = re.compile(r'^[\w.]*(?:Error|Exception|Interrupt|StopIteration)(?:: .*)?$', re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Case:
  """One damaged input.

  Attributes:
    what: the damage in words.
    words: the words of the command that meets it.
    named: a refusal must hold one of these.
    unlike: called after a success; what is wrong with what was made, or ''.
    outside: called however it ended; what was written where nothing belongs, or ''.
  """

  what: str
  words: list[str]
  named: tuple[str, ...]
  unlike: Callable[[], str] = lambda: ''
  outside: Callable[[], str] = lambda: ''


def complaint(ended: Ended, named: tuple[str, ...]) -> str:
  """Returns what is wrong with the way a command ended, '' where it succeeded or was refused as it should."""
  if ended.timed_out:
    return f'not within {ended.seconds:.0f} s'
  if ended.status < 0:
    return f'ended by signal {-ended.status}'
  if ended.peak_bytes > MEMORY_BYTES:
    return f'took {ended.peak_bytes / 2**20:.0f} MB'
  if 'Traceback (most recent call last)' in ended.output:
    raised = _RAISED.findall(ended.output) or ['without an end']
    return f'a traceback: {raised[-1][:300]}'
  # Warnings and progress may stand before it.
  message = _MESSAGE.search(ended.output)
  if ended.status and (message is None or not any(name in message[0] for name in named)):
    said = message[0] if message else ended.output
    return f'the message names no file: {said.strip()[:300]}'
  return ''


def run(made: Material, rng: np.random.Generator, short: bool, share: float) -> Iterator[Row]:
  """Runs every family of damaged inputs; yields a row for each.

  Args:
    made: what is damaged, in copies.
    rng: the generator of the damage.
    short: a few of each.
    share: the share of the number in the full form.
  """

  def count(full: int, few: int) -> int:
    return few if short else max(1, round(share * full))

  yield _films(made, rng, count(170, 6))
  for what, family, full, few in (
    ('films, embed', _embedded, 40, 1),
    ('records, pretrain', _records, 60, 2),
    ('feature shards, pretrain', _features, 50, 1),
    ('checkpoints, pretrain', _checkpoints, 40, 1),
    ('a finished run, export', _runs, 60, 2),
    ('gin files, pretrain', _gin, 70, 3),
    ('CSV files, manifest', _lists, 80, 4),
    ('manifests, make_clips', _manifests, 70, 3),
    ('names that lead elsewhere, make_clips', _traversal, 2, 1),
    ('weight files, import-weights', _weights, 80, 3),
    ('markup in names, report', _markup, 1, 1),
  ):
    yield _judged(what, family, made, rng, count(full, few))
  yield _requests(made, rng, count(290, 20))


def _judged(what: str, family: Callable, made: Material, rng: np.random.Generator, count: int) -> Row:
  row, refused, seconds, peak = Row('damage', what), 0, 0.0, 0
  for number in range(count):
    folder = os.path.join(made.folder, 'damage', family.__name__, str(number))
    os.makedirs(folder)
    case = family(made, rng, folder, number)
    ended = made.commands.run(case.words, LIMIT_SECONDS)
    problem = case.outside() or complaint(ended, case.named) or (case.unlike() if not ended.status else '')
    row.runs += 1
    refused += ended.status != 0
    seconds, peak = max(seconds, ended.seconds), max(peak, ended.peak_bytes)
    row.failures += [f'{problem} ({case.what})'] if problem else []
    shutil.rmtree(folder)
  row.seen = f'{refused} refused, {count - refused} taken; at most {seconds:.1f} s and {peak / 2**20:.0f} MB'
  return row


def _films(made: Material, rng: np.random.Generator, count: int) -> Row:
  """One job with all damaged films: each is a record, or a line of failed_videos.jsonl with a reason."""
  row, folder = Row('damage', 'films, make_clips', count), os.path.join(made.folder, 'damage', 'films')
  os.makedirs(folder)
  lines, kinds = ['path,start,end,split'], {}
  for number in range(count):
    name = f'{number}.mp4'
    shutil.copy(f'{made.films}/{material.FILMS[number % 2]}', f'{folder}/{name}')
    kinds[name] = spoil_bytes(f'{folder}/{name}', rng)
    lines.append(f'{name},0,1,train')
  pathlib.Path(folder, 'list.csv').write_text('\n'.join([*lines, f'{made.films}/one.mp4,0,1,validation']) + '\n')
  words = ['xdc', 'manifest', 'csv', '--csv', f'{folder}/list.csv', '--media_root', folder]
  made.commands.run([*words, '--output_dir', f'{folder}/manifest'], LIMIT_SECONDS)
  words = material.clips_words(f'{folder}/manifest', f'{folder}/records', '--max_failed_share', '1')
  ended = made.commands.run([*words, '--decoder_timeout_seconds', '20'], LIMIT_SECONDS + count)
  problem = complaint(ended, ())
  if problem or ended.status:
    row.failures.append(problem or f'status {ended.status}: {ended.output[-300:]}')
    return row
  lines = pathlib.Path(folder, 'records/failed_videos.jsonl').read_text().splitlines()
  failed = [json.loads(line) for line in lines]
  clips = json.loads(pathlib.Path(folder, 'records/job_summary.json').read_text())['clips'] - 1
  if clips + len(failed) != count:
    row.failures.append(f'{count} films became {clips} clips and {len(failed)} set aside')
  for failure in failed:
    if failure['reason'] in _NOT_SET_ASIDE:
      kind = kinds[os.path.basename(failure['path'])]
      row.failures.append(f'{failure["reason"]}: {failure["detail"][:200]} ({kind})')
  reasons = sorted({failure['reason'] for failure in failed})
  row.seen = f'{clips} clips, {len(failed)} set aside ({", ".join(reasons)}); {ended.seconds:.0f} s, '
  row.seen += f'{ended.peak_bytes / 2**20:.0f} MB'
  return row


def _embedded(made: Material, rng, folder: str, number: int) -> Case:
  film, model = f'{folder}/film.mp4', ('audio', 'video')[number % 2]
  shutil.copy(f'{made.films}/one.mp4', film)
  what = spoil_bytes(film, rng)
  return Case(what, ['xdc', 'embed', film, '--saved_model', f'{made.models}/xdc_{model}/1'], ('film.mp4',))


def _chosen(pattern: str, rng) -> str:
  """One of the files that fit a pattern."""
  # Of a mark only its presence counts.
  paths = [path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path) and not path.endswith('/DONE')]
  return str(rng.choice(sorted(paths)))


def _spoiled(path: str, rng) -> str:
  """Damages one file as befits its kind; returns which and how."""
  if path.endswith('.json') and rng.random() < 0.7 and os.path.getsize(path) > 10:
    how = spoil_json(path, rng)
  else:
    how = (spoil_text if path.endswith(('.json', '.gin', '.csv', '.pbtxt')) else spoil_bytes)(path, rng)
  return f'{os.path.basename(path)}: {how}'


def _records(made: Material, rng, folder: str, number: int) -> Case:
  copy, run = f'{folder}/records', f'{folder}/run'
  shutil.copytree(made.records, copy)
  kind = ('*.tfrecord-*', 'clips.json', '*.tfrecord-*', 'positions/*', '*.tfrecord-*', 'dataset_info.json')[number % 6]
  path = _chosen(f'{copy}/{kind}', rng)
  what = _spoiled(path, rng)
  return Case(
    what,
    material.pretrain_words(copy, run, iterations=0),
    (path, copy),
    # A run with iterations clusters the same features first.
    lambda: _unlike(f'{made.run}/iteration-00/clusters', f'{run}/iteration-00/clusters', '.npy'),
  )


def _unlike(expected: str, found: str, suffix: str = '') -> str:
  """What differs of two folders, as a complaint: damage went in unseen and came out as other results."""
  one, other = (
    {key: value for key, value in material.contents(folder).items() if suffix in key} for folder in (expected, found)
  )
  unlike = material.difference(one, other)
  return f'damage that nothing noticed changed the results: {unlike}' if unlike else ''


def _features(made: Material, rng, folder: str, number: int) -> Case:
  """A run whose features are damaged before they are clustered."""
  run = f'{folder}/run'
  shutil.copytree(made.run, run)
  for name in ('clusters', 'metrics'):
    shutil.rmtree(f'{run}/iteration-01/{name}')
  path = _chosen(f'{run}/iteration-01/features/*/*.npy', rng)
  return Case(
    _spoiled(path, rng),
    material.pretrain_words(made.records, run),
    (path, os.path.dirname(path)),
    lambda: _unlike(f'{made.run}/iteration-01/clusters', f'{run}/iteration-01/clusters', '.npy'),
  )


def _checkpoints(made: Material, rng, folder: str, number: int) -> Case:
  """A run that was killed in the middle of a training, and whose checkpoint or features are damaged then."""
  killed, run = f'{made.folder}/killed', f'{folder}/run'
  mark = f'{killed}/iteration-00/train/video/checkpoints/ckpt-3.index'
  if not os.path.exists(killed):
    words = material.pretrain_words(made.records, killed)
    made.commands.run(words, LIMIT_SECONDS, lambda seconds: os.path.exists(mark))
  shutil.copytree(killed, run)
  path = _chosen(f'{run}/{("iteration-00/train/video/checkpoints", "initial/*")[number % 2]}/*', rng)
  return Case(
    _spoiled(path, rng),
    material.pretrain_words(made.records, run),
    (path, os.path.dirname(path)),
    lambda: _unlike(made.run, run),
  )


def _runs(made: Material, rng, folder: str, number: int) -> Case:
  run, models = f'{folder}/run', f'{folder}/models'
  shutil.copytree(made.run, run)
  kinds = (
    'iteration-00/train/*/weights.*',
    'config.gin',
    'iteration-01/clusters/*/*',
    'run.json',
    'iteration-01/metrics/*',
  )
  path = _chosen(f'{run}/{kinds[number % len(kinds)]}', rng)
  named = (path, os.path.dirname(path), '../../outside does not exist')
  # What a run's own settings and numbers say when somebody edits them is not ours to know; weights are compared.
  unlike = (lambda: _unlike(made.models, models, 'variables')) if 'weights' in path else (lambda: '')
  return Case(_spoiled(path, rng), ['xdc', 'export', '--run_dir', run, '--output_dir', models], named, unlike)


def _gin(made: Material, rng, folder: str, number: int) -> Case:
  path = f'{folder}/mine.gin'
  lines = [
    "include 'methods/xdc.gin'",
    'num_video_clusters = 3',
    'num_audio_clusters = 4',
    'Pretraining.num_iterations = 0',
    *material.TINY[2:],
  ]
  odd = (
    'Schedule.epoch_size = 10 ** 9', 'Schedule.epoch_size = -1', "num_video_clusters = 'three'", 'Pretraining.seed = 1e400',
    'num_audio_clusters = ' + '9' * 400, f'Pretraining.seed = {"(" * 60}1{")" * 60}', "include '/dev/null/x.gin'", "include '..'",
    'Pretraining.encoders = 3', 'Pretraining.clusterings = [1]', 'Schedule.batch_size = 0', 'VideoInput.crop_size = 0',
    'VideoInput.num_frames = -4', 'Schedule.base_learning_rate = None', "Pretraining.encoders = {'../x': @R2Plus1D18}",
  )  # fmt: skip
  if number % 2:
    lines.append(odd[number // 2 % len(odd)])
  pathlib.Path(path).write_text('\n'.join(lines) + '\n')
  what = lines[-1][:60] if number % 2 else spoil_text(path, rng)
  words = ['xdc', 'pretrain', '--records', made.records, '--run_dir', f'{folder}/run', '--gin_file', path]
  # A value that is read and then does not do is named by what it was given to.
  given = {name.partition(' = ')[0].partition('.')[0] for name in lines}
  return Case(what, words, ('mine.gin', 'lustering', *given))


def _lists(made: Material, rng, folder: str, number: int) -> Case:
  path = f'{folder}/list.csv'
  shutil.copy(f'{made.films}/list.csv', path)
  what = spoil_text(path, rng)
  words = ['xdc', 'manifest', 'csv', '--csv', path, '--media_root', made.films, '--output_dir', f'{folder}/manifest']
  return Case(what, words, (path, made.films, f'{folder}/manifest'))


def _manifests(made: Material, rng, folder: str, number: int) -> Case:
  copy, records = f'{folder}/manifest', f'{folder}/records'
  shutil.copytree(made.manifest, copy)
  path = _chosen(f'{copy}/{("manifest.json", "*.csv-*")[number % 2]}', rng)
  what = _spoiled(path, rng)
  before = set(os.listdir(folder)) | {'records'}

  def outside() -> str:
    return ', '.join(f'wrote {name} outside the output folder' for name in set(os.listdir(folder)) - before)

  named = (path, copy, f'{records}/failed_videos.jsonl')
  return Case(what, material.clips_words(copy, records), named, outside=outside)


def _traversal(made: Material, rng, folder: str, number: int) -> Case:
  """A manifest from elsewhere whose data set (or split) is called so that shards would lie outside the output folder."""
  copy, victim = f'{folder}/manifest', f'{folder}/manifest/victim'
  shutil.copytree(made.manifest, copy)
  os.makedirs(victim)
  os.makedirs(f'{folder}/records')
  contents = json.loads(pathlib.Path(copy, 'manifest.json').read_text())
  name = '../manifest/victim/x'
  for path in glob.glob(f'{copy}/clips-*'):
    shutil.move(path, f'{victim}/{os.path.basename(path).replace("clips-", "x-")}')
  pathlib.Path(copy, 'manifest.json').write_text(json.dumps(contents | {'name': name}))

  def outside() -> str:
    return 'wrote shards outside the output folder' if glob.glob(f'{victim}/*tfrecord*') else ''

  return Case(f'name {name!r}', material.clips_words(copy, f'{folder}/records'), (copy,), outside=outside)


def _weights(made: Material, rng, folder: str, number: int) -> Case:
  path = f'{folder}/weights.pth'
  shutil.copy(made.weight_file, path)
  what = spoil_bytes(path, rng) if number % 2 else hostile_weights.write(path, number // 2)
  words = ['xdc', 'import-weights', '--checkpoint', path, '--output', f'{folder}/weights']
  return Case(what, words, ('weights.pth',), lambda: hostile_weights.unlike(made.weight_file, path))


def _markup(made: Material, rng, folder: str, number: int) -> Case:
  """Films and labels of the campaign have markup in their names: no page may hold it as it is."""

  def unlike() -> str:
    pages = [path for path in pathlib.Path(folder).rglob('*.html') if MARKUP in path.read_text()]
    scripts = [path for path in pathlib.Path(folder).rglob('*.js') if '</script' in path.read_text().lower()]
    return f'{(pages + scripts)[0].name} holds the markup of a name' if pages + scripts else ''

  return Case('names', ['xdc', 'report', '--run_dir', made.run, '--output', f'{folder}/report'], (), unlike)


def _requests(made: Material, rng: np.random.Generator, count: int) -> Row:
  row = Row('damage', 'requests to signatures', count)
  seed = int(rng.integers(2**31))
  failures, ended = made.commands.call(hostile_requests.check, made.models, count, seed, limit_seconds=300.0)
  row.failures += failures
  row.failures += [problem] if (problem := complaint(ended, ())) else []
  row.seen = f'{ended.seconds:.0f} s, {ended.peak_bytes / 2**20:.0f} MB'
  return row
