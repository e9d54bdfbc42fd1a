"""The rows of the campaign, their table and their file."""

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass
class Row:
  """One line of the table.

  Attributes:
    part: the part of the campaign.
    what: was done to what.
    runs: how often.
    failures: a sentence for each that went wrong.
    seen: what else is to be told.
    skipped: why it was not run; '' where it was.
  """

  part: str
  what: str
  runs: int = 0
  failures: list[str] = dataclasses.field(default_factory=list)
  seen: str = ''
  skipped: str = ''


def table(rows: Sequence[dict]) -> str:
  """Formats a Markdown table of rows as JSON has them; the reasons of failures follow in the same cell."""
  lines = ['| part | what | runs | failed | seen |', '|---|---|---:|---:|---|']
  for row in rows:
    failed = 'skipped' if row['skipped'] else str(len(row['failures']))
    kinds = dict.fromkeys(failure.partition(': ')[0] for failure in row['failures'])
    told = [row['skipped'] or row['seen'], *(f'**failed:** {kind}' for kind in kinds)]
    cells = (row['part'], row['what'], row['runs'], failed, '; '.join(filter(None, told)))
    lines.append('| ' + ' | '.join(str(cell).replace('|', '\\|').replace('\n', ' ') for cell in cells) + ' |')
  return '\n'.join(lines)


def rows_of(contents: dict) -> list[dict]:
  """Returns the rows of all parts in a file of results."""
  return [row for part in contents['parts'].values() for row in part['rows']]


def about(contents: dict) -> str:
  """Returns what each part was measured with, a line each: parts may have been run one by one."""

  def line(name: str, part: dict) -> str:
    form, runs = 'short' if part['short'] else 'full', sum(row['runs'] for row in part['rows'])
    return (
      f'- {name}: {form} form, seed {part["seed"]}, {runs} runs in {part["minutes"]:.1f} minutes on {part["machine"]}; '
      f'{part["software"]}; {part["date"]}'
    )

  return '\n'.join(line(name, part) for name, part in contents['parts'].items())
