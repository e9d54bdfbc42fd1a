"""The reader of training against a bare loop that decodes the same JPEGs whole, and does nothing else.

The reader reads records of 60 frames, takes 8, decodes a random crop of each, mirrors, shuffles and batches clips and looks labels
up, and it can go on from any step. uint8 is what the trainer takes; float32 is normalized too.

python -m benchmarks.speed.reader
"""

import concurrent.futures
import dataclasses
import functools
import os
import tempfile
from collections.abc import Iterator

import av
import numpy as np
import simplejpeg
import tensorflow as tf

from benchmarks.speed import comparison
from benchmarks.speed.comparison import Comparison, measure
from xdc_tf.data import reader, schema
from xdc_tf.data.audio_ops import LogMelSpec
from xdc_tf.data.inputs import VideoInput
from xdc_tf.data.jpeg_encoder import JpegEncoder
from xdc_tf.data.media import ReadOptions

CLIPS = 256
PASSES = 2
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


def make_jpegs(short_side: int) -> list[bytes]:
  """Renders enough film of 16:9 for all spans, as make_clips stores it."""
  width = 2 * round(short_side * 8 / 9)
  encoder = JpegEncoder((width, short_side), ReadOptions().jpeg_quality)
  num_frames = SPAN_FRAMES + FRAMES_BETWEEN_SPANS * (CLIPS - 1)
  frames = (av.VideoFrame.from_ndarray(f, format='rgb24') for f in film(num_frames, short_side, width))
  return [encoder.encode(frame) for frame in frames]


def write_records(directory: str, short_side: int, jpegs: list[bytes]) -> schema.Records:
  """Writes the spans of the film with some sound."""
  log_mel = np.random.default_rng(0).normal(-6, 4, (100, schema.NUM_FILTERS)).astype(np.float32)
  num_shards, sizes = CLIPS // CLIPS_PER_SHARD, []
  for shard in range(num_shards):
    path = os.path.join(directory, schema.shard_name('film', 'train', shard, num_shards))
    with tf.io.TFRecordWriter(path) as writer:
      for index in range(shard * CLIPS_PER_SHARD, (shard + 1) * CLIPS_PER_SHARD):
        frames = jpegs[FRAMES_BETWEEN_SPANS * index :][:SPAN_FRAMES]
        writer.write(schema.encode(schema.Span(index, f'span {index}', 0.0, frames, log_mel)))
    sizes.append(os.path.getsize(path))
  settings = {
    'frame_rate': 30.0,
    'short_side': short_side,
    'log_mel': dataclasses.asdict(LogMelSpec()),
    'manifest_directory': '',
    'num_rows': {'train': CLIPS},
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
  labels = {'audio': np.arange(CLIPS, dtype=np.int32) % 64}
  data = reader.training_dataset(records, 'train', inputs, labels, BATCH, seed=0, normalize=normalize)
  return data.take(PASSES * CLIPS // BATCH)


def read(data: tf.data.Dataset) -> None:
  """Takes all batches. A stream that is kept would go on reading ahead while the peer is timed."""
  for _ in data:
    pass


def compare(crop_size: int, short_side: int, threads: int, repeats: int) -> list[dict]:
  """Measures one size."""
  with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(threads) as pool:
    film_jpegs = make_jpegs(short_side)
    kilobytes = np.mean([len(jpeg) for jpeg in film_jpegs]) / 1000
    records = write_records(directory, short_side, film_jpegs)
    stored = dataset(records, StoredFrames(crop_size=crop_size), normalize=False)
    jpegs = [jpeg for clips, _ in stored for jpeg in clips.numpy().ravel()]

    def decode(part: int) -> None:
      for jpeg in jpegs[part::threads]:
        simplejpeg.decode_jpeg(jpeg)

    rows = []
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


def main() -> None:
  """Measures, writes, prints."""
  arguments = comparison.parser('reader', __doc__).parse_args()
  tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
  tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
  rows = [row for sizes in SIZES.items() for row in compare(*sizes, arguments.threads, arguments.repeats)]
  comparison.report(rows, arguments.output, arguments.threads, ('simplejpeg',))


if __name__ == '__main__':
  main()
