"""The data of single clips, for the search and for the map: data/clips.js and data/map.js."""

from collections.abc import Sequence

import numpy as np

from xdc_tf.report import feature_map
from xdc_tf.report.report_content import ClipName, ReportContent
from xdc_tf.report.report_data import pack, pack_places

MAX_CLIPS = 200_000  # that browsers search and draw without a wait


def choose_clips(num_clips: int, shown: Sequence[int], max_clips: int = MAX_CLIPS) -> np.ndarray:
  """Returns int64 [n], ascending: all clips; or, where those are too many, the ones that pages show and others at random."""
  if num_clips <= max_clips:
    return np.arange(num_clips)
  others = np.setdiff1d(np.random.default_rng(0).choice(num_clips, max_clips, replace=False), shown)
  kept = np.random.default_rng(1).permutation(others)[: max(0, max_clips - len(shown))]
  return np.union1d(np.asarray(shown, np.int64), kept)


def clips_data(content: ReportContent, clips: np.ndarray, names: Sequence[ClipName]) -> dict:
  """What data/clips.js holds: an array of each property, packed (see report_data.pack)."""
  files = list(dict.fromkeys(name.file for name in names))
  numbers = {file: number for number, file in enumerate(files)}
  labels = content.views[0].label_ids
  pictured = [clip in content.clip_files and not content.clip_files[clip].problem for clip in clips.tolist()]
  return {
    'total': len(content.views[0].pseudo_labels),
    'labelNames': list(content.label_names),
    'clusterings': [
      {
        'name': view.name,
        'hue': content.hue(number),
        'pages': {s.cluster: content.page_name(number, s.cluster) for s in content.columns[number]},
        'cluster': pack(view.pseudo_labels[clips], '<i4'),
        'distance': pack(view.distances[clips], '<f4'),
      }
      for number, view in enumerate(content.views)
    ],
    'files': files,
    'index': pack(clips, '<i4'),
    'file': pack([numbers[name.file] for name in names], '<i4'),
    'start': pack([name.start_seconds for name in names], '<f4'),
    'label': pack(np.full(len(clips), -1) if labels is None else labels[clips], '<i4'),
    'pictured': pack(pictured, 'u1'),
  }


def map_data(content: ReportContent, clips: np.ndarray, features: Sequence[feature_map.Blocks]) -> list[dict]:
  """What data/map.js holds: the places of the clips by the features of each clustering."""
  maps = []
  for view, blocks in zip(content.views, features, strict=True):
    places, explained = feature_map.principal_plane(blocks, clips)
    x, y = pack_places(places)
    maps.append({'name': view.name, 'x': x, 'y': y, 'explained': [round(share, 4) for share in explained]})
  return maps
