"""Cross-Modal Deep Clustering (XDC, Alwassel et al., NeurIPS 2020) in TensorFlow. Open deep_clustering/outer_loop.py first."""

__version__ = '0.1.0'
