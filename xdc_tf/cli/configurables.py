"""All that a gin file may bind: importing it makes it known to gin, and the list is for messages and tests."""

from xdc_tf.clustering.kmeans import KMeansOptions
from xdc_tf.deep_clustering import methods
from xdc_tf.deep_clustering.outer_loop import Pretraining
from xdc_tf.deep_clustering.retraining import Retraining
from xdc_tf.evaluation.finetuning import Finetuning
from xdc_tf.localization.options import GTAD, Detection, Localization, SnippetWindows
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.records.inputs import AudioInput, VideoInput
from xdc_tf.training.options import TrainingOptions
from xdc_tf.training.schedules import Schedule, last_schedule

CONFIGURABLES = (
  Pretraining, Retraining, Finetuning, Schedule, last_schedule, TrainingOptions, KMeansOptions, VideoInput, AudioInput,
  Localization, SnippetWindows, GTAD, Detection,
  *ENCODERS.values(), *methods.METHODS.values(),
)  # fmt: skip
