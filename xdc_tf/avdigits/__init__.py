"""A level and a seed in; AV digits out, a synthetic corpus of films in which a digit is seen and heard.

Open corpus.py first.
"""
