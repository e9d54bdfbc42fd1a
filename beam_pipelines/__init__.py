"""Manifests or records in; records or features out, on Beam: one machine, a cluster or Dataflow.

Open make_clips.py first; a shard is the unit of work (clip_shard.py).
"""
