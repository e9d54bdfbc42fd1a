"""Clips of known content for the report: no film, no network."""

import functools

import numpy as np
import tensorflow as tf

from xdc_tf.report.thumbnails import ClipMedia


def jpeg(image: np.ndarray) -> bytes:
  return tf.io.encode_jpeg(image.astype(np.uint8), quality=95).numpy()


def tone(seconds: float, hertz: float = 440.0) -> np.ndarray:
  return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 16000)) / 16000)).astype(np.float32)


@functools.cache
def brightening_clip(num_frames: int = 60, frame_rate: float = 30.0, height: int = 90, width: int = 160) -> ClipMedia:
  """Frame k is grey of value 4 * k, modulo 256; a tone of 440 Hz goes with it."""
  frames = [jpeg(np.full((height, width, 3), 4 * k % 256)) for k in range(num_frames)]
  return ClipMedia(frames, tone(num_frames / frame_rate), frame_rate)
