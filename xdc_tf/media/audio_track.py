"""Decoded audio frames -> one mono waveform on the sample grid of the file's time line. PyAV only; used by media.py."""

import math
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

# The resampler sees this much sound before and after a span, so that consecutive spans join without a seam.
# Its filter is 32 samples of the lower rate long, 4 ms at 8 kHz.
MARGIN_SECONDS = Fraction(1, 50)
# Sound that starts within this time of where the last frame stopped goes on there: containers round timestamps, and writers of
# WebM, RealMedia and Windows Media are a block off. Less than a picture at 30 a second.
JITTER_SECONDS = Fraction(1, 40)
# So does sound within this time that comes back to it: live recorders stamp packets when they arrive, tens of milliseconds off.
# What stays away for half a second has a real gap.
WOBBLE_SECONDS = Fraction(1, 10)
_PATIENCE_SECONDS = Fraction(1, 2)
# So many frames are mixed down and resampled at once, 0.7 s of AAC: each call costs more than the sound of one frame.
_RUN_FRAMES = 32

# FFmpeg keeps the pointers to so many planes in the frame itself.
_MAX_PLANES = 8

_SAMPLE_TYPES = {'u8': 'u1', 's16': 'i2', 's32': 'i4', 's64': 'i8', 'flt': 'f4', 'dbl': 'f8'}


def mono(frames: Sequence[av.AudioFrame]) -> np.ndarray:
  """Returns float32 [n]: the mean of all channels but the subwoofer's, integers scaled to [-1, 1).

  Args:
    frames: consecutive frames of one sample format and one layout; many at once cost little more than one.
  """
  channels = frames[0].layout.channels
  if frames[0].format.is_planar and len(channels) >= _MAX_PLANES:
    frames = _packed(frames)
  planes = [frame.planes for frame in frames]
  dtype = np.dtype(_SAMPLE_TYPES[frames[0].format.packed.name])

  def joined(plane: int, values_per_sample: int) -> np.ndarray:
    pairs = zip(frames, planes, strict=True)
    return np.concatenate([np.frombuffer(p[plane], dtype, frame.samples * values_per_sample) for frame, p in pairs])  # type: ignore[call-overload]

  if frames[0].format.is_planar:
    samples = np.stack([joined(channel, 1) for channel in range(len(channels))])
  else:
    samples = joined(0, len(channels)).reshape(-1, len(channels)).T
  samples = samples[[i for i, channel in enumerate(channels) if channel.name != 'LFE'] or [0]]
  if dtype.kind == 'f':
    # Damaged floating-point sound may hold anything.
    return np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0).mean(axis=0, dtype=np.float32)
  offset, scale = 128 if dtype.kind == 'u' else 0, 2.0 ** (8 * dtype.itemsize - 1)
  return ((samples.mean(axis=0, dtype=np.float64) - offset) / scale).astype(np.float32)


def _packed(frames: Sequence[av.AudioFrame]) -> list[av.AudioFrame]:
  """Returns the same samples interleaved: with eight planes, PyAV looks for a ninth (17 and 18) or raises (19)."""
  first = frames[0]
  resampler = av.AudioResampler(format=first.format.packed, layout=first.layout, rate=first.sample_rate)
  return [packed for frame in [*frames, None] for packed in resampler.resample(frame)]


class _Segment:
  """Resamples sound of one source rate; gaps in it become silence.

  The segment begins where a source sample and an output sample fall on the same instant. The resampler's phases are then
  the same for every span of a file, and so are the bits of the output.
  """

  def __init__(self, rate: int, target_rate: int, first: int, limit: int):
    """Begins at or shortly before source sample `first` and ignores what comes at or after `limit`."""
    step = rate // math.gcd(rate, target_rate)
    self.rate, self.limit = rate, limit
    self._written = first // step * step
    self.first = self._written
    self.first_output = self._written // step * (target_rate // math.gcd(rate, target_rate))
    self._resampler = av.AudioResampler(format='fltp', layout='mono', rate=target_rate)
    self._resamples = rate != target_rate
    self._outputs: list[np.ndarray] = []

  def write(self, position: int, samples: np.ndarray) -> None:
    """Writes source samples at their place; what is already written stays."""
    while self._written < min(position, self.limit):
      self._push(np.zeros(min(self.rate, min(position, self.limit) - self._written), np.float32))
    samples = samples[max(0, self._written - position) : max(0, self.limit - position)]
    if samples.size:
      self._push(samples)

  def _push(self, samples: np.ndarray) -> None:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format='fltp', layout='mono')
    frame.sample_rate, frame.time_base, frame.pts = self.rate, Fraction(1, self.rate), self._written
    self._written += samples.size
    self._outputs += [out.to_ndarray()[0] for out in self._resampler.resample(frame)]

  def finish(self) -> np.ndarray:
    """Returns everything written so far, resampled: float32 [n], beginning at output sample `first_output`."""
    if self._resamples:
      self._outputs += [out.to_ndarray()[0] for out in self._resampler.resample(None)]
    return np.concatenate(self._outputs) if self._outputs else np.zeros(0, np.float32)


class AudioTrack:
  """Collects the waveform of [start, limit) seconds, mono, at `sample_rate`.

  Attributes:
    first_time: seconds of the first decoded sample, None before it.
    end_time: seconds at which the last decoded sample ends, None before the first.
    gaps: list of (start, end) seconds without sound between decoded frames.
    done: whether the sound up to `limit` is there.
  """

  def __init__(self, start: Fraction, limit: Fraction, sample_rate: int):
    """Makes an empty track."""
    self._start, self._limit, self._sample_rate = start, limit, sample_rate
    self._segment: _Segment | None = None
    self._position = 0  # Of the sample after the last one, in the segment's rate.
    self._apart_since: int | None = None  # The position from which on stamps have not agreed with it.
    self._run: list[av.AudioFrame] = []
    self._run_start = 0
    self._run_kind: tuple[str, str] | None = None
    self._pieces: list[tuple[int, np.ndarray]] = []
    self.first_time: Fraction | None = None
    self.end_time: Fraction | None = None
    self.gaps: list[tuple[Fraction, Fraction]] = []
    self.done = False

  def add(self, frame: av.AudioFrame, time: Fraction | None) -> None:
    """Takes the next frame; `time` is in seconds since the file's start, None means right after the frame before."""
    rate = frame.sample_rate
    if time is None:
      time = Fraction(0) if self.end_time is None else self.end_time
    position = round(time * rate)
    segment = self._segment
    if segment is None or segment.rate != rate:
      segment = self._begin_segment(rate, position)
    elif self._goes_on(position, rate):
      position = self._position
    if self.end_time is not None and Fraction(position, rate) > self.end_time + JITTER_SECONDS:
      self.gaps.append((self.end_time, time))
    if position + frame.samples > segment.first:
      self._append(position, frame)
    self._position = position + frame.samples
    if self.first_time is None:
      self.first_time = time
    self.end_time = Fraction(self._position, rate)
    self.done = self._position >= segment.limit

  def _goes_on(self, position: int, rate: int) -> bool:
    """Whether a frame that is stamped at a position follows the last one without a gap."""
    difference = abs(position - self._position)
    if difference <= JITTER_SECONDS * rate:
      self._apart_since = None
      return True
    if self._apart_since is None:
      self._apart_since = self._position
    waits = difference <= WOBBLE_SECONDS * rate and self._position - self._apart_since < _PATIENCE_SECONDS * rate
    if not waits:
      self._apart_since = None
    return waits

  def finish(self, end: Fraction) -> np.ndarray:
    """Returns float32 [round((end - start) * sample_rate)] in [-1, 1]; silence where the file has no sound."""
    self._end_segment()
    waveform = np.zeros(max(0, round((end - self._start) * self._sample_rate)), np.float32)
    origin = round(self._start * self._sample_rate)
    for first_output, piece in self._pieces:
      first = first_output - origin
      piece = piece[max(0, -first) : max(0, waveform.size - first)]
      waveform[max(0, first) : max(0, first) + piece.size] = piece
    return np.clip(waveform, -1.0, 1.0)

  def _append(self, position: int, frame: av.AudioFrame) -> None:
    """Adds a frame to the run of frames that follow one another; what ends the run writes it."""
    kind = frame.format.name, frame.layout.name
    if len(self._run) == _RUN_FRAMES or kind != self._run_kind or position != self._position:
      self._write_run()
    if not self._run:
      self._run_start, self._run_kind = position, kind
    self._run.append(frame)

  def _write_run(self) -> None:
    if self._run and self._segment is not None:
      self._segment.write(self._run_start, mono(self._run))
      self._run = []

  def _begin_segment(self, rate: int, position: int) -> _Segment:
    self._end_segment()
    first = max(position, math.floor((self._start - MARGIN_SECONDS) * rate))
    limit = math.ceil((self._limit + MARGIN_SECONDS) * rate)
    self._segment = _Segment(rate, self._sample_rate, min(first, limit), limit)
    self._apart_since = None
    return self._segment

  def _end_segment(self) -> None:
    if self._segment is not None:
      self._write_run()
      self._pieces.append((self._segment.first_output, self._segment.finish()))
      self._segment = None
