"""An official data set's files in; the rows of its manifest with labels and official splits out.

Open listing.py first, then any data set, such as esc50.py.
"""
