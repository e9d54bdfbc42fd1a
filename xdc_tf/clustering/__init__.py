"""A store of features on disk in; centroids and pseudo-labels out, however many clips there are.

Open kmeans.py first, then feature_store.py.
"""
