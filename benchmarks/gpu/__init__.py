"""What xdc-tf does in a second on a GPU, beside PyTorch where it can be imported. Open parts.py first."""

import xdc_tf  # noqa: F401 - before TensorFlow: names the folder for what XLA compiles.
