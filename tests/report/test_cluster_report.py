import dataclasses
import re

import clip_factory
import numpy as np
import pytest
from report_factory import CREDIT, FEATURES, LABEL_NAMES, NASTY, clip_names, make_input, make_views
from report_reader import Page, data, unpack
from sklearn.metrics import normalized_mutual_info_score

from xdc_tf.report import clip_data, cluster_report
from xdc_tf.report.cluster_report import ClipMedia, ClusteringView, ReportInput


@pytest.fixture(scope='module')
def report(tmp_path_factory):
  folder = tmp_path_factory.mktemp('reports') / 'report "1"'
  counts = cluster_report.build_report(str(folder), make_input(), clips_per_cluster=3)
  # Cluster 0 of video shows 5 4 3 and the farthest, 0; cluster 1 6 7 8 and 10. Audio: 6 7 8 and 9, 2 1 10 and 0, 5 4 3.
  assert (counts.made, counts.before, counts.empty) == (9, 0, 2)
  return folder


@pytest.fixture(scope='module')
def pages(report):
  return [Page(path) for path in sorted(report.rglob('*.html'))]


@pytest.fixture(scope='module')
def index(report):
  return Page(report / 'index.html')


@pytest.fixture(scope='module')
def cluster(report):
  return Page(report / 'pages' / '0-video-0.html')


def test_every_text_is_escaped(pages, index, cluster):
  for page in pages:
    assert {script.get('src', '')[-3:] for script, _ in page.find('script')} == {'.js'}
    assert not page.find('i', 'scuba')
    assert 'Film </script><script>alert("1")</script>' in page.texts('title')[0]
  assert index.texts('h1') == [f'Film {NASTY}']
  assert cluster.texts('span', 'caption') == [
    f'5:07 5 {NASTY}',
    f'4:06 4 {NASTY}',
    f'3:04 3 {NASTY}',
    f'0:00 0 {NASTY}',
  ]
  assert cluster.texts('span', 'reason') == [f'gone: {NASTY}', 'no picture and no sound found']
  assert {name for page in pages for name in page.texts('span', 'name')} >= set(LABEL_NAMES)
  assert [page.texts('p', 'credit') for page in pages] == [[CREDIT]] * len(pages)


def test_everything_that_is_linked_is_in_the_folder(pages, report):
  names = {str(path.relative_to(report)) for path in report.rglob('*.html')}
  assert names == {'index.html', 'map.html'} | {f'pages/0-video-{c}.html' for c in (0, 1)} | {
    f'pages/1-audio-{c}.html' for c in (0, 1, 2)
  }
  linked = set()
  for page in pages:
    for tag, attributes, _ in page.elements:
      for name in ('src', 'href', 'srcset', 'action', 'data', 'poster', 'background', 'data-video'):
        target = (attributes.get(name) or '').split('#')[0]
        if target and target != 'data:,':
          assert (page.path.parent / target).resolve().is_relative_to(report.resolve()), (tag, attributes)
          assert (page.path.parent / target).is_file(), (page.path, tag, attributes)
          linked.add((page.path.parent / target).resolve())
      assert not [name for name in attributes if name.startswith('on')], (tag, attributes)
    (policy,) = [a['content'] for a, _ in page.find('meta') if a.get('http-equiv') == 'Content-Security-Policy']
    assert policy.startswith("default-src 'none';") and 'http' not in policy
  for asset in (report / 'assets').iterdir():
    assert not re.search(r'url\(|@import|https?:(?!//www\.w3\.org/2000/svg)', asset.read_text()), asset
  # Nothing lies there for nothing.
  assert {path.name for path in report.rglob('*.*') if path.resolve() not in linked} == {'report.json'}


def test_the_head_says_what_this_is(index):
  facts = dict(zip(index.texts('dt'), index.texts('dd'), strict=True))
  assert facts == {'data set': 'BBB', 'method': 'XDC'}
  # Purity by hand: (4 + 5) of 11 for video, (1 + 4 + 3) of 11 for audio.
  video, audio = (view.pseudo_labels[:11] for view in make_views())
  numbers = dict(re.match(r'([\d.]+)(.*)', text).groups()[::-1] for text in index.texts('p', 'number'))
  assert numbers == {
    'NMI of video and audio': f'{normalized_mutual_info_score(video, audio):.3f}',
    'purity of video': '0.818',
    'purity of audio': '0.727',
  }
  assert index.texts('th') == ['iteration', 'nmi', 'same part']
  assert index.texts('td') == ['random', '0.1', '0.25', '1', '0.5', '–']
  # One number is no curve.
  assert index.texts('figcaption') == ['nmi0.1 → 0.5', 'video: loss1 to 2; last: train 1']
  assert index.texts('option')[:4] == ['all', '<i>scuba</i> diving', 'playing "bagpipes"', '登山']
  assert [a['value'] for a, _ in index.find('option')][1:4] == index.texts('option')[1:4]


def test_a_clusters_page(cluster):
  numbers = cluster.texts('p', 'number')
  assert numbers == [
    '6clips, 54.5% of 11',
    '0.667purity: the share of the top label',
    '3.500mean distance to the centroid',
  ]
  assert re.sub(r'\s+', ' ', cluster.texts('h1')[0]).strip() == 'video cluster 0 playing "bagpipes"'
  assert cluster.texts('nav', 'pager') == ['←rank 2 of 2→']
  assert [a['href'] for a, _ in cluster.find('a') if 'rel' in a] == ['0-video-1.html']
  ids = [a['id'] for tag, a, _ in cluster.elements if 'tile' in (a.get('class') or '').split()]
  assert ids == ['clip-5', 'clip-4', 'clip-3', 'clip-0']
  assert cluster.texts('span', 'distance') == ['1.000', '2.000', '3.000', '6.000']
  assert cluster.texts('span', 'label') == [LABEL_NAMES[0], LABEL_NAMES[2], LABEL_NAMES[1], LABEL_NAMES[0]]
  assert [('data-video' in a, 'aria-pressed' in a) for a, _ in cluster.find('button', 'tile')] == [
    (False, False),
    (True, True),
  ]
  assert cluster.texts('ul', 'bars') == [
    'playing "bagpipes"67%<i>scuba</i> diving17%登山17%',
    'cluster 0 · playing "bagpipes"50%cluster 2 · playing "bagpipes"50%',
  ]
  # Clips 0 to 5 were in cluster 4, but for clip 4 in cluster 5 and clip 5 in none.
  assert cluster.texts('span', 'parts') == ['4 · playing "bagpipes" 80%5 · <i>scuba</i> diving 20%']
  assert cluster.texts('span', 'when') == ['random weights']


def test_the_data_of_the_overview(report):
  found = data(report, 'clusters')
  assert found['labels'] == LABEL_NAMES
  clusters = [
    [(c['cluster'], c['rank'], c['size'], c['purity']) for c in each['clusters']] for each in found['clusterings']
  ]
  assert clusters == [[(1, 1, 5, 1.0), (0, 2, 6, 0.6667)], [(1, 1, 4, 1.0), (2, 2, 4, 0.75), (0, 3, 3, 0.3333)]]
  first, second = found['clusterings'][0]['clusters']
  assert (first['poster'], first['video']) == ('media/0/6.webp', 'media/0/6.webm')
  # The nearest of cluster 0 that has a picture is clip 4, a still one.
  assert (second['poster'], second['video'], second['page']) == ('media/0/4.webp', '', 'pages/0-video-0.html')
  assert second['clips'].split('\n') == [f'{i} {NASTY}' for i in (5, 4, 3)]
  assert second['labels'] == [[0, 0.667], [1, 0.167], [2, 0.167]]


def test_the_data_of_the_clips_and_of_the_map(report):
  clips = data(report, 'clips')
  video, audio = make_views()
  assert unpack(clips['index'], '<i4') == list(range(12))
  assert unpack(clips['label'], '<i4') == video.label_ids.tolist()
  assert unpack(clips['start'], '<f4') == [61.5 * i for i in range(12)]
  assert [clips['files'][i] for i in unpack(clips['file'], '<i4')] == [
    f'{i} {NASTY}' if i != 1 else 'caf?.mp4' for i in range(12)
  ]
  assert unpack(clips['pictured'], 'u1') == [i not in (3, 5, 11) for i in range(12)]
  for view, found in zip((video, audio), clips['clusterings'], strict=True):
    assert unpack(found['cluster'], '<i4') == view.pseudo_labels.tolist()
    np.testing.assert_array_equal(unpack(found['distance'], '<f4'), view.distances)
  assert clips['clusterings'][1]['pages'] == {str(c): f'1-audio-{c}.html' for c in (0, 1, 2)}
  maps = data(report, 'map')
  assert [found['name'] for found in maps] == ['video', 'audio']
  x, y = (np.float64(unpack(maps[0][axis], '<u2')) for axis in 'xy')
  assert x[11] == y[11] == 65535
  assert max(np.ptp(x[:11]), np.ptp(y[:11])) == 65534  # One direction fills the map, the other has the same scale.
  centred = FEATURES - FEATURES.mean(axis=0)
  places = centred @ np.linalg.svd(centred)[2][:2].T
  np.testing.assert_allclose(np.ptp(y[:11]) / np.ptp(x[:11]), np.ptp(places[:, 1]) / np.ptp(places[:, 0]), rtol=1e-3)


def test_too_many_clips_are_sampled_but_all_that_pages_show_stay():
  shown = [3, 500, 99_999]
  clips = clip_data.choose_clips(100_000, shown, max_clips=1000)
  assert len(clips) == 1000 == len(set(clips.tolist())) and set(shown) <= set(clips.tolist())
  assert (np.diff(clips) > 0).all() and abs(clips.mean() - 50_000) < 4000
  np.testing.assert_array_equal(clip_data.choose_clips(1000, shown, max_clips=1000), np.arange(1000))


def test_one_clustering_without_labels_and_once_more(tmp_path):
  view = ClusteringView('joint', np.int32([0, 1, 1]), np.float32([1, 0.5, 1.5]))
  given = ReportInput('Film', [view], [], clip_names, lambda i: ClipMedia([], clip_factory.tone(0.5)), source='a')
  for left in ('lease.json.0a1b', f'report.json.tmp.{"0a1b" * 8}'):  # By a command that was killed at its beginning.
    (tmp_path / left).touch()
  cluster_report.build_report(str(tmp_path), given)
  page = Page(tmp_path / 'pages' / '0-joint-1.html')
  assert page.texts('p', 'number') == ['2clips, 66.7% of 3', '1.000mean distance to the centroid']
  assert not page.find('section', 'overlaps') and not page.find('section', 'history')
  assert [c['rank'] for c in data(tmp_path, 'clusters')['clusterings'][0]['clusters']] == [1, 2]
  assert data(tmp_path, 'map') == []
  # Another clustering of the same clips: pages of the first do not stay, thumbnails do.
  other = dataclasses.replace(given, views=[dataclasses.replace(view, pseudo_labels=np.int32([7, 7, 7]))])
  counts = cluster_report.build_report(str(tmp_path), other)
  assert (counts.made, counts.before, counts.empty) == (0, 3, 0)
  assert [path.name for path in (tmp_path / 'pages').iterdir()] == ['0-joint-7.html']

  def killed(clips):
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    cluster_report.build_report(str(tmp_path), dataclasses.replace(given, clip_names=killed))
  assert not (tmp_path / 'index.html').exists()  # Half a report has no first page.
  with pytest.raises(ValueError, match='was made with other settings'):
    cluster_report.build_report(str(tmp_path), dataclasses.replace(given, source='b'))


def test_refuses_a_folder_of_something_else(tmp_path):
  (tmp_path / 'pages').mkdir()
  (tmp_path / 'pages' / 'precious').write_text('mine')
  with pytest.raises(ValueError, match='is not empty and has no report.json; it holds pages'):
    cluster_report.build_report(str(tmp_path), make_input())
  assert (tmp_path / 'pages' / 'precious').exists()


def test_labels_without_names_are_refused(tmp_path):
  with pytest.raises(ValueError, match='A clip has label 2 but there are 2 label names'):
    cluster_report.build_report(
      str(tmp_path / 'report'), dataclasses.replace(make_input(), label_names=LABEL_NAMES[:2])
    )
  assert not (tmp_path / 'report').exists()
