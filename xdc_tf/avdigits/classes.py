"""The classes of a corpus: the ten digits, or pairs of digits where more classes are wanted."""

from xdc_tf.avdigits.digits import WORDS

NUMBERS = (10, 20, 30, 40, 50)  # In all of them a digit is as frequent as another, in either place.


def digits_of(label: int, num_classes: int) -> tuple[int, ...]:
  """Returns the digits that a class shows and says, from left to right: one of ten classes has one, else two different ones."""
  first = label % len(WORDS)
  return (first,) if num_classes == len(WORDS) else (first, (first + 1 + label // len(WORDS)) % len(WORDS))


def name_of(label: int, num_classes: int) -> str:
  """Returns what is said, e.g. 'three' or 'three seven'."""
  return ' '.join(WORDS[digit] for digit in digits_of(label, num_classes))
