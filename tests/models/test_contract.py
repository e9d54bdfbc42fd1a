"""An encoder of one's own that lacks something is told what."""

import keras
import pytest
import tensorflow as tf

from xdc_tf.models import contract


class MeanSound(keras.Model):
  """Float32 [B, 40, frames, 1] -> [B, 40]."""

  modality, feature_dimension = 'audio', 40

  def __init__(self, seed: int = 0, dtype: str | None = None):
    super().__init__(dtype=dtype)

  def call(self, x, training=False):
    return tf.reduce_mean(x, axis=[2, 3])


CLIPS = tf.zeros([1, 40, 100, 1])


def test_what_fits_is_taken():
  contract.check_class(MeanSound)
  contract.check_features(MeanSound(), CLIPS)


@pytest.mark.parametrize('modality', [None, 'Audio', 'sound'])
def test_a_modality_that_nothing_feeds(modality):
  wrong = type('Mine', (MeanSound,), {'modality': modality})
  with pytest.raises(ValueError, match=rf'The encoder Mine has modality = {modality!r}; expected .video. or .audio.'):
    contract.check_class(wrong)


def test_a_constructor_without_seed_or_dtype():
  class NoSeed(MeanSound):
    def __init__(self, dtype=None):
      super().__init__(dtype=dtype)

  class Neither(MeanSound):
    def __init__(self):
      super().__init__()

  class Both(MeanSound):
    def __init__(self, **arguments):
      super().__init__(**arguments)

  with pytest.raises(ValueError, match='of the encoder NoSeed takes no argument seed; expected both'):
    contract.check_class(NoSeed)
  with pytest.raises(ValueError, match='of the encoder Neither takes no argument seed and no dtype'):
    contract.check_class(Neither)
  contract.check_class(Both)


def test_features_of_another_length_or_type():
  with pytest.raises(ValueError, match=r'MeanSound2 makes float32 \[1, 40\] of 1 clip, .* expected float32 \[1, 64\]'):
    contract.check_features(type('MeanSound2', (MeanSound,), {'feature_dimension': 64})(), CLIPS)
  with pytest.raises(ValueError, match='MeanSound3 has feature_dimension = None; expected the length'):
    contract.check_features(type('MeanSound3', (MeanSound,), {'feature_dimension': None})(), CLIPS)

  class Halves(MeanSound):
    def call(self, x, training=False):
      return tf.cast(super().call(x), tf.float16)

  with pytest.raises(ValueError, match=r'Halves makes float16 \[1, 40\]'):
    contract.check_features(Halves(), CLIPS)
