"""The paper's claims, one by one, beside what was measured in miniature: whether each holds, and in which seeds.

  python -m benchmarks.miniature.claims [--table1 table1_run/results.json] [--tables FILE] [--transfer FILE] [--table5 FILE]

reads benchmarks/results/, or results of your own, and prints the table of docs/claims.md. A claim holds where it does in every seed
and in both modalities.
"""

import argparse
import dataclasses
import os
from collections.abc import Callable

import numpy as np

from benchmarks import command_line
from benchmarks.miniature import results
from xdc_tf import files

RESULTS = os.path.join(os.path.dirname(os.path.dirname(__file__)), 'results')
SELF_SUPERVISED = ('sdc', 'mdc', 'cdc', 'xdc')
NOT_MEASURED = 'not measured'
UNCURATED = '20% with the sound of another digit'


@dataclasses.dataclass(frozen=True)
class Claim:
  """One claim.

  Attributes:
    source: in the paper.
    sentence: the claim in our words.
    paper: its numbers.
    measure: what was measured here, or a KeyError where that is missing.
  """

  source: str
  sentence: str
  paper: str
  measure: Callable[['Measured'], list['Finding']]


@dataclasses.dataclass(frozen=True)
class Finding:
  """One comparison, seed by seed.

  Attributes:
    text: what is compared, without the numbers.
    differences: one a seed, above 0 where the claim holds.
  """

  text: str
  differences: list[float]

  @property
  def holds(self) -> bool:
    """Whether it does in every seed."""
    return min(self.differences) > 0

  def __str__(self) -> str:
    spread = f' ± {np.std(self.differences, ddof=1):.3f}' if len(self.differences) > 1 else ''
    return f'{self.text} {np.mean(self.differences):+.3f}{spread}'


class Measured:
  """The results that there are."""

  def __init__(self, **paths: str):
    """Takes the results of 'table1', 'tables', 'transfer' and 'table5' from these files; what is not there is not measured."""
    self._paths = paths

  def table1(self, method: str, modality: str, key: str) -> np.ndarray:
    """Returns a number of every seed of a row of Table 1 in miniature; the two same-modality rows are one."""
    cells = self._read('table1')['cells']
    if method == 'same_modality':
      method = f'same_modality_{modality}'
    measured = {c['seed']: c['encoders'] for c in cells if c['method'] == method}
    if not measured:
      raise KeyError(method)
    name = modality if modality in next(iter(measured.values())) else f'{modality}_a'
    return np.array([measured[seed][name][key] for seed in sorted(measured)])

  def row(self, table: str, title: str, modality: str) -> dict[int, float]:
    """Returns the linear probe of every seed of a row of tables_miniature."""
    rows = [r for r in self._read('tables')['rows'] if (r['table'], r['title']) == (table, title)]
    if not rows:
      raise KeyError(f'{table}: {title}')
    return {r['seed']: r['probe'][modality] for r in rows}

  def lead(self, table: str, better: str, worse: str, modality: str) -> dict[int, float]:
    """Returns by how much a row leads another one, in the seeds that both have."""
    first, second = (self.row(table, title, modality) for title in (better, worse))
    return {seed: first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())}

  def transfer(self, method: str, modality: str, protocol: str, name: str = 'transfer') -> np.ndarray:
    """Returns the accuracy of a protocol, at the rate that is best on the test clips, as the paper reports."""
    rows = self._read(name)['rows']
    of_encoder = next(row for row in rows if (row['method'], row['modality']) == (method, modality))
    return np.array([of_encoder['protocols'][protocol]['test_best']])

  def _read(self, name: str) -> dict:
    path = self._paths.get(name, '')
    if not os.path.exists(path):
      raise KeyError(name)
    return files.read_json(path)


def _least_lead(measured: Measured, winners: tuple[str, ...], losers: tuple[str, ...]) -> list[Finding]:
  """By how much the least of some methods leads the best of others when finetuned on 10 clips a class."""
  findings = []
  for modality in results.MODALITIES:
    least, best = (
      reduce([measured.table1(method, modality, 'finetune_few') for method in methods], axis=0)
      for reduce, methods in ((np.min, winners), (np.max, losers))
    )
    findings.append(Finding(modality, (least - best).tolist()))
  return findings


def _leads(measured: Measured, table: str, better: str, worse: str) -> list[Finding]:
  """By how much a row of tables_miniature leads another one, in seeds that both have."""
  return [_finding(modality, measured.lead(table, better, worse, modality)) for modality in results.MODALITIES]


def _finding(text: str, by_seed: dict[int, float]) -> Finding:
  if not by_seed:
    raise KeyError(f'{text}: no seed was measured in all rows')
  return Finding(text, list(by_seed.values()))


def _order_stays(measured: Measured) -> list[Finding]:
  """XDC leads random weights whether all is finetuned or the last layer alone."""
  return [
    Finding(f'{m}, {p}', (measured.transfer('xdc', m, p) - measured.transfer('random', m, p)).tolist())
    for m in results.MODALITIES
    for p in ('full', 'fc')
  ]


def _lead_stays(measured: Measured) -> list[Finding]:
  """XDC's lead over supervised pretraining, on another corpus, changes by less than .05 between both protocols."""
  findings = []
  for m in results.MODALITIES:
    full, fc = (
      measured.transfer('xdc', m, p, 'table5') - measured.transfer('scratch', m, p, 'table5') for p in ('full', 'fc')
    )
    findings.append(Finding(f'{m}, .05 less the change of the lead', (0.05 - abs(full - fc)).tolist()))
  return findings


def _gap_shrinks(measured: Measured) -> list[Finding]:
  """The gap between clips with their own sounds and with 20 % of others' is smaller with more clips."""
  findings = []
  for modality in results.MODALITIES:
    small, large = (
      measured.lead('3 and 4', f'{n} clips, curated', f'{n} clips, {UNCURATED}', modality) for n in (1000, 3000)
    )
    shrinks = {seed: small[seed] - large[seed] for seed in sorted(small.keys() & large.keys())}
    findings.append(_finding(f'{modality}, gap at 1,000 less gap at 3,000', shrinks))
  return findings


def _other_backbone(measured: Measured) -> list[Finding]:
  """By how much XDC with ResNet3D stays above R(2+1)D's accuracy less .05."""
  leads = _leads(measured, '13', 'ResNet3D', 'R(2+1)D')
  return [Finding(f'{lead.text}, plus .05:', [value + 0.05 for value in lead.differences]) for lead in leads]


CLAIMS = (
  Claim(
    'Study 1, I',
    'Every self-supervised method beats training from scratch',
    'UCF101: Scratch 54.5, SDC 61.8, XDC 74.2',
    lambda measured: _least_lead(measured, SELF_SUPERVISED, ('scratch',)),
  ),
  Claim(
    'Study 1, II',
    'Methods of two modalities beat the one of a single modality (and random weights)',
    'UCF101: SDC 61.8, MDC 68.4, CDC 72.9',
    # Of two methods that are below random weights neither has learned what the other has not.
    lambda measured: _least_lead(measured, ('mdc', 'cdc', 'xdc'), ('sdc', 'random')),
  ),
  Claim(
    'Study 1, III',
    'XDC is the best of all',
    'UCF101: CDC 72.9, XDC 74.2',
    lambda measured: _least_lead(measured, ('xdc',), ('sdc', 'mdc', 'cdc', 'scratch')),
  ),
  Claim(
    'Study 1, IV',
    'Within one modality XDC is far worse',
    'UCF101: same-modality XDC 61.3, XDC 74.2',
    lambda measured: _least_lead(measured, ('xdc',), ('same_modality',)),
  ),
  Claim(
    'Study 1',
    'Three iterations are too few: six are better',
    'it takes 5 to 6 to converge',
    lambda measured: _leads(measured, 'iterations', '6 iterations', '3 iterations'),
  ),
  Claim(
    'Study 1',
    'Six iterations are enough: ten are not better',
    'it takes 5 to 6 to converge',
    lambda measured: _leads(measured, 'iterations', '6 iterations', '10 iterations'),
  ),
  Claim(
    'Study 2, II',
    'The best k is not the number of labels (20 against 10 here)',
    'Kinetics, 400 labels: best at 64, 128 and 256',
    lambda measured: _leads(measured, '2', 'k = 20', 'k = 10'),
  ),
  Claim(
    'Study 3, I',
    'More clips make XDC better',
    'HMDB51: 39.0 with 240 thousand, 63.1 with 65 million',
    lambda measured: _leads(measured, '3 and 4', '3000 clips, curated', '1000 clips, curated'),
  ),
  Claim(
    'Study 3, II',
    'XDC can beat supervised pretraining',
    'HMDB51: 63.1, supervised 58.0',
    lambda measured: _leads(measured, '3 and 4', '3000 clips, curated', '3000 clips, supervised'),
  ),
  Claim(
    'Study 4, I',
    'Curated clips make XDC better (3,000 of them)',
    'UCF101: curated 91.5, uncurated 88.8; ESC50: 84.8 and 86.3',
    lambda measured: _leads(measured, '3 and 4', '3000 clips, curated', f'3000 clips, {UNCURATED}'),
  ),
  Claim(
    'Study 4, II',
    'What uncurated clips cost shrinks with their number',
    'HMDB51: 5.2 at 1 million, 1.9 at 65 million',
    _gap_shrinks,
  ),
  Claim(
    'Table 5',
    'XDC beats random weights both as fixed features and as a start',
    'UCF101: fc 85.3 and 6.0, all 91.5 and 54.5',
    _order_stays,
  ),
  Claim(
    'Study 5, I',
    'XDC compares with supervised pretraining alike as fixed features and as a start',
    'UCF101: fc 85.3 and 89.7, all 91.5 and 90.9',
    _lead_stays,
  ),
  Claim('Table 13', 'XDC learns with another video backbone', 'ResNet3D-18 beats Scratch', _other_backbone),
)


def table(measured: Measured) -> str:
  """Formats a Markdown table of all claims."""
  rows = [['source', 'claim', 'in the paper', 'in miniature', 'holds']]
  for claim in CLAIMS:
    try:
      findings = claim.measure(measured)
    except KeyError:
      rows.append([claim.source, claim.sentence, claim.paper, NOT_MEASURED, ''])
      continue
    held = [finding.holds for finding in findings]
    verdict = 'yes' if all(held) else 'in part' if any(held) else 'no'
    rows.append([claim.source, claim.sentence, claim.paper, '; '.join(map(str, findings)), verdict])
  return '\n'.join(f'| {" | ".join(row)} |' for row in [rows[0], ['---'] * 5, *rows[1:]])


def parser() -> argparse.ArgumentParser:
  """Returns the parser of the command line."""
  result = command_line.parser('benchmarks.miniature.claims', __doc__)
  for name in ('table1', 'tables', 'transfer'):
    default = os.path.join(RESULTS, f'{name}_miniature.json')
    result.add_argument(
      f'--{name}', default=default, help=f'results.json of benchmarks.{name}_miniature; default: the kept ones'
    )
  result.add_argument(
    '--table5',
    default=os.path.join(RESULTS, 'table5_miniature.json'),
    help='results of benchmarks.transfer_miniature on the records of another corpus; default: the kept ones',
  )
  return result


if __name__ == '__main__':
  print(table(Measured(**vars(parser().parse_args()))))
