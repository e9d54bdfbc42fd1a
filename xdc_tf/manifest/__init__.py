"""A folder of videos, a CSV file or the official lists of a data set in; numbered rows out: what is to become clips.

Open manifest.py first (Row, write_manifest, read_manifest); official/ has one small file for each data set.
"""
