"""What the tests of sweeps finetune: a tiny configuration, and a learner of a tiny encoder."""

from tiny_encoders import TinyAudio

from xdc_tf.evaluation.finetuning import Finetuning, FullFinetuning
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule


def configuration(**changes) -> Finetuning:
  schedule = Schedule(
    epoch_size=24, batch_size=4, base_learning_rate=0.01, warmup_epochs=1, step_epochs=2, total_epochs=4,
    weight_decay=0.0, early_stop_epochs=0,
  )  # fmt: skip
  values = {'learning_rates': (0.01, 0.0001), 'num_clips': 2, 'held_out_share': 0.25, 'training': TrainingOptions()}
  return Finetuning(VideoInput(), AudioInput(num_frames=60), schedule, **(values | changes))


def full(config, records, strategy) -> FullFinetuning:
  return FullFinetuning(config, TinyAudio, 'audio', None, records, strategy)
