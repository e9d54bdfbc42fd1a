"""A small report with everything in it that could go wrong: names that look like HTML, clips that cannot be shown."""

import numpy as np
from clip_factory import brightening_clip

from xdc_tf.report.cluster_report import ClipMedia, ClipName, ClusteringView, ReportInput

NASTY = '</script><script>alert("1")</script> \'quoted\' & <b>bold</b> $x ${title} 鳥u\u0308\u202e gnp.mp4'
LABEL_NAMES = ['playing "bagpipes"', '<i>scuba</i> diving', '登山']
CREDIT = 'Big Buck Bunny <(c)> Blender Foundation, CC BY 3.0'
FEATURES = np.random.default_rng(0).normal(size=(11, 3)).astype(np.float32)  # Clip 11 has none.


def make_views():
  """12 clips: two video and three audio clusters; clip 11 is in no cluster."""
  video = np.int32([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, -1])
  audio = np.int32([2, 2, 2, 0, 0, 0, 1, 1, 1, 1, 2, -1])
  labels = np.int32([0, 0, 0, 1, 2, 0, 1, 1, 1, 1, 1, -1])
  distances = np.float32([6, 5, 4, 3, 2, 1, 1, 2, 3, 4, 5, np.nan])
  return [ClusteringView('video', video, distances, labels), ClusteringView('audio', audio, distances, labels)]


def clip_names(clips):
  # A file name that is no UTF-8 comes from the file system with surrogates.
  return [ClipName(f'{i} {NASTY}' if i != 1 else 'caf\udce9.mp4', 61.5 * i) for i in clips.tolist()]


def clip_media(clip: int) -> ClipMedia | None:
  nothing = np.zeros(0, np.float32)
  short = brightening_clip(12)
  if clip == 3:
    return None
  if clip == 4:
    return ClipMedia(short.frames[:1], nothing)
  if clip == 5:
    return ClipMedia([], nothing, note=f'gone: {NASTY}')
  return short


def make_input() -> ReportInput:
  return ReportInput(
    f'Film {NASTY}',
    make_views(),
    LABEL_NAMES,
    clip_names,
    clip_media,
    features=[lambda: iter([(np.arange(11), FEATURES)])] * 2,
    earlier=[lambda: iter([(0, np.int32([4, 4, 4, 4, 5, -1, 5, 5, 5, 5, 5, -1]))])] * 2,
    iterations=[
      {'iteration': 'random', 'nmi': 0.1, 'same_part': np.float32(0.25)},
      {'iteration': 1, 'nmi': 0.5, 'same_part': None},
    ],
    training={'video': [[{'train_loss': 2.0}, {'train_loss': 1.0}]]},
    facts={'data set': 'BBB', 'method': 'XDC'},
    credit=CREDIT,
    source='records 1',
  )
