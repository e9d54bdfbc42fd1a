"""TFRecords of clips in (the record contract, readable by TFDS); batches of video and log-mel for encoders out.

Open schema.py first (what a record holds), then reader.py; audio_ops.py is the only code that computes log-mel.
"""
