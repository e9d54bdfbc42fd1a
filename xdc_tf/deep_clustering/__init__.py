"""Records in; encoders that learned from clusters of each other out: the paper's Section 3.

Open outer_loop.py first, then methods.py, which is Figure 1 as a table.
"""
