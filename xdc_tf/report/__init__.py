"""A finished run and its videos in; HTML pages, pictures of filters and maps of its clusters out.

Open cluster_report.py first; report_input.py takes from a run what it shows.
"""
