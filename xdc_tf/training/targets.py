"""What an encoder is trained, validated or measured on."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Targets:
  """What one split is trained or validated on.

  Attributes:
    split: 'train' or 'validation'.
    labels: for each head, as label_table.py has them: int32 [num_rows of the split] trains softmax (-1 takes a clip out of that
      head's loss), uint8 [num_rows, ceil(classes / 8)] bits train a sigmoid for every class (no bit takes it out).
    subset: bool [num_rows of the split]: use these clips only; None: all.
  """

  split: str
  labels: dict[str, np.ndarray]
  subset: np.ndarray | None = None
