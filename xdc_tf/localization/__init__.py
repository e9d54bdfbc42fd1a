"""Dense features of whole videos in; actions with their times and the mean average precision out: G-TAD, the paper's THUMOS14.

Open localize.py first.
"""
