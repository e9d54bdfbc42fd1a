import base64
import dataclasses
import hashlib
import html.parser
import re

import clip_factory
import numpy as np
import pytest
from clip_factory import brightening_clip
from sklearn.metrics import normalized_mutual_info_score

from xdc_tf.analysis import cluster_report, thumbnails
from xdc_tf.analysis.cluster_report import ClipMedia, ClusteringView

NASTY = '</script><script>alert("1")</script> \'quoted\' & <b>bold</b> $x ${title} 鳥\u202e gnp.mp4'
LABEL_NAMES = ['playing "bagpipes"', '<i>scuba</i> diving', '登山']
CREDIT = 'Big Buck Bunny (c) Blender Foundation, CC BY 3.0'


class Page(html.parser.HTMLParser):
  """The elements of a page as (tag, attributes, text inside), in order; says when tags do not match."""

  VOID = ('meta', 'link', 'input', 'img', 'br', 'line', 'path', 'polyline')

  def __init__(self, text: str):
    super().__init__()
    self.elements, self.open = [], []
    self.feed(text)
    self.close()
    assert not self.open, f'not closed: {self.open}'

  def handle_starttag(self, tag, attributes):
    self.elements.append([tag, dict(attributes), ''])
    if tag not in self.VOID:
      self.open.append((tag, len(self.elements) - 1))

  def handle_startendtag(self, tag, attributes):
    self.elements.append([tag, dict(attributes), ''])

  def handle_endtag(self, tag):
    if tag not in self.VOID:
      assert self.open[-1][0] == tag, (tag, self.open)
      self.open.pop()

  def handle_data(self, data):
    for _, number in self.open:
      self.elements[number][2] += data

  def find(self, tag, css_class=None):
    return [
      (attributes, text)
      for name, attributes, text in self.elements
      if name == tag and (css_class is None or css_class in (attributes.get('class') or '').split())
    ]


def make_views():
  """12 clips: two video and three audio clusters; clip 11 is in no cluster."""
  video = np.int32([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, -1])
  audio = np.int32([2, 2, 2, 0, 0, 0, 1, 1, 1, 1, 2, -1])
  labels = np.int32([0, 0, 0, 1, 2, 0, 1, 1, 1, 1, 1, -1])
  distances = np.float32([6, 5, 4, 3, 2, 1, 1, 2, 3, 4, 5, np.nan])
  return [ClusteringView('video', video, distances, labels), ClusteringView('audio', audio, distances, labels)]


def clip_media(index: int) -> ClipMedia | None:
  nothing = np.zeros(0, np.float32)
  short = brightening_clip(12)
  if index == 3:
    return None
  if index == 4:
    return ClipMedia('gone.mp4 0:04', short.frames[:1], nothing, note='source file is gone: no sound')
  if index == 5:
    return ClipMedia('damaged.mp4', [b'not a picture'], nothing)
  return dataclasses.replace(short, caption=f'{index} {NASTY}')


@pytest.fixture(scope='module')
def written(tmp_path_factory):
  path = tmp_path_factory.mktemp('report') / 'report "1".html'
  iterations = [
    {'iteration': 'random', 'nmi': 0.1, 'same_part': np.float32(0.25)},
    {'iteration': 1, 'nmi': 0.5, 'same_part': None},
  ]
  facts = {'data set': 'BBB', 'method': 'XDC', 'iteration': '1 of 1'}
  cluster_report.build_report(
    str(path), f'Film {NASTY}', make_views(), LABEL_NAMES, clip_media, iterations, CREDIT, num_nearest=4, facts=facts
  )
  return path


@pytest.fixture(scope='module')
def page(written) -> Page:
  return Page(written.read_text('utf-8'))


def test_every_text_is_escaped(page, written):
  text = written.read_text('utf-8')
  assert text.count('alert(') == text.count('alert(&quot;1&quot;)') > 10
  assert page.find('title')[0][1] == f'Film {NASTY}' == page.find('h1')[0][1]
  captions = {caption for _, caption in page.find('span', 'caption')}
  named = {f'{i} {NASTY}' for i in (0, 1, 2, 6, 7, 8, 9, 10)}
  assert captions == named | {'clip 3', 'gone.mp4 0:04', 'damaged.mp4'}
  assert {name for _, name in page.find('span', 'name')} >= set(LABEL_NAMES)
  scripts = page.find('script')
  assert [attributes.get('type') for attributes, _ in scripts[1:]] == ['text/plain'] * (len(scripts) - 1)


def test_nothing_is_loaded(page, written):
  for tag, attributes, _ in page.elements:
    for name in ('src', 'href', 'srcset', 'action', 'data', 'poster', 'background'):
      assert re.match(r'$|#|data:', attributes.get(name) or ''), (tag, attributes)
    assert not [name for name in attributes if name.startswith('on')], (tag, attributes)
  (style,) = [text for _, text in page.find('style')]
  assert not re.search(r'url\(|@import|https?:', style)
  (policy,) = [a['content'] for a, _ in page.find('meta') if a.get('http-equiv') == 'Content-Security-Policy']
  digest = base64.b64encode(hashlib.sha256(page.find('script')[0][1].encode()).digest()).decode()
  assert policy.startswith("default-src 'none';")
  assert policy.endswith(f"script-src 'sha256-{digest}'")
  assert 'http' not in policy


def test_the_head_says_what_this_is(page):
  facts = dict(zip([t for _, t in page.find('dt')], [t for _, t in page.find('dd')], strict=True))
  assert facts == {'data set': 'BBB', 'method': 'XDC', 'iteration': '1 of 1', 'clips': '12'}
  # Purity by hand: (4 + 5) of 11 for video, (1 + 4 + 3) of 11 for audio.
  video, audio = (view.pseudo_labels[:11] for view in make_views())
  numbers = dict(re.match(r'([\d.]+)(.*)', text).groups()[::-1] for _, text in page.find('p', 'number'))
  assert numbers == {
    'NMI of video and audio': f'{normalized_mutual_info_score(video, audio):.3f}',
    'purity of video': '0.818',
    'purity of audio': '0.727',
  }
  assert page.find('p', 'credit')[0][1] == CREDIT
  assert [text for _, text in page.find('th')] == ['iteration', 'nmi', 'same part']
  assert [text for _, text in page.find('td')] == ['random', '0.1', '0.25', '1', '0.5', '–']
  # One number is no curve.
  assert [text for _, text in page.find('figcaption')][0] == 'nmi0.1 → 0.5'
  assert len(page.find('figure', 'chart')) == 1


def test_clusters_are_ranked_and_linked(page):
  cards = [(a['id'], a['data-rank'], a['data-size']) for a, _ in page.find('li', 'card')]
  # Purity of video: cluster 1 5/5, cluster 0 4/6. Of audio: 1 4/4, 2 3/4, 0 1/3.
  assert cards == [('c0-1', '1', '5'), ('c0-0', '2', '6'), ('c1-1', '1', '4'), ('c1-2', '2', '4'), ('c1-0', '3', '3')]
  anchors = {card[0] for card in cards}
  links = [a['href'][1:] for a, _ in page.find('a') if a['href'] != '#clusters']
  assert set(links) == anchors
  qualities = [text for _, text in page.find('p', 'quality')]
  assert qualities == ['purity 1.000', 'purity 0.667', 'purity 1.000', 'purity 0.750', 'purity 0.333']
  overlaps = [text for _, text in page.find('div', 'overlaps')]
  assert overlaps[0] == 'Lies in audio clusterscluster 1 · <i>scuba</i> diving0.80cluster 2 · playing "bagpipes"0.20'


def test_tiles_and_their_media(page):
  strips = [a['data-clip'] for a, _ in page.find('button', 'tile')]
  # Video: cluster 1 shows 6 7 8 9, cluster 0 5 4 3 2, of which 5 and 3 hold nothing. Audio: 6 7 8 9, then 2 1 10 0, then 5 4 3.
  assert strips == ['6', '7', '8', '9', '4', '2', '6', '7', '8', '9', '2', '1', '10', '0', '4']
  reasons = [text for _, text in page.find('span', 'reason')]
  assert reasons == ['its pictures cannot be decoded', 'no picture and no sound found'] * 2
  assert [text for _, text in page.find('span', 'badge')] == ['source file is gone: no sound'] * 2
  first_of_strip = [a['data-clip'] for a, _ in page.find('button', 'tile') if a['tabindex'] == '0']
  assert first_of_strip == ['6', '4', '6', '2', '4']
  silent = [a['data-clip'] for a, _ in page.find('button', 'tile') if 'aria-pressed' not in a]
  assert silent == ['4', '4']
  media = [(a['id'], text) for a, text in page.find('script')[1:]]
  expected = [
    kind + clip for clip in ('0', '1', '2', '4', '6', '7', '8', '9', '10') for kind in 'pv' if kind + clip != 'v4'
  ]
  assert [name for name, _ in media] == expected
  assert base64.b64decode(dict(media)['v6']) == thumbnails.make_thumbnail(clip_media(6)).video


def test_one_clustering_without_labels_and_odd_names(tmp_path):
  view = ClusteringView('joint', np.int32([0, 1, 1]), np.float32([1, 0.5, 1.5]))
  # A file name that is no UTF-8 comes from the file system with surrogates.
  cluster_report.build_report(
    str(tmp_path / 'report.html'),
    'Film',
    [view],
    None,
    lambda i: ClipMedia(f'caf\udce9 {i}.mp4', [], clip_factory.tone(0.5)),
  )
  page = Page((tmp_path / 'report.html').read_text('utf-8'))
  assert [text for _, text in page.find('span', 'caption')] == ['caf? 1.mp4', 'caf? 2.mp4', 'caf? 0.mp4']
  assert [text for _, text in page.find('p', 'quality')] == ['tightness 1.000', 'tightness 1.000']
  assert not page.find('p', 'number')
  assert not page.find('div', 'overlaps')


def test_labels_without_names_are_refused(tmp_path):
  with pytest.raises(ValueError, match='A clip has label 2 but there are 2 label names'):
    cluster_report.build_report(str(tmp_path / 'report.html'), 'Film', make_views(), LABEL_NAMES[:2], clip_media)
  assert not (tmp_path / 'report.html').exists()
