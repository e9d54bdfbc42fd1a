"""A job of small videos, good and bad ones, for the tests of make_clips."""

import pathlib

from xdc_tf.manifest import manifest

SETTINGS = ['--clips_per_shard', '3', '--short_side', '48', '--max_failed_share', '0.6']


# Rows of split train, three to a shard, and what becomes of each. The last shard has no clip at all.
TRAIN = [
  ('good.mp4', 0.0, 1.0, None),
  ('good.mp4', 1.0, 2.0, None),
  ('nowhere.mp4', 0.0, 1.0, 'missing_file'),
  ('odd.mp4', 0.5, 1.5, None),
  ('mute.mp4', 0.0, 1.0, 'no_audio_track'),
  ('good.mp4', 2.0, 3.0, None),
  ('good.mp4', 0.0, None, None),
  ('empty.mp4', 0.0, 1.0, 'unreadable'),
  ('odd.mp4', 0.0, 1.0, None),
  ('blind.mp4', 0.0, 1.0, 'no_video_track'),
  ('good.mp4', 60.0, 61.0, 'empty_span'),
  ('noise.mp4', 0.0, 1.0, 'unreadable'),
]


FAILED = [(number, reason) for number, (_, _, _, reason) in enumerate(TRAIN) if reason]


PRESENT = [number for number, (_, _, _, reason) in enumerate(TRAIN) if not reason]


def arguments(clip_manifest, output_dir, *more):
  return ['--manifest', clip_manifest.directory, '--output_dir', str(output_dir), *SETTINGS, *more]


def contents(folder):
  return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def assert_same(folder, reference):
  found, expected = contents(pathlib.Path(folder)), contents(reference)
  assert sorted(found) == sorted(expected)
  assert [name for name in expected if found[name] != expected[name]] == []


def tiny_manifest(root, splits):
  """Writes a manifest of {split: names of files below root}, one row of a second each."""
  rows = [
    (split, manifest.Row(0, name, str(root / name), 0.0, 1.0)) for split, names in splits.items() for name in names
  ]
  return manifest.write_manifest(root / 'manifest', 'tiny', rows)
