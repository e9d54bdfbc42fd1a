"""A span of a video file in; JPEG frames at a fixed rate and a mono waveform out, by PyAV and without TensorFlow.

Open media.py first (read_span, MediaReader); decoder_process.py runs it where a damaged file may do no harm.
"""
