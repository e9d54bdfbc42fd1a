"""The last layer of a finetuned encoder, exported and in Python: the probabilities are the layer's on the embeddings."""

import json
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from made_up_film import film
from tensorflow_serving.apis import prediction_log_pb2

import xdc_tf
from xdc_tf import files
from xdc_tf.cli import client as cli_client
from xdc_tf.cli import main
from xdc_tf.models import AudioResNet18
from xdc_tf.models.classifier import Classifier
from xdc_tf.records.audio_ops import LogMelSpec
from xdc_tf.records.inputs import AudioInput
from xdc_tf.runs import weights_folder
from xdc_tf.serving import embed
from xdc_tf.training import checkpoints

pytestmark = [pytest.mark.slow, pytest.mark.stack]

RANDOM = np.random.default_rng(0)
KERNEL, BIAS = (RANDOM.normal(size=size).astype(np.float32) for size in ((32, 3), 3))
CLASSES = ('dog', 'cat', 'Möwe')


@pytest.fixture(scope='module')
def cell(tmp_path_factory) -> str:
  """A folder as `xdc finetune` leaves it."""
  folder = str(tmp_path_factory.mktemp('cell'))
  encoder = AudioResNet18(base_width=4, blocks_per_stage=1)
  encoder(np.zeros([1, 40, 100, 1], np.float32))
  checkpoints.save_weights(encoder, folder)
  for name, array in (('kernel', KERNEL), ('bias', BIAS)):
    files.write_array(f'{folder}/{name}.npy', array)

  class Records:
    short_side, frame_rate, log_mel_spec, audio_track, label_names = 32, 30.0, LogMelSpec(), '', CLASSES

  weights_folder.write_info(folder, encoder, 'a cell', AudioInput(), Records, several_labels=False)
  return folder


@pytest.fixture(scope='module')
def exported(cell, tmp_path_factory) -> str:
  return xdc_tf.export(cell, tmp_path_factory.mktemp('models'))['audio']


def softmax(embedding):
  powers = np.exp(embedding @ KERNEL + BIAS)
  return powers / powers.sum(axis=-1, keepdims=True)


def test_signatures_and_what_lies_beside_them(exported):
  signatures = tf.saved_model.load(exported).signatures
  waveform = tf.constant(RANDOM.uniform(-1, 1, (2, 40_000)).astype(np.float32))
  embedding = signatures['embed'](waveform=waveform)['embedding']
  for said in (signatures['classify'](waveform=waveform), signatures['classify_embedding'](embedding=embedding)):
    np.testing.assert_allclose(said['probabilities'], softmax(embedding.numpy()), rtol=1e-5)
    np.testing.assert_array_equal(said['class'], softmax(embedding.numpy()).argmax(axis=1))
  # An embedding has no bound: one of a short training was 77,626, and the whole film was refused.
  far = signatures['classify_embedding'](embedding=tf.constant(np.full([1, 32], 1e5, np.float32)))
  assert far['class'] == KERNEL.sum(axis=0).argmax()
  for bad in (np.zeros([1, 31], np.float32), np.full([1, 32], np.nan, np.float32)):
    with pytest.raises(tf.errors.InvalidArgumentError, match='embedding'):
      signatures['classify_embedding'](embedding=tf.constant(bad))
  with open(f'{exported}/assets.extra/metadata.json') as file:
    assert json.load(file)['classes'] == list(CLASSES)
  with open(f'{exported}/assets.extra/model_card.md') as file:
    card = file.read()
  assert (
    'each of these classes is: dog, cat, Möwe.' in card and 'They were finetuned' in card and 'Clusters' not in card
  )
  requests = [
    prediction_log_pb2.PredictionLog.FromString(r.numpy()).predict_log.request
    for r in tf.data.TFRecordDataset(f'{exported}/assets.extra/tf_serving_warmup_requests')
  ]
  assert {r.model_spec.signature_name for r in requests} == set(signatures)
  for request in requests:
    inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
    signatures[request.model_spec.signature_name](**inputs)


def test_python_says_what_the_export_says(cell, exported):
  waveform = RANDOM.uniform(-1, 1, (2, 32_000)).astype(np.float32)
  for path in (cell, exported):
    encoder = xdc_tf.load(path)
    assert encoder.classes == CLASSES
    np.testing.assert_allclose(encoder.classify(waveform), softmax(encoder.embed(waveform)), rtol=1e-5)


def test_a_client_with_metadata_writes_the_names_too(exported, tmp_path, monkeypatch):
  said = {
    'start_seconds': np.zeros(1),
    'embeddings': np.zeros([1, 32]),
    'classes': np.array([2]),
    'probabilities': np.eye(3)[2:],
  }
  monkeypatch.setattr(cli_client.client, 'connect', mock.Mock())
  monkeypatch.setattr(cli_client.client, 'embed_video', lambda *_: dict(said))
  words = [
    'client',
    'embed',
    'film.mp4',
    '--url',
    'http://localhost:1',
    '--signature',
    'classify',
    '--metadata',
    exported,
  ]
  arguments = main.build_parser().parse_args([*words, '--output', str(tmp_path / 'film.npz')])
  arguments.run(arguments)
  assert tuple(np.load(tmp_path / 'film.npz')['class_names']) == CLASSES


def test_a_film_has_a_class_a_clip(exported):
  starts, embeddings = embed.embed_video('film.mp4', exported, film(6.0)[0])
  said = embed.classify(embeddings, exported)
  np.testing.assert_allclose(said['probabilities'], softmax(embeddings), rtol=1e-5)
  assert len(starts) == len(said['classes']) == 3 and tuple(said['class_names']) == CLASSES


def test_who_has_no_last_layer_says_so(cell, tmp_path):
  checkpoints.save_weights(weights_folder.load(cell)[0], str(tmp_path))
  info = files.read_json(f'{cell}/encoder.json')
  del info['classifier']
  files.write_json(str(tmp_path / 'encoder.json'), info)
  encoder = xdc_tf.load(tmp_path)
  assert encoder.classes == ()
  with pytest.raises(ValueError, match='This encoder tells no classes. Expected a cell'):
    encoder.classify(np.zeros([1, 32_000], np.float32))


def test_several_labels_have_a_probability_each():
  said = Classifier(KERNEL, BIAS, CLASSES, several_labels=True).probabilities(tf.zeros([1, 32]))
  np.testing.assert_allclose(said[0], 1 / (1 + np.exp(-BIAS)), rtol=1e-6)
  with pytest.raises(ValueError, match=r'expected \[d, n\] and \[n\] for 2 classes'):
    Classifier(KERNEL, BIAS, CLASSES[:2])
