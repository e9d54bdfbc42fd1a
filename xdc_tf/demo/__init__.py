"""What `xdc demo` needs beside the library: its film, and what it measures without labels.

Open demo_summary.py first.
"""
