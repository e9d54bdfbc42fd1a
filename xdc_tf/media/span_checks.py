"""Whether a span that was read is whole: files that break off, broken packets, gaps."""

import itertools
from fractions import Fraction

from xdc_tf.media.container import MediaError
from xdc_tf.media.film_end import breaks_off
from xdc_tf.media.span_reading import StreamPart

# A file is truncated when more than this share of what it declares for the span is absent or broken. Declared ends are
# rough, so the end of a file may lack a little more.
_MISSING_SHARE = Fraction(1, 10)
_MISSING_SECONDS = Fraction(1, 4)


def check_complete(path: str, part: StreamPart, start: Fraction, limit: Fraction) -> None:
  """Raises MediaError('truncated') when too much of what the file declares for [start, limit) is absent or broken."""
  if part.damaged > _MISSING_SHARE * part.packets:
    raise MediaError('truncated', f'{part.damaged} of {part.packets} {part.kind} packets of {path} are broken.')
  if part.track.done or part.declared_end is None:
    return
  claimed, end = min(limit, part.declared_end), part.track.end_time or Fraction(0)
  if claimed - max(start, end) > max(_MISSING_SECONDS, _MISSING_SHARE * (claimed - start)):
    if part.shares_end and not breaks_off(path, part.declared_end):
      return
    raise MediaError(
      'truncated',
      f'{path} declares {part.kind} to {float(part.declared_end):.3f} s but breaks off at {float(end):.3f} s.',
    )


def check_gaps(path: str, parts: list[StreamPart], start: Fraction, limit: Fraction) -> None:
  """Raises MediaError('truncated') when sound and picture are both absent for too much of [start, limit).

  One alone proves nothing: slides are shown for minutes and microphones are switched off.
  """
  if len(parts) < 2:
    return
  lost = sum(
    max(Fraction(0), min(*ends, limit) - max(*begins, start))
    for begins, ends in (zip(*pair, strict=True) for pair in itertools.product(*(part.track.gaps for part in parts)))
  )
  end = min([limit, *(part.track.end_time for part in parts if part.track.end_time is not None)])
  if lost > max(_MISSING_SECONDS, _MISSING_SHARE * (end - start)):
    raise MediaError('truncated', f'{path} has neither sound nor picture for {float(lost):.3f} s of the span.')
