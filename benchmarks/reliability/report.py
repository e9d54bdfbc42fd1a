"""The rows of the campaign, their table and their file."""

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass
class Row:
  """One line of the table.

  Attributes:
    part: of the campaign.
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


def about(contents: dict) -> str:
  """Returns what the table was measured with, in a sentence."""
  form = 'short form' if contents['short'] else 'full form'
  kills = sum(row['runs'] for row in contents['rows'] if row['part'] == 'kills')
  return (
    f'{form}, seed {contents["seed"]}, {kills} kills, {contents["minutes"]:.0f} minutes on {contents["machine"]}; '
    f'{contents["software"]}; {contents["date"]}.'
  )
