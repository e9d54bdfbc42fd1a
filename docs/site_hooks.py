"""For the site: what a page links to beside docs/ (code, results, folders) is not on it, and becomes plain text."""

import os
import re


def on_page_markdown(markdown: str, page, config, files) -> str:
  """Takes out the links that leave docs/; called by MkDocs for every page."""
  folder = os.path.dirname(page.file.abs_src_path)

  def plain(match: re.Match) -> str:
    text, target = match.groups()
    path = os.path.normpath(os.path.join(folder, target.partition('#')[0]))
    leaves = not path.startswith(config['docs_dir'] + os.sep) and '://' not in target and not target.startswith('#')
    return f'{text} (`{os.path.relpath(path, os.path.dirname(config["docs_dir"]))}`)' if leaves else match[0]

  return re.sub(r'(?<!!)\[([^\]]*)\]\(([^)\s]+)\)', plain, markdown)
