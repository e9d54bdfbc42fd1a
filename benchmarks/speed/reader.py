"""The reader of training against a bare loop that decodes the same JPEGs whole, and does nothing else.

The reader takes 8 of the 60 frames of a record, decodes a random crop of each, mirrors, shuffles and batches clips and looks labels
up, and it can go on from any step. uint8 is what the trainer takes; float32 is normalized too. Without decoding it is compared with
the reading of whole records.

python -m benchmarks.speed.reader
"""

import concurrent.futures
import dataclasses
import functools
import os
import tempfile
import time
from collections.abc import Iterator

import av
import numpy as np
import tensorflow as tf

from benchmarks.speed import comparison
from benchmarks.speed.comparison import Comparison, measure
from xdc_tf.media.jpeg_encoder import JpegEncoder
from xdc_tf.media.media import ReadOptions
from xdc_tf.records import reader, schema
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import VideoInput
from xdc_tf.records.positions import PositionsWriter

CLIPS = 256
PASSES = 2
LONG_PASSES = 32  # Without decoding it is soon done.
BATCH = 32
CLIPS_PER_SHARD = 64
SPAN_FRAMES = 60  # Two seconds.
FRAMES_BETWEEN_SPANS = 2
# {crop: short side of the stored frames}: the paper's, and what VMZ stores for crops of 112.
SIZES = {224: 256, 112: 128}
LIMITS = {'uint8': 0.75, 'float32': 0.95}
CONTRAST = 45.0  # So that frames take about the bytes of a real film's (Big Buck Bunny: 20 kB at 256, 7 kB at 128).


def film(num_frames: int, height: int, width: int) -> Iterator[np.ndarray]:
  """Yields uint8 [height, width, 3]: two coloured textures without a scale of their own (f^-1.5), moving over each other."""
  rng = np.random.default_rng(0)
  side = 2 * width
  frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])[..., None]
  frequency[0, 0] = np.inf
  layers = []
  for _ in range(2):
    noise = np.fft.rfft2(rng.normal(size=(side, side, 3)), axes=(0, 1))
    texture = np.fft.irfft2(noise / frequency**1.5, axes=(0, 1))
    # Grey more than coloured, as nature is.
    layers.append(CONTRAST * (texture[..., :1] + 0.5 * texture) / texture.std())
  for number in range(num_frames):
    first = np.roll(layers[0], (number, 2 * number), axis=(0, 1))
    second = np.roll(layers[1], (-2 * number, number), axis=(0, 1))
    yield np.clip(128 + (first + second)[:height, :width], 0, 255).astype(np.uint8)


def make_jpegs(short_side: int, clips: int = CLIPS) -> list[bytes]:
  """Renders enough film of 16:9 for so many spans, as make_clips stores it."""
  width = 2 * round(short_side * 8 / 9)
  encoder = JpegEncoder((width, short_side), ReadOptions().jpeg_quality)
  num_frames = SPAN_FRAMES + FRAMES_BETWEEN_SPANS * (clips - 1)
  frames = (av.VideoFrame.from_ndarray(f, format='rgb24') for f in film(num_frames, short_side, width))
  return [encoder.encode(frame) for frame in frames]


def write_records(directory: str, short_side: int, jpegs: list[bytes], clips: int = CLIPS) -> schema.Records:
  """Writes the spans of the film with some sound; `clips` is a multiple of CLIPS_PER_SHARD."""
  log_mel = np.random.default_rng(0).normal(-6, 4, (100, schema.NUM_FILTERS)).astype(np.float32)
  num_shards, sizes = clips // CLIPS_PER_SHARD, []
  for shard in range(num_shards):
    path = os.path.join(directory, schema.shard_name('film', 'train', shard, num_shards))
    positions = PositionsWriter()
    with tf.io.TFRecordWriter(path) as writer:
      for index in range(shard * CLIPS_PER_SHARD, (shard + 1) * CLIPS_PER_SHARD):
        frames = jpegs[FRAMES_BETWEEN_SPANS * index :][:SPAN_FRAMES]
        record = schema.encode(schema.Span(index, f'span {index}', 0.0, frames, log_mel))
        writer.write(record)
        positions.add(record)
    positions.save(path)
    sizes.append(os.path.getsize(path))
  settings = {
    'frame_rate': 30.0,
    'short_side': short_side,
    'log_mel': dataclasses.asdict(LogMelSpec()),
    'manifest_directory': '',
    'num_rows': {'train': clips},
    'failed': {'train': {}},
  }
  lengths = {'train': [CLIPS_PER_SHARD] * num_shards}
  schema.write_metadata(directory, 'film', lengths, {'train': sizes}, [], 0, settings)
  return schema.open_records(directory)


@dataclasses.dataclass(frozen=True)
class StoredFrames(VideoInput):
  """The clips that the reader samples, before they are decoded."""

  def augment(self, sampled: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns the JPEGs, string [L], as they are."""
    return sampled


def dataset(records: schema.Records, inputs: VideoInput, normalize: bool) -> tf.data.Dataset:
  """Reads as training does, for so many passes over all clips."""
  return _endless(records, inputs, normalize).take(PASSES * CLIPS // BATCH)


def _endless(records: schema.Records, inputs: VideoInput, normalize: bool) -> tf.data.Dataset:
  labels = {'audio': np.arange(records.num_rows('train'), dtype=np.int32) % 64}
  return reader.training_dataset(records, 'train', inputs, labels, BATCH, seed=0, normalize=normalize)


def rate(records: schema.Records, inputs: VideoInput, batches: int) -> float:
  """Clips a second that the reader gives out, not normalized, in a stream that has begun."""
  stream = iter(_endless(records, inputs, normalize=False))
  for _ in range(4):  # What was read ahead of the first batches.
    next(stream)
  started = time.perf_counter()
  for _ in range(batches):
    next(stream)
  return batches * BATCH / (time.perf_counter() - started)


def read(data: tf.data.Dataset) -> None:
  """Takes all batches. A stream that is kept would go on reading ahead while the peer is timed."""
  for _ in data:
    pass


def compare(crop_size: int, short_side: int, threads: int, repeats: int) -> list[dict]:
  """Measures one size."""
  with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(threads) as pool:
    film_jpegs = make_jpegs(short_side)
    kilobytes = float(np.mean([len(jpeg) for jpeg in film_jpegs])) / 1000
    records = write_records(directory, short_side, film_jpegs)
    stored = dataset(records, StoredFrames(crop_size=crop_size), normalize=False)
    jpegs = [jpeg for clips, _ in stored for jpeg in clips.numpy().ravel()]

    import simplejpeg  # The peer, which others who make records here do not need.

    def decode(part: int) -> None:
      for jpeg in jpegs[part::threads]:
        simplejpeg.decode_jpeg(jpeg)

    rows = [without_decoding(records, crop_size, short_side, kilobytes, threads, repeats)]
    for kind, limit in LIMITS.items():
      data = dataset(records, VideoInput(crop_size=crop_size), normalize=kind == 'float32')
      comparison = Comparison(
        f'reader: {PASSES * CLIPS} clips {kind} 8x{crop_size}x{crop_size}, frames of {short_side} and {kilobytes:.1f} kB',
        f'simplejpeg, whole frames, {threads} threads',
        functools.partial(read, data),
        lambda: list(pool.map(decode, range(threads))),
        limit,
      )
      rows.append(measure(comparison, repeats))
  return rows


def without_decoding(
  records: schema.Records, crop_size: int, short_side: int, kilobytes: float, threads: int, repeats: int
) -> dict:
  """Measures order, sampling and reading against TensorFlow's reading and parsing of as many whole records, in order."""
  clips = LONG_PASSES * CLIPS
  stored = _endless(records, StoredFrames(crop_size=crop_size), normalize=False).take(clips // BATCH)

  def parsed(path: tf.Tensor) -> tf.data.Dataset:
    return tf.data.TFRecordDataset(path).map(lambda record: schema.parse(record, want_log_mel=False))

  paths = tf.data.Dataset.from_tensor_slices(records.shard_paths('train')).repeat(LONG_PASSES)
  whole = paths.interleave(parsed, 16, block_length=1, num_parallel_calls=threads, deterministic=True)
  comparison = Comparison(
    f'reader: {clips} clips without decoding, frames of {short_side} and {kilobytes:.1f} kB',
    f'TFRecordDataset and parse_single_example, {threads} threads',
    functools.partial(read, stored),
    functools.partial(read, whole.with_options(reader.options())),
    None,  # The bar is 8,000 clips a second.
  )
  return measure(comparison, repeats)


def main() -> None:
  """Measures, writes, prints."""
  arguments = comparison.parser('reader', __doc__).parse_args()
  tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
  tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
  rows = [row for sizes in SIZES.items() for row in compare(*sizes, arguments.threads, arguments.repeats)]
  comparison.report(rows, arguments.output, arguments.threads, ('simplejpeg',))


if __name__ == '__main__':
  main()
