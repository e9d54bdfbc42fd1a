"""One encoder, records and one target for each clip and head in; trained weights out, resumable to the bit.

Open trainer.py first; options.py says what can be chosen.
"""
