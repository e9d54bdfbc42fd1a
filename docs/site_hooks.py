"""For the site: notebooks become pages, the demo's report comes along, and what is linked to beside docs/ becomes plain text."""

import json
import os
import pathlib
import re

from mkdocs.structure.files import File, Files

DEMO_REPORT = pathlib.Path('demo_run/report')  # Of `make demo`; where it was not run, the site is without it.


def on_files(files: Files, config) -> Files:
  """Puts a page in the place of every notebook, and adds the demo's report; called by MkDocs once."""
  for file in [file for file in files if file.src_uri.endswith('.ipynb')]:
    files.remove(file)
    page = file.src_uri.replace('.ipynb', '.md')
    files.append(File.generated(config, page, content=_as_markdown(pathlib.Path(file.abs_src_path))))
  for path in DEMO_REPORT.rglob('*.*'):
    target = f'demo_report/{path.relative_to(DEMO_REPORT)}'
    files.append(File.generated(config, target, abs_src_path=str(path.absolute())))
  return files


def _as_markdown(notebook: pathlib.Path) -> str:
  cells = [(cell['cell_type'], ''.join(cell['source'])) for cell in json.loads(notebook.read_text())['cells']]
  title, *rest = [text if kind == 'markdown' else f'```python\n{text}\n```' for kind, text in cells]
  return '\n\n'.join([title, f'This page is the notebook `docs/{notebook.name}`.', *rest])


def on_page_markdown(markdown: str, page, config, files) -> str:
  """Takes out links that leave docs/, leads those to notebooks to their pages, links the report; called for every page."""
  folder = os.path.dirname(os.path.join(config['docs_dir'], page.file.src_uri))

  def inside(match: re.Match) -> str:
    text, target = match.groups()
    if target.endswith('.ipynb'):
      return f'[{text}]({target.replace(".ipynb", ".md")})'
    path = os.path.normpath(os.path.join(folder, target.partition('#')[0]))
    leaves = not path.startswith(config['docs_dir'] + os.sep) and '://' not in target and not target.startswith('#')
    return f'{text} (`{os.path.relpath(path, os.path.dirname(config["docs_dir"]))}`)' if leaves else match[0]

  if page.file.src_uri == 'seeing.md' and DEMO_REPORT.exists():
    markdown += "\n\n## The demo's report\n\nIt is [a page here](demo_report/index.html).\n"
  return re.sub(r'(?<!!)\[([^\]]*)\]\(([^)\s]+)\)', inside, markdown)
