import threading

from beam_pipelines.job_progress import watched
from xdc_tf import progress


def test_a_count_that_fails_once_does_not_end_the_bar(monkeypatch):
  """One listing in a job of days may fail: the bar stood still from then on, and a traceback lay in the terminal."""
  bars, reached, crashed = [], threading.Event(), []
  make_bar = progress.bar
  monkeypatch.setattr(progress, 'bar', lambda **options: bars.append(make_bar(**options)) or bars[-1])
  monkeypatch.setattr(threading, 'excepthook', crashed.append)
  answers = iter([2, OSError('the share is away'), 5])

  def count():
    answer = next(answers, 5)
    if isinstance(answer, OSError):
      raise answer
    if answer == 5:
      reached.set()
    return answer

  with watched('make clips', 5, count):
    assert reached.wait(10)
  assert bars[0].n == 5 and not crashed
