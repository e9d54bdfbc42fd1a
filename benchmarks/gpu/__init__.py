"""What xdc-tf does in a second on a GPU, beside PyTorch where it can be imported. Open parts.py first."""

from xdc_tf import xla_cache

xla_cache.use()  # Before TensorFlow is imported.
