"""The paper's own numbers, and what was measured beside them as its tables.

Open paper_tables.py first.
"""
