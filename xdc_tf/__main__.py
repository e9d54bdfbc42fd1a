"""`python -m xdc_tf VERB`: the command `xdc`, where its script is on no path."""

from xdc_tf.cli.main import run

if __name__ == '__main__':
  run()
