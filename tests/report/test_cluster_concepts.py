"""Tables 6, 14 and 15: counted by hand, and against the report's own ranking."""

import numpy as np
import pytest

from xdc_tf.records import label_table
from xdc_tf.report import cluster_concepts, cluster_ranking
from xdc_tf.report.cluster_concepts import ConceptsTable
from xdc_tf.report.cluster_ranking import Share

NAMES = ('bagpipes', 'harmonica', 'vio|in')


def bits(*labels):
  """The table of clips with these labels each."""
  table = np.zeros([len(labels), len(NAMES)], bool)
  for row, of_clip in zip(table, labels, strict=True):
    row[list(of_clip)] = True
  return label_table.pack(table)


def ranked(pseudo_labels, label_bits, num_concepts=5):
  return cluster_concepts.rank_by_purity(np.int32(pseudo_labels), label_bits, len(NAMES), num_concepts)


def test_clips_with_several_labels_and_with_none():
  # Cluster 0: 4 clips, 3 of them labelled: {0, 1} {0} {2}; cluster 1: {2} {1, 2}; cluster 2: one clip without; 4: {1}.
  labels = bits([0, 1], [0], [2], [], [2], [1, 2], [], [1], [0])
  found = ranked([0, 0, 0, 0, 1, 1, 2, 4, -1], labels)
  assert [(c.rank, c.cluster, c.size, c.labelled) for c in found] == [
    (1, 1, 2, 2),
    (2, 4, 1, 1),
    (3, 0, 4, 3),
    (4, 2, 1, 0),
  ]
  assert [c.purity for c in found] == [1.0, 1.0, pytest.approx(2 / 3), None]
  assert found[0].concepts == [Share(2, 1.0), Share(1, 0.5)]
  assert found[2].concepts == [
    Share(0, pytest.approx(2 / 3)),
    Share(1, pytest.approx(1 / 3)),
    Share(2, pytest.approx(1 / 3)),
  ]
  assert found[3].concepts == []
  with pytest.raises(ValueError, match='No clip of these clusters has a label'):
    ranked([0, 1], bits([], []))


def test_single_labels_give_what_the_report_gives(monkeypatch):
  monkeypatch.setattr(cluster_concepts, '_CHUNK', 64)
  rng = np.random.default_rng(0)
  pseudo_labels, labels = np.int32(rng.integers(-1, 9, 500)), np.int32(rng.integers(-1, 3, 500))
  found = ranked(pseudo_labels, bits(*([n] if n >= 0 else [] for n in labels)), num_concepts=2)
  view = cluster_ranking.ClusteringView('video', pseudo_labels, np.zeros(500, np.float32), labels)
  expected = cluster_ranking.rank_clusters(view, num_shares=2)
  assert [(c.rank, c.cluster, c.size, c.purity, c.concepts) for c in found] == [
    (s.rank, s.cluster, s.size, s.purity, s.labels) for s in expected
  ]


def test_top_and_bottom():
  clusters = ranked(range(5), bits(*[[0]] * 5))
  assert [c.rank for c in cluster_concepts.top_and_bottom(clusters, 2)] == [1, 2, 4, 5]
  assert [c.rank for c in cluster_concepts.top_and_bottom(clusters, 3)] == [1, 2, 3, 4, 5]


@pytest.fixture(scope='module')
def table():
  labels = bits([0], [0], [1], [2], [1], [])
  audio, video = ranked([0, 0, 0, 1, 1, 2], labels, 2), ranked([1, 1, 1, 1, 1, 0], labels, 2)
  return ConceptsTable('Kinetics', NAMES, {'audio': audio, 'video': video}, 10, 2)


def test_markdown_has_the_columns_of_the_paper(table):
  assert cluster_concepts.markdown(table).splitlines() == [
    'Top and bottom 10 audio (left) and video (right) clusters ranked by clustering purity w.r.t. Kinetics labels. For each '
    'cluster, the 2 concepts with the highest purity (given in parentheses).',
    '',
    '| # | Kinetics concepts               | # | Kinetics concepts               |',
    '|---|---------------------------------|---|---------------------------------|',
    '| 1 | bagpipes(0.67), harmonica(0.33) | 1 | bagpipes(0.40), harmonica(0.40) |',
    r'| 2 | harmonica(0.50), vio\|in(0.50)  | 2 | no labels                       |',
    '| 3 | no labels                       |   |                                 |',
  ]


def test_csv_and_json_have_every_number(table):
  assert cluster_concepts.as_csv(table).splitlines()[:3] == [
    'clustering,rank,cluster,clips,labelled_clips,concept,share',
    'audio,1,0,3,3,bagpipes,0.6666666666666666',
    'audio,1,0,3,3,harmonica,0.3333333333333333',
  ]
  assert cluster_concepts.as_dictionary(table)['video'] == [
    {
      'rank': 1, 'cluster': 1, 'clips': 5, 'labelled_clips': 5, 'purity': 0.4,
      'concepts': [{'concept': 'bagpipes', 'share': 0.4}, {'concept': 'harmonica', 'share': 0.4}],
    },
    {'rank': 2, 'cluster': 0, 'clips': 1, 'labelled_clips': 0, 'purity': None, 'concepts': []},
  ]  # fmt: skip
