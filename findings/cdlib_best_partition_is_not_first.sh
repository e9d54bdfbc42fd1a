#!/usr/bin/env bash
# What surprises: `FitnessRanking.topsis` of cdlib does not put the partition first that is the best by every measure; its "fractions" `max_odf`
#   and `avg_odf` are counts, and its significance is another number than leidenalg's, NaN for cliques.
# Guessed before it was run: a partition that wins by all four measures is ranked first; a fraction is at most 1 and the docstring's
#   formula; significance is that of the paper, which leidenalg computes.
# Seen: of a graph of six caves, cut into groups of 5 (the caves), 10, 7 and 3, the caves win by four modularities and come second, after
#   7. max_odf of the caves is 1.0 and avg_odf .4, by the formula .25 and .09. The significance is 163 (leidenalg 88.4), and NaN for six
#   cliques (118.9). The ranking sums over the partitions where it should sum over the measures (TOPSIS.py calls Python's
#   sum(a, 1)); the degree is not divided by; the density divides by pairs of edges, not of nodes.
# Versions: cdlib 0.4.1, leidenalg 0.12.0, igraph 1.0.0, networkx 3.7, Python 3.12.
# What xdc-tf does: clusterings are compared by NMI, purity and accuracy (xdc_tf/clustering/metrics.py).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check cdlib==0.4.1 leidenalg==0.12.0 igraph==1.0.0
"$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import warnings

warnings.simplefilter('ignore')
import igraph
import leidenalg
import networkx as nx
import numpy as np
from cdlib import NodeClustering, evaluation

print('cdlib', importlib.metadata.version('cdlib'))
graph, cliques = nx.connected_caveman_graph(6, 5), nx.caveman_graph(6, 5)


def cut(size, name):
  return NodeClustering([list(range(at, min(at + size, 30))) for at in range(0, 30, size)], graph, name)


caves = cut(5, 'five')
ranking = evaluation.FitnessRanking(graph, [caves, cut(10, 'ten'), cut(7, 'seven'), cut(3, 'three')])
measures = ('newman_girvan_modularity', 'erdos_renyi_modularity', 'modularity_density', 'z_modularity')
for measure in measures:
  scores = {name.split('_')[0]: float(score) for name, score in ranking.rank(getattr(evaluation, measure))[1].items()}
  print(measure, {name: round(score, 2) for name, score in scores.items()})
  assert max(scores, key=scores.get) == 'five'
order = [row.alg.split('_')[0] for row in ranking.topsis()[0]]
print('best first:', order)
share = [[sum(n not in group for n in graph[node]) / graph.degree(node) for node in group] for group in caves.communities]
true_max, true_mean = np.mean([max(row) for row in share]), np.mean([np.mean(row) for row in share])
found_max, found_mean = evaluation.max_odf(graph, caves).score, evaluation.avg_odf(graph, caves).score
print(f'max_odf {found_max:.2f}, by the formula {true_max:.2f}; avg_odf {found_mean:.2f}, by the formula {true_mean:.2f}')
significance = {}
for name, one in (('caves', graph), ('cliques', cliques)):
  partition = leidenalg.SignificanceVertexPartition(igraph.Graph(30, list(one.edges())), [node // 5 for node in range(30)])
  significance[name] = (evaluation.significance(one, caves).score, partition.quality())
print('significance, of cdlib and leidenalg:', significance)

assert order[0] == 'seven' and order[1] == 'five'
assert np.allclose([found_max, true_max, found_mean, true_mean], [1, 0.25, 0.4, 0.09])
assert np.allclose(significance['caves'], [163.459, 88.3596], atol=0.01)
assert np.isnan(significance['cliques'][0]) and np.isclose(significance['cliques'][1], 118.86, atol=0.01)
PYTHON_END
