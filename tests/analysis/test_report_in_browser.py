"""Opens the page from disk in headless Chromium, where there is one."""

import base64
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from clip_factory import brightening_clip

from xdc_tf.analysis import cluster_report, thumbnails

CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason='no chromium, chromium-browser or google-chrome on the PATH')
FLAGS = (
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync '
  '--disable-component-update --enable-logging=stderr --virtual-time-budget=5000'
)


def open_in_chromium(path, tmp_path) -> tuple[str, list[str]]:
  """Returns the document after its scripts have run, and what they wrote to the console."""
  command = [CHROMIUM, *FLAGS.split(), f'--user-data-dir={tmp_path / "profile"}', '--dump-dom', path.as_uri()]
  done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, 'HOME': str(tmp_path)})
  assert done.returncode == 0, done.stderr
  return done.stdout, re.findall(r'.*CONSOLE.*', done.stderr)


def test_the_page_runs_without_errors(tmp_path):
  views = [
    cluster_report.ClusteringView('video', np.int32([0, 0, 1, 1]), np.float32([1, 2, 3, 4])),
    cluster_report.ClusteringView('audio', np.int32([0, 1, 1, 1]), np.float32([1, 2, 3, 4])),
  ]
  path = tmp_path / 'report.html'
  cluster_report.build_report(str(path), '<script>oops()</script>', views, None, lambda index: brightening_clip(12))
  document, console = open_in_chromium(path, tmp_path)
  assert console == []
  # The script sets data-ready last: it has found all tiles and chosen the first clustering for narrow screens.
  assert 'data-ready="8"' in document
  assert document.count('class="tile"') == 8
  assert 'data-shown="0"' in document


def test_chromium_plays_the_thumbnails(tmp_path):
  video = base64.b64encode(thumbnails.make_thumbnail(brightening_clip()).video).decode()
  path = tmp_path / 'player.html'
  path.write_text(
    f'<video muted preload="auto" src="data:{thumbnails.MIME_TYPE};base64,{video}"></video><script>\n'
    'const v = document.querySelector("video");\n'
    'v.onerror = () => document.body.dataset.failed = v.error.message;\n'
    'v.oncanplaythrough = () => document.body.dataset.plays = [v.videoWidth, v.videoHeight, v.duration.toFixed(1)];\n</script>'
  )
  document, console = open_in_chromium(path, tmp_path)
  assert console == []
  assert 'data-plays="200,112,2.0"' in document, document[-300:]
