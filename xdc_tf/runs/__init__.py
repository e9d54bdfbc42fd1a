"""The folder of a run: which stages it has, what is done, and what later steps want to know of a finished one.

Open run_directory.py first; run_info.py opens finished runs, starting_point.py the encoders in them.
"""
