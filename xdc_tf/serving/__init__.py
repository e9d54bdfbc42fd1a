"""Encoders in; SavedModels with their preprocessing inside out, and the client of the servers that hold them.

Open signatures.py first, then export.py.
"""
