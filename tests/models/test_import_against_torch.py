"""The same weights give the same features in PyTorch and here. Skipped where PyTorch is not installed."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from benchmarks.speed import torch_networks  # noqa: E402
from xdc_tf.models.import_weights import export_torch, import_weights, read_checkpoint  # noqa: E402

RANDOM = np.random.default_rng(0)
EPSILON = {'conv': 1e-3, 'block': 1e-5, 'whole': 1e-5}


def imported(network, path, epsilon=None, legacy=False):
  torch.save(network.state_dict(), path, _use_new_zipfile_serialization=not legacy)
  return import_weights(read_checkpoint(str(path)), batch_norm_epsilon=epsilon)


def difference(encoder, network, shape) -> float:
  """The largest difference of the features, as a share of their root mean square."""
  clip = RANDOM.normal(size=shape).astype(np.float32)
  with torch.no_grad():
    expected = network(torch.from_numpy(np.moveaxis(clip, -1, 1).copy())).numpy()
  found = np.asarray(encoder(clip))
  assert found.shape == expected.shape
  return float(np.abs(found - expected).max() / np.sqrt(np.mean(expected**2)))


@pytest.mark.parametrize('kind', ['conv', 'whole'])
def test_full_width(kind, tmp_path):
  network = torch_networks.randomise(torch_networks.VideoNetwork(kind), 1e-3)
  encoder = imported(network, tmp_path / 'weights.pth', 1e-3)
  for frames, size in ((8, 112), (32, 112), (8, 224)):
    found = difference(encoder, network, (1, frames, size, size, 3))
    print(f'{kind} {frames}x{size}: {found:.1e}')
    assert found < 1e-4


@pytest.mark.parametrize('legacy', [False, True], ids=['zip', 'legacy'])
@pytest.mark.parametrize('kind', EPSILON)
def test_narrow(kind, legacy, tmp_path):
  network = torch_networks.randomise(torch_networks.VideoNetwork(kind, 8), EPSILON[kind])
  given = EPSILON[kind] if kind == 'whole' else None
  encoder = imported(network, tmp_path / 'weights.pth', given, legacy)
  for shape in ((2, 8, 32, 32, 3), (1, 5, 19, 22, 3)):
    assert difference(encoder, network, shape) < 1e-4
  other = imported(network, tmp_path / 'weights.pth', 1e-3 if EPSILON[kind] == 1e-5 else 1e-5, legacy)
  assert difference(other, network, (2, 8, 32, 32, 3)) > 1e-3  # Epsilon matters to these weights.


@pytest.mark.parametrize('kind', ['conv', 'block', 'whole', 'audio'])
def test_pytorch_loads_our_export(kind, tmp_path):
  def make():
    return torch_networks.AudioNetwork(8) if kind == 'audio' else torch_networks.VideoNetwork(kind, 8)

  shape = (2, 40, 100, 1) if kind == 'audio' else (1, 8, 24, 24, 3)
  encoder = imported(torch_networks.randomise(make(), 1e-3), tmp_path / 'a.pth', 1e-3)
  (tmp_path / 'b.pth').write_bytes(export_torch(encoder))
  network = torch_networks.randomise(make(), 1e-3, seed=1)
  assert difference(encoder, network, shape) > 0.1
  network.load_state_dict(torch.load(tmp_path / 'b.pth', weights_only=True), strict=True)
  assert difference(encoder, network, shape) < 1e-4
