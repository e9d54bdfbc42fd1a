"""The same networks in PyTorch: eager and compiled, in both half precisions and both memory formats; the best counts."""

import itertools
from collections.abc import Callable

import torch

from benchmarks.gpu.ours import LEARNING_RATE, NUM_CLASSES, WEIGHT_DECAY, Sizes
from benchmarks.speed import torch_networks

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
PRECISIONS = {'bfloat16': torch.bfloat16, 'float16': torch.float16}
LAYOUTS = {
  'video': {'channels first': torch.contiguous_format, 'channels last': torch.channels_last_3d},
  'audio': {'channels first': torch.contiguous_format, 'channels last': torch.channels_last},
}


class Theirs:
  """Network, head and optimizer on one batch that stays on the device."""

  def __init__(self, modality: str, sizes: Sizes, precision: str, layout: str, compiled: bool):
    """Makes them; PRECISIONS and LAYOUTS say what there is."""
    torch.manual_seed(0)
    memory_format = LAYOUTS[modality][layout]
    *axes, channels = sizes.inputs(modality).shape
    clips = torch.randn([sizes.batch_size, channels, *axes], device=DEVICE)
    self._clips = clips.contiguous(memory_format=memory_format)
    self._labels = torch.zeros(sizes.batch_size, dtype=torch.int64, device=DEVICE)
    network = torch_networks.VideoNetwork('conv') if modality == 'video' else torch_networks.AudioNetwork()
    self._network = network.to(DEVICE, memory_format=memory_format)
    self._model = torch.nn.Sequential(self._network, torch.nn.Linear(512, NUM_CLASSES).to(DEVICE))
    self._optimizer = torch.optim.SGD(
      self._model.parameters(), LEARNING_RATE, momentum=0.9, nesterov=True, weight_decay=WEIGHT_DECAY
    )
    self._precision = PRECISIONS[precision]
    self._scaler = torch.amp.GradScaler(DEVICE, enabled=precision == 'float16' and DEVICE == 'cuda')
    self._run, self._infer = self._model, self._network
    if compiled:
      self._run, self._infer = torch.compile(self._model), torch.compile(self._network)

  def train(self) -> torch.Tensor:
    """Takes one step; returns the loss on the device."""
    self._model.train()
    self._optimizer.zero_grad()
    with torch.autocast(DEVICE, self._precision):
      loss = torch.nn.functional.cross_entropy(self._run(self._clips), self._labels)
    self._scaler.scale(loss).backward()
    self._scaler.step(self._optimizer)
    self._scaler.update()
    return loss.detach()

  def embed(self) -> torch.Tensor:
    """Returns the features of the batch, on the device."""
    self._model.eval()
    with torch.inference_mode(), torch.autocast(DEVICE, self._precision):
      return self._infer(self._clips)


def best(
  what: str, modality: str, sizes: Sizes, compiled: bool, seconds: Callable[[Callable], float]
) -> tuple[str, Callable]:
  """Returns the fastest way of PyTorch and its name.

  Args:
    what: 'train' or 'embed'.
    modality: 'video' or 'audio'.
    sizes: how much.
    compiled: whether torch.compile is used; the memory format is then the one that is faster without.
    seconds: times a call.
  """
  timed = {}
  for precision, layout in itertools.product(PRECISIONS, LAYOUTS[modality]):
    call = getattr(Theirs(modality, sizes, precision, layout, compiled=False), what)
    timed[f'{precision}, {layout}'] = seconds(call), call
  name = min(timed, key=lambda each: timed[each][0])
  if not compiled:
    return f'PyTorch, {name}', timed[name][1]
  layout, timed = name.split(', ')[1], {}
  for precision in PRECISIONS:
    call = getattr(Theirs(modality, sizes, precision, layout, compiled=True), what)
    timed[f'{precision}, {layout}'] = seconds(call), call
  name = min(timed, key=lambda each: timed[each][0])
  return f'PyTorch compiled, {name}', timed[name][1]
