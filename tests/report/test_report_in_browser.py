"""Uses the report as a person would, from disk and without a network, in headless Chromium where there is one."""

import re
import shutil

import pytest
from report_factory import NASTY, make_input

from xdc_tf.report import cluster_report

playwright = pytest.importorskip('playwright.sync_api', reason="no playwright: pip install '.[test]'")
CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason='no chromium, chromium-browser or google-chrome on the PATH')


@pytest.fixture(scope='module')
def report(tmp_path_factory):
  folder = tmp_path_factory.mktemp('browser') / 'a report "1" #2'
  # Two of twelve clips are not shown: three of the nearest and one of the farthest of each cluster are.
  cluster_report.build_report(str(folder), make_input(), clips_per_cluster=3)
  return folder


@pytest.fixture(scope='module')
def browser():
  with playwright.sync_playwright() as api:
    yield api.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox', '--disable-gpu'])


@pytest.fixture
def open_page(browser, report):
  """Opens a page of the report; at the end nothing may have gone wrong in any, nor been asked of a network."""
  troubles, contexts = [], []

  def open_(name, width=1200, height=900, **options):
    context = browser.new_context(viewport={'width': width, 'height': height}, offline=True, **options)
    contexts.append(context)
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on('console', lambda message: troubles.append(message.text))
    page.on('pageerror', lambda error: troubles.append(str(error)))
    page.on('dialog', lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
    page.on('request', lambda request: request.url.startswith(('file:', 'data:')) or troubles.append(request.url))
    page.goto((report / name).as_uri())
    return page

  yield open_
  for context in contexts:
    context.close()
  assert troubles == []


def cards(page) -> list[str]:
  return page.locator('.card .head b').all_text_contents()


def wait_until(page, expression: str) -> None:
  """Waits until a JavaScript expression holds; playwright's own way of waiting is against the pages' policy."""
  for _ in range(200):
    if page.evaluate(expression):
      return
    page.wait_for_timeout(50)
  raise AssertionError(f'{expression} did not become true')


def test_filter_sort_and_tabs(open_page):
  page = open_page('index.html')
  assert page.inner_text('h1') == f'Film {NASTY}'
  assert page.locator('.dot').count() == 5
  assert cards(page) == ['1', '0']
  assert page.inner_text('#count') == '2 of 2 clusters'
  page.click('.tabs button:nth-child(2)')
  assert cards(page) == ['1', '2', '0']
  page.select_option('#sort', 'size')
  assert cards(page) == ['1', '2', '0']
  page.select_option('#sort', 'tightness')  # Means of 2.5, 5 and 2.
  assert cards(page) == ['0', '1', '2']
  page.select_option('#label', '登山')
  assert cards(page) == ['0'] and page.inner_text('#count') == '1 of 3 clusters'
  assert page.locator('.dot.off').count() == 3
  page.fill('#filter', '<i>SCUBA</i>')
  assert cards(page) == ['0']
  page.fill('#filter', '鳥ü')
  assert cards(page) == ['0']
  page.fill('#filter', 'no such thing')
  assert cards(page) == []
  # What was chosen is in the address: the back button finds it again.
  page.fill('#filter', 'bagpipes')
  page.click('.card')
  assert page.url.endswith('/pages/1-audio-0.html')
  page.go_back()
  assert cards(page) == ['0'] and page.input_value('#filter') == 'bagpipes'


def test_search_leads_to_the_clip(open_page):
  page = open_page('index.html')
  page.fill('#search', 'BAGPIPES 4:06')
  page.wait_for_selector('#found-note:has-text("0 clips found")', state='attached')
  page.fill('#search', '登山')
  page.wait_for_selector('#found li')
  assert page.inner_text('#found .caption') == f'4:06 4 {NASTY}'
  assert page.locator('#found a').all_inner_texts() == ['video 0', 'audio 0']
  page.fill('#search', '鳥Ü 4:06')  # The file name has ü as two characters.
  page.wait_for_selector('#found-note:has-text("1 clip found")')
  page.fill('#search', '4')
  page.wait_for_selector('#found-note:has-text("clip")')
  assert page.locator('#found .caption').first.inner_text().startswith('4:06 4')
  page.press('#search', 'Enter')
  page.wait_for_url('**/pages/0-video-0.html#clip-4')
  assert page.locator('.tile:target').get_attribute('id') == 'clip-4'


def test_a_clip_that_is_not_shown_gets_a_line(open_page):
  page = open_page('index.html')
  page.fill('#search', 'caf')
  page.click('#found a:has-text("video 0")')
  line = page.wait_for_selector('.looked-up').inner_text()
  assert line == 'caf?.mp4'.join(
    ['1:01 ', ' · playing "bagpipes" · clip 1: number 5 of 6 by distance (5.000), so it is not shown below.']
  )
  page.goto(page.url.replace('clip-1', 'clip-9'))
  assert page.wait_for_selector('main .notice').inner_text() == 'Clip 9 is not in this cluster.'


def test_hover_moves_and_a_click_sounds(open_page):
  page = open_page('pages/0-video-1.html')
  tile = page.locator('#clip-6')
  assert page.locator('video').count() == 0
  tile.hover()
  wait_until(page, 'document.querySelector("video")?.currentTime > 0.05')
  video = (
    '(video) => [video.muted, video.videoWidth, video.videoHeight, video.preload, Math.round(10 * video.duration)]'
  )
  assert page.locator('video').evaluate(video) == [True, 200, 112, 'none', 4]
  page.locator('#clip-7').hover()
  page.wait_for_selector('#clip-7 video')
  assert page.locator('video').count() == 1
  tile.click()
  assert tile.get_attribute('aria-pressed') == 'true'
  assert page.locator('#clip-6 video').evaluate('(video) => video.muted') is False
  assert page.inner_text('#status').startswith('Sound of 6:09 6 ')
  page.locator('#clip-7').click()  # One at a time.
  assert tile.get_attribute('aria-pressed') == 'false'
  page.keyboard.press('Escape')
  assert page.locator('[aria-pressed="true"]').count() == 0
  assert page.locator('#clip-6 .spectrogram img').evaluate('(image) => image.complete && image.naturalHeight') == 80


def test_the_keyboard_reaches_everything(open_page):
  page = open_page('index.html')
  page.keyboard.press('/')
  assert page.evaluate('document.activeElement.id') == 'search'
  page.locator('.card').first.focus()
  page.keyboard.press('ArrowRight')
  page.keyboard.press('ArrowRight')
  page.keyboard.press('ArrowLeft')
  page.keyboard.press('Enter')
  page.wait_for_url('**/pages/0-video-1.html')
  page.keyboard.press('Tab')
  assert page.evaluate('document.activeElement.className') == 'skip'
  for _ in range(4):  # Both links above, the only neighbour, the first clip.
    page.keyboard.press('Tab')
  assert page.evaluate('document.activeElement.id') == 'clip-6'
  page.wait_for_selector('#clip-6 video')
  page.keyboard.press('Enter')
  assert page.get_attribute('#clip-6', 'aria-pressed') == 'true'
  page.keyboard.press('ArrowRight')
  page.wait_for_url('**/pages/0-video-0.html')
  page.keyboard.press('ArrowLeft')
  page.wait_for_url('**/pages/0-video-1.html')
  page.click('text="On the map"')
  assert page.inner_text('#legend [aria-pressed="true"] span') == 'video 1'


def colours(page) -> dict[str, int]:
  """How many pixels of the map have each colour, by name."""
  return page.evaluate("""() => {
    const canvas = document.getElementById('plane');
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const counts = {};
    for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3]) {
      const name = pixels.slice(i, i + 3).join();
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }""")


def drawn_again(page, action) -> None:
  before = page.get_attribute('#plane', 'data-drawn')
  action()
  wait_until(page, f'document.getElementById("plane").dataset.drawn !== "{before}"')


def test_the_map(open_page):
  page = open_page('map.html')
  page.wait_for_selector('#plane[data-drawn]')
  assert page.locator('#legend span').all_inner_texts() == ['video 0', 'video 1']
  # Squares of 7 x 7 for the 6 clips of one cluster and the 5 of the other, but where they overlap.
  before = colours(page)
  assert len(before) == 2 and max(before.values()) <= 6 * 49 and min(before.values()) > 2 * 49
  drawn_again(page, lambda: page.select_option('#colour', 'label'))
  assert len(colours(page)) == 3
  drawn_again(page, lambda: page.fill('#filter', '登山'))
  assert page.inner_text('#count') == '1 of 12 clips'
  assert sorted(colours(page).values())[0] == 49 and len(colours(page)) == 2  # The others are all of one faint colour.
  # The one clip that is left answers to the pointer.
  x, y = page.evaluate("""() => {
    const canvas = document.getElementById('plane');
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const isColoured = ([red, green, blue, alpha]) => alpha && Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
    const at = [...Array(data.length / 4).keys()].find((i) => isColoured(data.slice(4 * i, 4 * i + 4)));
    const box = canvas.getBoundingClientRect();
    return [box.left + at % canvas.width + 2, box.top + Math.floor(at / canvas.width) + 2];
  }""")
  page.mouse.move(x, y)
  assert page.inner_text('#tip b') == f'4:06 4 {NASTY}'
  assert page.inner_text('#tip span') == '登山 · video 0 · audio 0 · clip 4'
  drawn_again(page, lambda: page.select_option('#space', 'audio'))
  page.focus('#plane')
  drawn_again(page, lambda: page.keyboard.press('+'))
  page.keyboard.press('Enter')
  page.wait_for_url('**/pages/1-audio-0.html#clip-4')


@pytest.mark.parametrize('name', ['index.html', 'map.html', 'pages/0-video-0.html'])
def test_a_narrow_dark_screen(open_page, name):
  page = open_page(name, width=360, height=740, color_scheme='dark')
  assert page.evaluate('document.documentElement.scrollWidth') == 360
  background = page.evaluate('getComputedStyle(document.body).backgroundColor')
  assert max(map(int, re.findall(r'\d+', background))) < 60


def test_a_cluster_can_be_read_without_scripts(open_page):
  page = open_page('pages/0-video-0.html', java_script_enabled=False)
  assert page.locator('.tile').count() == 4
  assert page.inner_text('.reason >> nth=0') == f'gone: {NASTY}'
