"""What notebooks and programs call, in a dozen functions; `import xdc_tf` has them all: xdc_tf.load, xdc_tf.pretrain and others.

Open encoders.py first, then steps.py.
"""
