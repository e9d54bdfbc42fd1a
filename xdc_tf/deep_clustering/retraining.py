"""Training the video encoders once more on longer clips, as before the comparison with other methods (Section 6)."""

import dataclasses

import gin

from xdc_tf import value_types
from xdc_tf.records.inputs import VideoInput
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule


@gin.configurable
@dataclasses.dataclass(frozen=True)
class Retraining:
  """'We re-train our video encoder on the last clustering assignment using 32-frame clips' (Section 6).

  We read it so: the video encoder goes on from the weights of the last iteration's training, with a new head, and predicts the
  pseudo-labels of that same training. The paper does not say whether it starts from these weights, nor for how many epochs it
  trains: ours are those of the last iteration. Nothing is clustered afterwards: the features and clusters of the run, and its
  report, stay those of the encoder before.

  Attributes:
    num_frames: the number of frames of a clip.
    batch_size: clips in one batch of one replica: GPU memory holds fewer long ones (Supplement C). Validation takes no more.
    base_learning_rate: the base learning rate of one replica: a quarter, as the batch is (Supplement C).
  """

  num_frames: int = 32
  batch_size: int = 8
  base_learning_rate: float = 0.0025

  def __post_init__(self):
    value_types.check_fields(self)
    # Now, and not when all iterations are done.
    for name in ('num_frames', 'batch_size'):
      if getattr(self, name) < 1:
        raise ValueError(f'Retraining.{name} must be at least 1. Received: {getattr(self, name)}.')
    if not self.base_learning_rate >= 0:
      raise ValueError(f'Retraining.base_learning_rate must not be negative. Received: {self.base_learning_rate}.')

  def input(self, video_input: VideoInput) -> VideoInput:
    """How the encoder is fed, where `video_input` fed it before."""
    return dataclasses.replace(video_input, num_frames=self.num_frames)

  def schedule(self, last: Schedule) -> Schedule:
    """The schedule, where `last` was the last iteration's."""
    return dataclasses.replace(last, batch_size=self.batch_size, base_learning_rate=self.base_learning_rate)

  def options(self, training: TrainingOptions) -> TrainingOptions:
    """How to compute, where `training` was how before."""
    evaluation_batch_size = min(training.evaluation_batch_size, self.batch_size)
    return dataclasses.replace(training, evaluation_batch_size=evaluation_batch_size)
