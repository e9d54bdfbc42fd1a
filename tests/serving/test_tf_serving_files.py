"""What TF Serving reads beside the graph: warm-up requests and the files of saved_models/, parsed by its own protocol buffers.

tensorflow-serving-api has the messages of models.config and of the requests. Those of batching.config and monitoring.config are
not in it: SCHEMA declares their fields as TF Serving's session_bundle_config.proto and monitoring_config.proto do.
"""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from export_cases import AUDIO_INPUT, SHORT_SIDE, VIDEO_INPUT
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf import wrappers_pb2 as _  # noqa: F401  SCHEMA depends on it.
from tensorflow_serving.apis import prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

from xdc_tf.records import audio_ops

pytestmark = pytest.mark.slow

FOLDER = pathlib.Path(__file__).resolve().parents[2] / 'saved_models'
SCHEMA = """
name: "configs_of_tf_serving.proto"  package: "of_tf_serving"  syntax: "proto3"
dependency: "google/protobuf/wrappers.proto"
message_type {
  name: "BatchingParameters"
  field { name: "max_batch_size" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Int64Value" }
  field { name: "batch_timeout_micros" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Int64Value" }
  field { name: "max_enqueued_batches" number: 3 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Int64Value" }
  field { name: "num_batch_threads" number: 4 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Int64Value" }
  field { name: "allowed_batch_sizes" number: 6 label: LABEL_REPEATED type: TYPE_INT64 }
  field { name: "pad_variable_length_inputs" number: 7 label: LABEL_OPTIONAL type: TYPE_BOOL }
}
message_type {
  name: "PrometheusConfig"
  field { name: "enable" number: 1 label: LABEL_OPTIONAL type: TYPE_BOOL }
  field { name: "path" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING }
}
message_type {
  name: "MonitoringConfig"
  field {
    name: "prometheus_config" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".of_tf_serving.PrometheusConfig"
  }
}
"""


@pytest.fixture(scope='module')
def message():
  """Returns a function that makes an empty message of SCHEMA by its name."""
  pool = descriptor_pool.Default()
  pool.AddSerializedFile(text_format.Parse(SCHEMA, descriptor_pb2.FileDescriptorProto()).SerializeToString())

  def make(name):
    descriptor = pool.FindMessageTypeByName(f'of_tf_serving.{name}')
    if hasattr(message_factory, 'GetMessageClass'):
      return message_factory.GetMessageClass(descriptor)()
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)()  # protobuf 3, on Python 3.10.

  return make


def parsed(name, message):
  return text_format.Parse((FOLDER / name).read_text(), message)


@pytest.mark.stack
def test_models_config():
  models = parsed('models.config', model_server_config_pb2.ModelServerConfig()).model_config_list.config
  assert [(m.name, m.base_path, m.model_platform) for m in models] == [
    (name, f'/models/{name}', 'tensorflow') for name in ('xdc_video', 'xdc_audio')
  ]


@pytest.mark.stack
def test_batching_config(message):
  batching = parsed('batching.config', message('BatchingParameters'))
  names = ('max_batch_size', 'batch_timeout_micros', 'max_enqueued_batches', 'num_batch_threads')
  assert all(getattr(batching, name).value >= 1 for name in names)
  assert not batching.pad_variable_length_inputs  # Nothing tells a padded frame from a black one.


@pytest.mark.stack
def test_monitoring_config(message):
  prometheus = parsed('monitoring.config', message('MonitoringConfig')).prometheus_config
  assert prometheus.enable
  annotations = documents('kubernetes.yaml')[0]['spec']['template']['metadata']['annotations']
  assert annotations['prometheus.io/path'] == prometheus.path


def documents(name) -> list[dict]:
  yaml = pytest.importorskip('yaml')
  return list(yaml.safe_load_all((FOLDER / name).read_text()))


@pytest.mark.parametrize('service', ['serving', 'serving-gpu'])
def test_the_compose_file_names_files_that_exist(service):
  (compose,) = documents('docker-compose.yml')
  server = compose['services'][service]
  assert server['volumes'] == ['.:/models:ro']
  assert all(port.startswith('127.0.0.1:') for port in server['ports'])
  flags = dict(flag.removeprefix('--').split('=') for flag in server['command'])
  files = [value for name, value in flags.items() if name.endswith('_file')]
  assert files
  assert all((FOLDER / pathlib.PurePath(file).relative_to('/models')).exists() for file in files)
  assert flags['enable_model_warmup'] == 'true'
  is_gpu = service == 'serving-gpu'
  assert server.get('profiles') == (
    ['gpu'] if is_gpu else None
  )  # Without a profile it is what `docker compose up` starts.
  assert server['image'].endswith('-gpu}' if is_gpu else 'latest}')
  assert ('batching_parameters_file' in flags) == is_gpu
  assert ('deploy' in server) == is_gpu
  assert server['user'] not in ('root', '0', '0:0') and server['read_only'] and server['cap_drop'] == ['ALL']
  assert server['security_opt'] == ['no-new-privileges:true']
  assert {'mem_limit', 'cpus', 'pids_limit'} <= set(server)


def test_the_kubernetes_manifest_fits_together():
  deployment, service, policy = documents('kubernetes.yaml')
  pod = deployment['spec']['template']
  (container,) = pod['spec']['containers']
  labels = pod['metadata']['labels']
  assert deployment['spec']['selector']['matchLabels'] == service['spec']['selector'] == labels
  ports = {port['name']: port['containerPort'] for port in container['ports']}
  assert (
    ports == {port['targetPort']: port['port'] for port in service['spec']['ports']} == {'grpc': 8500, 'rest': 8501}
  )
  for probe in ('startupProbe', 'readinessProbe'):
    assert container[probe]['httpGet'] == {'path': '/v1/models/xdc_video', 'port': 'rest'}
  mounts = {mount['name']: mount['mountPath'] for mount in container['volumeMounts']}
  assert mounts == {'models': '/models', 'config': '/config', 'tmp': '/tmp'}
  assert {volume['name'] for volume in pod['spec']['volumes']} == set(mounts)
  for flag in container['args']:
    if '_file=' in flag:
      assert (FOLDER / pathlib.PurePath(flag.split('=')[1]).relative_to('/config')).exists()
  assert service['spec']['type'] == 'ClusterIP'
  assert policy['spec']['podSelector']['matchLabels'] == labels
  assert {port['port'] for rule in policy['spec']['ingress'] for port in rule['ports']} == set(ports)


def test_the_kubernetes_pod_has_no_rights():
  pod = documents('kubernetes.yaml')[0]['spec']['template']['spec']
  (container,) = pod['containers']
  assert pod['securityContext']['runAsNonRoot'] and pod['securityContext']['runAsUser'] > 0
  assert pod['automountServiceAccountToken'] is False
  assert container['securityContext'] == {
    'allowPrivilegeEscalation': False,
    'readOnlyRootFilesystem': True,
    'capabilities': {'drop': ['ALL']},
  }
  assert {'cpu', 'memory', 'ephemeral-storage'} <= set(container['resources']['limits'])
  writable = [mount['mountPath'] for mount in container['volumeMounts'] if not mount.get('readOnly')]
  assert writable == ['/tmp']


def warmup_requests(path: str):
  records = tf.data.TFRecordDataset(f'{path}/assets.extra/tf_serving_warmup_requests')
  logs = [prediction_log_pb2.PredictionLog.FromString(record.numpy()) for record in records]
  assert {log.WhichOneof('log_type') for log in logs} == {'predict_log'}
  return [log.predict_log.request for log in logs]


@pytest.mark.stack
@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_every_warmup_request_is_answered(modality, request):
  model = request.getfixturevalue(modality)
  requests = warmup_requests(model.path)
  assert {r.model_spec.name for r in requests} == {f'xdc_{modality}'}
  assert sorted(r.model_spec.signature_name for r in requests) == sorted(model.signatures)
  size = (1, VIDEO_INPUT.num_frames)
  shapes = {
    'jpegs': size,
    'frames': (*size, SHORT_SIDE, SHORT_SIDE * 4 // 3, 3),
    'waveform': (1, 32000),
    'log_mel': (1, *AUDIO_INPUT.shape[1::-1]),
  }
  embeddings = []
  for r in requests:
    inputs = {name: tf.make_ndarray(value) for name, value in r.inputs.items()}
    assert all(value.shape == shapes[name] for name, value in inputs.items())
    signature = model.signatures[r.model_spec.signature_name]
    answer = signature(**{name: tf.constant(value) for name, value in inputs.items()})
    assert set(answer) == set(signature.structured_outputs)
    embeddings.append(answer['embedding'])
  # All forms hold the same grey picture, or the same silence.
  for embedding in embeddings:
    np.testing.assert_allclose(embedding, embeddings[0], rtol=1e-4, atol=1e-5 * np.abs(embeddings[0]).max())


@pytest.mark.stack
def test_warmup_requests_take_little_space(video, audio):
  for model in (video, audio):
    assert (pathlib.Path(model.path) / 'assets.extra/tf_serving_warmup_requests').stat().st_size < 10_000


def test_the_warmup_log_mel_is_that_of_silence(audio):
  (value,) = (r.inputs['log_mel'] for r in warmup_requests(audio.path) if 'log_mel' in r.inputs)
  np.testing.assert_allclose(tf.make_ndarray(value)[0], audio_ops.log_mel(np.zeros(32000, np.float32)), rtol=1e-6)


def test_a_clip_of_jpegs_is_one_of_the_records_size(video):
  values = [tf.make_ndarray(r.inputs['jpegs']) for r in warmup_requests(video.path) if 'jpegs' in r.inputs]
  assert len(values) == 3
  for value in values:
    assert tf.io.decode_jpeg(value[0, 0]).shape[0] == SHORT_SIDE
