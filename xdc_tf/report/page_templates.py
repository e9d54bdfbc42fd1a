"""The pages' templates: files beside this one, filled with text that is HTML already."""

import functools
import html
import importlib.resources
import string
from typing import Any

# A page may load what lies beside it and nothing else, whatever a file name holds. 'self' is for pages that a server gives,
# file: for those opened from disk. The styles inside are widths of bars.
POLICY = (
  "default-src 'none'; img-src 'self' file: data:; media-src 'self' file:; script-src 'self' file:; "
  "style-src 'self' file: 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


def plain(value: Any) -> str:
  """Returns a text that can be written as UTF-8: bytes of a file name that are none become question marks."""
  return str(value).encode('utf-8', 'replace').decode()


def escape(value: Any) -> str:
  """Escapes a text for HTML and for quoted attributes."""
  return html.escape(plain(value), quote=True)


@functools.cache
def read(name: str) -> str:
  """The text of a file in templates/."""
  return (importlib.resources.files('xdc_tf.report') / 'templates' / name).read_text('utf-8')


def fill(template: str, /, **parts: Any) -> str:
  """Fills a template of templates/; the parts must be HTML already."""
  return string.Template(read(template)).substitute(parts).strip()


def page(root: str, title: str, scripts: tuple[str, ...], body: str) -> str:
  """A whole page.

  Args:
    root: the way from the page to the report's folder, e.g. '../'.
    title: the title of the window; not escaped yet.
    scripts: files in the report's folder, in the order in which they run.
    body: HTML.
  """
  tags = ''.join(f'<script src="{root}{name}" defer></script>\n' for name in scripts)
  return fill('page.html', root=root, title=escape(title), policy=POLICY, scripts=tags, body=body) + '\n'
