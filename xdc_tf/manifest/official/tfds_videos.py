"""Data sets that TensorFlow Datasets has prepared, such as its own `ucf101`: their frames as lossless video files.

TFDS keeps decoded frames and no sound, and does not say how many frames a second there are. The frames go into Matroska files
(FFV1), which the Beam job reads like any video; a file that is there already is not written again.
"""

import os
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from xdc_tf import files, progress
from xdc_tf.manifest.manifest import Row
from xdc_tf.manifest.official.listing import Listing, Skipped


def read(dataset: str, videos: str, frame_rate: float, skipped: Skipped) -> Listing:
  """Writes the videos and lists them.

  Args:
    dataset: folder of the prepared data set, e.g. ~/tensorflow_datasets/ucf101/ucf101_1_256/2.0.0; it must have the features
      'video' and 'label'.
    videos: folder that gets SPLIT/000000000.mkv ...
    frame_rate: the frame rate of the original videos (UCF101: 25).
    skipped: takes videos without a frame.

  Returns:
    a Listing with the splits of the data set; the classes are in its order.

  Raises:
    FileNotFoundError: when the folder holds no prepared data set.
    ValueError: when it has other features, or the frame rate is not above 0.
  """
  import tensorflow_datasets as tfds  # Slow to import.

  if not os.path.exists(os.path.join(dataset, 'dataset_info.json')):
    raise FileNotFoundError(
      f'{dataset} holds no data set that TFDS has prepared (dataset_info.json is missing). Expected the folder of a version, such '
      'as ~/tensorflow_datasets/ucf101/ucf101_1_256/2.0.0; `tfds build ucf101` makes it.'
    )
  if frame_rate <= 0:
    raise ValueError(f'--frame_rate must be above 0 frames a second. Received: {frame_rate}.')
  builder = tfds.builder_from_directory(dataset)
  features = dict(builder.info.features)
  for name, kind in (('video', tfds.features.Video), ('label', tfds.features.ClassLabel)):
    if not isinstance(features.get(name), kind):
      raise ValueError(f'{dataset} has the features {sorted(features)}; expected {name!r} to be a {kind.__name__}.')
  return Listing(_rows(builder, videos, frame_rate, skipped), tuple(features['label'].names))


def _rows(builder, videos: str, frame_rate: float, skipped: Skipped) -> Iterator[tuple[str, Row]]:
  import tensorflow_datasets as tfds

  names = builder.info.features['label'].names
  for split in sorted(builder.info.splits):
    # In the order that TFDS always has without shuffling, so that a number always means the same video.
    data = builder.as_dataset(split=split, shuffle_files=False, decoders={'video': tfds.decode.SkipDecoding()})
    total = builder.info.splits[split].num_examples
    for number, example in enumerate(progress.bar(data, description=f'videos {split}', total=total, unit='video')):
      video_id = f'{split}/{number:09d}'
      encoded = example['video'].numpy()
      if not len(encoded):
        skipped.add('missing_media', video_id, 'has no frame')
        continue
      path = files.absolute_path(os.path.join(videos, f'{video_id}.mkv'))
      if not os.path.exists(path):
        _write_lossless(path, encoded, frame_rate)
      yield split, Row(0, video_id, path, labels=_labels(names, int(example['label'])))


def _labels(names: list[str], number: int) -> tuple[str, ...]:
  """Returns the label; none for -1, which TFDS stores where there is none, and which would index the last class."""
  return () if number < 0 else (names[number],)


def _write_lossless(path: str, encoded: np.ndarray, frame_rate: float) -> None:
  """Writes frames (PNG or JPEG, all of one size) into a Matroska file that gives back every pixel."""
  import av
  import tensorflow as tf

  os.makedirs(os.path.dirname(path), exist_ok=True)
  with files.atomic_path(path) as temporary, av.open(temporary, 'w', format='matroska') as container:
    stream = container.add_stream('ffv1', rate=Fraction(frame_rate).limit_denominator(1001))
    stream.pix_fmt = 'bgr0'  # FFV1's RGB; yuv would round the colours.
    for number, frame in enumerate(encoded):
      pixels = tf.io.decode_image(frame, channels=3, expand_animations=False).numpy()
      if not number:
        stream.height, stream.width = pixels.shape[:2]
      picture = av.VideoFrame.from_ndarray(pixels, format='rgb24')
      container.mux(stream.encode(picture))
    container.mux(stream.encode(None))
