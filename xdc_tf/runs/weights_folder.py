"""A folder with one encoder's weights, from elsewhere or finetuned: weights.* and, written last, encoder.json that says whose.

Of a finetuned encoder it also says how it was fed, which files from elsewhere do not tell, and which classes its last layer
(kernel.npy, bias.npy) knows.
"""

import dataclasses
import hashlib
import os
from typing import Any

import tensorflow as tf

from xdc_tf import __version__, files
from xdc_tf.models import import_weights
from xdc_tf.models.classifier import Classifier
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput, Input, VideoInput
from xdc_tf.records.schema import Records
from xdc_tf.training import checkpoints

INFO_FILE = 'encoder.json'
_UNFINISHED = 'weights_temp'  # TensorFlow writes there first.


def save(folder: str, encoder, source: str, sha256: str) -> bool:
  """Writes weights as checkpoints.load_weights reads them; returns False when the folder has them already, whole.

  The caller has the lease of the folder: of two imports each would write a part.

  Raises:
    ValueError: when the folder holds other weights.
  """
  info = import_weights.describe(encoder) | {'source': source, 'sha256': sha256}
  path = os.path.join(folder, INFO_FILE)
  if tf.io.gfile.exists(path):
    present = files.read_json(path)
    if {name: present.get(name) for name in info} == info:
      return _write_if_damaged(folder, encoder)
    raise ValueError(f'{folder} holds other weights (of {present.get("source")}). Give another --output.')
  names = files.list_folder(folder)
  ours = (_UNFINISHED, *(name for name in names if name.startswith('weights.')))
  files.check_new(folder, 'holds no imported weights', but=ours)
  files.delete(os.path.join(folder, _UNFINISHED))  # Of a command that was killed.
  checkpoints.save_weights(encoder, folder)
  files.write_json(path, info | {'xdc_tf': __version__})
  return True


def _write_if_damaged(folder: str, encoder) -> bool:
  try:
    checkpoints.load_weights(encoder, folder)  # All or nothing, and the same values.
  except (FileNotFoundError, ValueError):
    checkpoints.save_weights(encoder, folder)
    return True
  return False


@dataclasses.dataclass(frozen=True)
class InputSpec:
  """How an encoder was fed.

  Attributes:
    inputs: VideoInput or AudioInput.
    short_side: the short side of the frames in its records, in pixels.
    frame_rate: the frame rate of its records, frames a second.
    log_mel_spec: the mel filters of the sound in its records.
    audio_track: which sound its records have of films with several, as ReadOptions has it.
  """

  inputs: Any
  short_side: int = 256
  frame_rate: float = 30.0
  log_mel_spec: LogMelSpec = LogMelSpec()
  audio_track: str = ''

  @classmethod
  def of(cls, inputs: Input, records: Records) -> 'InputSpec':
    """Of an encoder that is trained on records."""
    return cls(inputs, records.short_side, records.frame_rate, records.log_mel_spec, records.audio_track)


def write_info(
  folder: str, encoder, source: str, inputs: Input, records: Records, several_labels: bool | None = None
) -> None:
  """Makes a folder that holds trained weights of an encoder one that `load` takes, and notes how it was fed.

  Args:
    folder: the folder of the weights.
    encoder: whose they are.
    source: where they come from.
    inputs: how the encoder was fed.
    records: what with.
    several_labels: the folder also holds a last layer for the classes of the records, of which a clip has one (False) or may have
      several (True); None: it does not.
  """
  with tf.io.gfile.GFile(os.path.join(folder, 'weights.data-00000-of-00001'), 'rb') as file:
    sha256 = hashlib.sha256(file.read()).hexdigest()
  info = import_weights.describe(encoder) | {'source': source, 'sha256': sha256, 'xdc_tf': __version__}
  info['fed'] = dataclasses.asdict(InputSpec.of(inputs, records))
  if several_labels is not None:
    info['classifier'] = {'classes': list(records.label_names), 'several_labels': several_labels}
  files.write_json(os.path.join(folder, INFO_FILE), info)


def load(folder: str, dtype: str | None = None) -> tuple[Any, dict[str, Any]]:
  """Makes the encoder of a folder, with its weights.

  Args:
    folder: the folder of the weights.
    dtype: name of a Keras dtype policy for the encoder, e.g. 'mixed_bfloat16'; None: float32, whatever the global one is.

  Returns:
    The encoder and what encoder.json says.

  Raises:
    FileNotFoundError: when the folder holds none.
    ValueError: when it is damaged.
  """
  files.use_file_system(folder)
  path = os.path.join(folder, INFO_FILE)
  if not tf.io.gfile.exists(path):
    raise FileNotFoundError(
      f'{folder} holds no encoder of its own: it has no {INFO_FILE}. Expected what `xdc import-weights` makes, or a cell of `xdc '
      'finetune` or `xdc sweep`, such as fold-1/test/rate-0.004; those of fc.gin have the encoder that they were given.'
    )
  info = files.read_json(path)
  if info.get('encoder', '') not in ENCODERS:
    raise ValueError(
      f'{path} names the encoder {info.get("encoder")!r}; expected one of {", ".join(ENCODERS)}. One of your own has to be in '
      'xdc_tf/models/encoders.py, for no configuration says here which module it is of.'
    )
  if info.get('unknown'):
    listed = ', '.join(info['unknown'])
    raise ValueError(
      f'{path} does not say which {listed} the encoder was made with, since it had no attribute of that name. Write it into '
      "'arguments' there and take it out of 'unknown'; let the encoder keep it (self.NAME = NAME) for the next ones."
    )
  try:
    encoder = ENCODERS[info['encoder']](**info['arguments'], dtype=dtype or 'float32')
  except (KeyError, TypeError) as error:
    raise ValueError(f'{path} does not describe an encoder ({error!r}). Import the weights again.') from error
  fed = input_spec(info, encoder.modality)
  if fed is not None:
    encoder(tf.zeros([1, *fed.inputs.shape]))  # One that makes its weights at the first call.
  checkpoints.load_weights(encoder, folder)
  return encoder, info


def input_spec(info: dict[str, Any], modality: str) -> InputSpec | None:
  """Returns how the encoder of an encoder.json was fed; None for one from elsewhere."""
  if 'fed' not in info:
    return None
  fed = info['fed']
  values = {name: tuple(value) if isinstance(value, list) else value for name, value in fed['inputs'].items()}
  inputs = {'video': VideoInput, 'audio': AudioInput}[modality](**values)
  return InputSpec(
    inputs, fed['short_side'], fed['frame_rate'], LogMelSpec(**fed['log_mel_spec']), fed.get('audio_track', '')
  )


def load_classifier(folder: str, info: dict[str, Any]) -> Classifier | None:
  """Returns the last layer of a finetuned encoder; None where its folder has none.

  Args:
    folder: the folder of the weights.
    info: what its encoder.json says.

  Raises:
    FileNotFoundError or ValueError: when it is damaged.
  """
  if 'classifier' not in info:
    return None
  kernel, bias = (files.read_array(os.path.join(folder, f'{part}.npy')) for part in ('kernel', 'bias'))
  return Classifier(kernel, bias, tuple(info['classifier']['classes']), info['classifier']['several_labels'])


# torchvision's notes on its video networks: 16 frames at 15 a second, 112 pixels of frames that are 128 high.
_TORCHVISION_VIEW = InputSpec(VideoInput(num_frames=16, crop_size=112, short_side=128), short_side=128, frame_rate=15.0)


def usual_view(arguments: dict[str, Any]) -> InputSpec:
  """Returns how a video encoder from elsewhere is fed: as torchvision's, which BatchNorm's epsilon tells, or as in the paper.

  Args:
    arguments: those of its class, as import_weights.describe gives them.
  """
  is_torchvision = arguments.get('batch_norm_epsilon') == import_weights.TORCHVISION_EPSILON
  return _TORCHVISION_VIEW if is_torchvision else InputSpec(VideoInput())


def usual_input(folder: str, encoder) -> InputSpec:
  """Returns how an encoder from elsewhere is fed; see `usual_view`.

  Raises:
    ValueError: for an audio encoder, of which nobody knows.
  """
  if encoder.modality == 'audio':
    raise ValueError(
      f"{folder}/{INFO_FILE} does not say how its audio encoder was fed ('fed': the AudioInput, with the mean and "
      'deviation of the log-mel, and the LogMelSpec), and a weight file cannot. Take it from its run (xdc export --run_dir), or '
      'from the folder of a cell of `xdc finetune`, which says so.'
    )
  return usual_view(import_weights.describe(encoder)['arguments'])
