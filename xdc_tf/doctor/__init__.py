"""This machine, or any folder that the project filled, in; what is wrong with it and what to do out.

Open machine_checks.py or integrity.py first.
"""
