"""SIGKILL at random moments, again and again until the command comes to its end; then what it made must be what it always makes."""

import dataclasses
import functools
import operator
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.reliability import material
from benchmarks.reliability.material import LIMIT_SECONDS, Material
from benchmarks.reliability.report import Row

# A round that was killed so often is let come to its end: some moments lie before the first thing that stays.
_KILLS_A_ROUND = 25
_FAILURES_AT_MOST = 5


@dataclasses.dataclass(frozen=True)
class Task:
  """A command that is killed.

  Attributes:
    what: for the table.
    made: the name of what it makes undisturbed, among the material.
    words: the words of the command, given the folder that it fills.
    share: the share of all kills.
    alone: kill the command without its children, which live on beside the next one.
  """

  what: str
  made: str
  words: Callable[[str], list[str]]
  share: float
  alone: bool = False


def tasks(made: Material, short: bool) -> list[Task]:
  """Returns the commands that are killed, with their share of the kills."""
  workers = ('--direct_running_mode=multi_processing', '--direct_num_workers=2')
  chosen = [
    Task('make_clips', 'records', lambda folder: material.clips_words(made.manifest, folder), 0.2),
    Task('pretrain, one CPU', 'run', lambda folder: material.pretrain_words(made.records, folder), 0.25),
    Task('export', 'models', lambda folder: ['xdc', 'export', '--run_dir', made.run, '--output_dir', folder], 0.15),
    Task('report', 'report', lambda folder: ['xdc', 'report', '--run_dir', made.run, '--output', folder], 0.1),
  ]
  if short:
    return chosen
  return [
    *chosen,
    Task('finetune', 'finetuned', lambda folder: material.finetune_words('finetune', made.records, folder), 0.1),
    Task('sweep', 'swept', lambda folder: material.finetune_words('sweep', made.records, folder), 0.1),
    Task('localize', 'localized', lambda folder: material.localize_words(made.actions, folder), 0.1),
    Task('pretrain, two CPUs', 'run_2', lambda f: material.pretrain_words(made.records, f, '--logical_cpus=2'), 0.1),
    Task('pretrain, two workers', 'run_of_workers', lambda f: ['two', *material.pretrain_words(made.records, f)], 0.1),
    Task(
      'make_clips, two workers that outlive it',
      'records_2',
      lambda folder: material.clips_words(made.manifest, folder, *workers),
      0.1,
      alone=True,
    ),
  ]


def undisturbed(task: Task, made: Material) -> str:
  """Returns the folder that a task fills when nobody disturbs it."""
  return made.make(task.made, task.words(os.path.join(made.folder, task.made)))


def run(made: Material, rng: np.random.Generator, short: bool, num_kills: int) -> Iterator[Row]:
  """Kills every task; yields a row for each."""
  todo = tasks(made, short)
  until = np.cumsum([task.share for task in todo])
  # Rounded where each ends, so that all of them are as many as asked for.
  ends = np.round(num_kills * until / until[-1]).astype(int)
  for task, number in zip(todo, np.diff(ends, prepend=0).tolist(), strict=True):
    yield _campaign(task, made, rng, max(1, number))


def _campaign(task: Task, made: Material, rng: np.random.Generator, num_kills: int) -> Row:
  row = Row('kills', task.what)
  folder = os.path.join(made.folder, 'kills', task.made)
  os.makedirs(folder)
  expected, rounds, left, outlived = results(undisturbed(task, made)), 0, 0, 0
  seconds = made.seconds[task.made]
  while row.runs < num_kills and len(row.failures) < _FAILURES_AT_MOST:
    rounds += 1
    here = f'{folder}/round-{rounds}'
    last = min(num_kills, row.runs + _KILLS_A_ROUND)
    while True:
      moment = rng.uniform(0, seconds) if row.runs < last else np.inf
      again = made.commands.run(
        task.words(here), LIMIT_SECONDS, functools.partial(operator.le, moment), alone=task.alone
      )
      if not again.killed:
        break
      row.runs += 1
    outlived += made.commands.end_orphans()
    if again.status:
      row.failures.append(f'a killed command does not go on: status {again.status}: {again.output[-300:]}')
      continue
    unlike = material.difference(expected, results(here))
    if unlike:
      row.failures.append(f'the end is not that of an undisturbed run: {unlike}')
    left += material.count_left_behind(here)
  row.seen = f'rounds to the end: {rounds}; undisturbed {seconds:.1f} s; temporary files left behind: {left}'
  row.seen += f'; workers that had to be ended: {outlived}' if task.alone else ''
  return row


def results(folder: str) -> dict[str, object]:
  """Returns what a folder holds; of SavedModels the newest version, since a kill after the last step makes one more."""
  kept: dict[str, Any] = {}
  versions: dict[str, Any] = {}
  for key, value in material.contents(folder).items():
    model, _, rest = key.partition('/')
    number, _, name = rest.partition('/')
    if model.startswith('xdc_') and number.isdecimal():
      versions.setdefault(model, {}).setdefault(int(number), {})[name] = value
    else:
      kept[key] = value
  for model, of_model in versions.items():
    newest = of_model[max(of_model)]
    kept |= {f'{model}/{name}': value for name, value in newest.items()}
    for number, value in of_model.items():
      if unlike := material.difference(newest, value):
        kept[f'{model}/{number}: {unlike}'] = number
  return kept
