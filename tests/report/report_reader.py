"""Reads the pages and data of a report as a browser would."""

import base64
import html.parser
import json
import pathlib
import re

import numpy as np


class Page(html.parser.HTMLParser):
  """The elements of a page as (tag, attributes, text inside), in order; says when tags do not match."""

  VOID = ('meta', 'link', 'input', 'img', 'br', 'line', 'path', 'polyline')

  def __init__(self, path: pathlib.Path):
    super().__init__()
    self.path = path
    self.elements, self.open = [], []
    self.feed(path.read_text('utf-8'))
    self.close()
    assert not self.open, f'not closed: {self.open}'

  def handle_starttag(self, tag, attributes):
    self.elements.append([tag, dict(attributes), ''])
    if tag not in self.VOID:
      self.open.append((tag, len(self.elements) - 1))

  def handle_startendtag(self, tag, attributes):
    self.elements.append([tag, dict(attributes), ''])

  def handle_endtag(self, tag):
    if tag not in self.VOID:
      assert self.open[-1][0] == tag, (tag, self.open)
      self.open.pop()

  def handle_data(self, data):
    for _, number in self.open:
      self.elements[number][2] += data

  def find(self, tag, css_class=None):
    return [
      (attributes, text)
      for name, attributes, text in self.elements
      if name == tag and (css_class is None or css_class in (attributes.get('class') or '').split())
    ]

  def texts(self, tag, css_class=None):
    return [text for _, text in self.find(tag, css_class)]


def data(report: pathlib.Path, name: str):
  """The value that a script of data/ sets."""
  match = re.fullmatch(
    rf'"use strict";\n\(globalThis\.XDC \?\?= \{{\}}\)\.{"maps" if name == "map" else name} = (.*);\n',
    (report / 'data' / f'{name}.js').read_text('ascii'),
  )
  return json.loads(match[1])


def unpack(text: str, dtype: str) -> list:
  return np.frombuffer(base64.b64decode(text), dtype).tolist()
