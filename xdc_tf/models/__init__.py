"""Video float32 [B, T, H, W, 3] or log-mel [B, 40, 100, 1] in; embeddings [B, 512] out. And other trainers' weight files.

Open r2plus1d.py first; import_weights.py reads what others have trained.
"""
