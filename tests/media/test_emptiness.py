"""Silence and still pictures, against numbers worked out by hand."""

import numpy as np
import pytest

from xdc_tf.media import emptiness


@pytest.mark.parametrize(('peak', 'share'), [(0.0, 1.0), (0.99e-3, 1.0), (1.01e-3, 0.5)])
def test_a_tenth_of_a_second_is_silent_by_its_loudest_sample(peak, share):
  """-60 dB are a thousandth."""
  wave = np.zeros(20_000, np.float32)
  wave[::1600] = np.where(np.arange(13) % 2, -peak, 0)[: len(wave[::1600])]
  assert emptiness.silent_share(wave, 16_000, -60.0) == pytest.approx(share, abs=0.04)


def test_no_sound_is_silence():
  assert emptiness.silent_share(np.zeros(0, np.float32), 16_000, -70.0) == 1.0
  assert emptiness.silent_share(np.float32([0.5]), 16_000, -70.0) == 0.0


def test_a_still_picture_is_the_same_bytes():
  assert emptiness.is_still([b'a', b'a', b'a'])
  assert not emptiness.is_still([b'a', b'b', b'a']) and not emptiness.is_still([b'a']) and not emptiness.is_still([])
