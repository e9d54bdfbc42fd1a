"""The benchmark for GPUs runs on what there is, its peer too where it is installed."""

import dataclasses

import pytest

from benchmarks.gpu import __main__ as program
from benchmarks.gpu import parts
from benchmarks.gpu.ours import SMALL, Ours

pytestmark = pytest.mark.slow

TINY = dataclasses.replace(SMALL, batch_size=1, steps=4)


def test_every_part_is_measured(one_replica):
  rows = {part: list(program.measured(part, TINY, one_replica)) for part in ('kmeans', 'reading')}
  assert [row['what'] for row in rows['kmeans']] == ['k-means pass, read', 'k-means pass, kept']
  assert [row['what'] for row in rows['reading']] == [
    'reader, without decoding', 'reader, uint8', 'train, video, from records'
  ]  # fmt: skip
  assert all(row['clips_per_second'] > 0 for part in rows.values() for row in part[:2])


def test_ours_trains_and_embeds_several_steps_a_call(two_replicas):
  ours = Ours('audio', TINY, two_replicas, precision='float32', jit_compile=False, steps_per_call=2)
  before = ours.trainer.encoder.trainable_variables[0].numpy()
  assert ours.clips_a_call == 4 and ours.train().numpy()[2] == 4
  assert (before != ours.trainer.encoder.trainable_variables[0].numpy()).any()
  assert ours.embed().shape == (1, 512)


def test_the_peer_is_the_same_network():
  torch = pytest.importorskip('torch')
  from benchmarks.gpu.peer import Theirs

  theirs = Theirs('audio', TINY, 'bfloat16', 'channels last', compiled=False)
  assert torch.isfinite(theirs.train()) and theirs.embed().shape == (1, 512)


def test_what_fails_says_why(monkeypatch, one_replica):
  def fails(sizes, strategy):
    yield {'what': 'one', 'clips_per_second': 1234.5, 'memory_gib': 1.5}
    raise ValueError('out of\nluck')

  monkeypatch.setitem(parts.PARTS, 'fails', fails)
  rows = {'fails': list(program.measured('fails', TINY, one_replica))}
  assert rows['fails'][1] == {'what': 'fails', 'error': 'out of'}
  rows['peer'] = [{'what': 'two', 'peer': 'PyTorch', 'peer_clips_per_second': 10.0, 'ratio': 1.234}]
  cells = [[cell.strip() for cell in line.split('|')[1:-1]] for line in program.table(rows).splitlines()[2:]]
  assert cells == [
    ['one', '1,234 clips/s', '', '', '', '1.5'],
    ['fails', 'out of', '', '', '', ''],
    ['two', '', 'PyTorch', '10 clips/s', '1.23', ''],
  ]
