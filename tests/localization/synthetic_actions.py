"""A synthetic corpus in THUMOS14's layout: actions planted in random snippet features, with annotations to match.

The features of a snippet are noise; inside of an action a direction of its class and one of all actions are added.
"""

import dataclasses
import pathlib

import numpy as np
import records_factory

from xdc_tf import files
from xdc_tf.manifest import manifest
from xdc_tf.records import snippets
from xdc_tf.records.schema import Records
from xdc_tf.records.snippets import Snippets

CLASSES = ('Jump', 'Swim')
DIMENSION = 16
NUM_TRAIN, NUM_TEST = 40, 10
NUM_SNIPPETS = 70
STEP = 5 / records_factory.FRAME_RATE
# Seconds from the beginning of a video to the centre of its first snippet.
FIRST = 8 / records_factory.FRAME_RATE

# A network, windows and a schedule that take seconds.
TINY = (
  'SnippetWindows.length = 32',
  'SnippetWindows.stride = 16',
  'SnippetWindows.max_duration = 12',
  'GTAD.width = 32',
  'GTAD.paths = 4',
  'GTAD.bins = 8',
  'GTAD.sub_graph_width = 32',
  'GTAD.map_width = 16',
  'Detection.num_proposals = 20',
  'Localization.learning_rate = 0.005',
  'Localization.epochs = 10',
  'Localization.step_epochs = 8',
)


@dataclasses.dataclass(frozen=True)
class Video:
  """One synthetic video.

  Attributes:
    name: as in THUMOS14.
    label: of all its actions.
    actions: float [n, 2], start and end in seconds.
    features: float32 [NUM_SNIPPETS, DIMENSION].
  """

  name: str
  label: str
  actions: np.ndarray
  features: np.ndarray


def make_video(number: int, part: str, seed: int = 0) -> Video:
  """Returns a video with three or four actions of 4 to 8 snippets, whose borders lie anywhere in a snippet."""
  random = np.random.default_rng((seed, number, part == 'test'))
  label = CLASSES[number % len(CLASSES)]
  directions = np.random.default_rng(1).normal(size=(3, DIMENSION))
  directions *= 3 / np.linalg.norm(directions, axis=1, keepdims=True)
  features, actions, position = random.normal(size=(NUM_SNIPPETS, DIMENSION)), [], random.uniform(3, 9)
  while position < NUM_SNIPPETS - 10:
    end = position + random.uniform(4, 8)
    cells = np.arange(NUM_SNIPPETS)
    inside = (np.minimum(cells + 1, end) - np.maximum(cells, position)).clip(0)
    features += inside[:, None] * (directions[2] + directions[CLASSES.index(label)])
    actions.append((position, end))
    position = end + random.uniform(6, 14)
  origin = FIRST - STEP / 2
  name = f'video_{"validation" if part == "val" else "test"}_{number:07d}'
  return Video(name, label, origin + STEP * np.array(actions), features.astype(np.float32))


def write_annotations(folder: pathlib.Path, videos: dict[str, list[Video]]) -> str:
  """Writes CLASS_val.txt and CLASS_test.txt."""
  folder.mkdir(parents=True)
  for part, some in videos.items():
    for label in CLASSES:
      lines = [f'{v.name} {start:.6f} {end:.6f}\n' for v in some if v.label == label for start, end in v.actions]
      (folder / f'{label}_{part}.txt').write_text(''.join(lines))
    # The first video's beginning, where nothing is planted.
    (folder / f'Ambiguous_{part}.txt').write_text(f'{some[0].name} 0.0 0.2\n')
  return str(folder)


def write_records(
  folder: pathlib.Path, videos: dict[str, list[Video]], frames_per_span: int = 1, seconds: float = 0.0
) -> Records:
  """Writes records of next to nothing, and the manifest of the videos: one record a video, one official split."""
  rows = [
    ('official', manifest.Row(0, v.name, 'x.mp4', labels=(v.label,), official_split=(1 if part == 'val' else 2,)))
    for part, some in videos.items()
    for v in some
  ]
  made = records_factory.write_records(
    folder, {'official': len(rows)}, 64, frames_per_span, seconds=seconds, label_names=CLASSES, name='thumos14'
  )
  manifest.write_manifest(made.manifest_directory, 'thumos14', rows)
  return made


def write_features(
  folder: pathlib.Path, records: Records, videos: dict[str, list[Video]], shuffled: bool = False
) -> str:
  """Writes what `xdc extract-features --snippet_frames 16` would; shuffled: the snippets of each video in random order."""
  settings = {'encoder': str(shuffled), 'records': records.fingerprint(), 'snippets': dataclasses.asdict(Snippets())}
  files.write_json(f'{folder}/settings.json', settings)
  seconds = FIRST + STEP * np.arange(NUM_SNIPPETS)
  for index, video in enumerate(v for some in videos.values() for v in some):
    order = np.random.default_rng(index).permutation(NUM_SNIPPETS) if shuffled else np.arange(NUM_SNIPPETS)
    snippets.save(str(folder), 'official', index, seconds, video.features[order])
  (folder / 'DONE').touch()
  return str(folder)
