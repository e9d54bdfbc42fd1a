"""The video and audio networks in PyTorch, by the papers and the released files' key names: the peer of benchmarks and tests."""

import torch
from torch import nn


def convolution(inputs, outputs, kernel, stride=(1, 1, 1)):
  """Returns a convolution without bias, padded by half its kernel."""
  return nn.Conv3d(inputs, outputs, kernel, stride, [size // 2 for size in kernel], bias=False)


def planes(inputs, outputs):
  """Returns the planes in the middle that give the pair as many parameters as a 3x3x3 convolution."""
  return (inputs * outputs * 27) // (inputs * 9 + 3 * outputs)


class Block(nn.Module):
  """A basic block of video; `kind` is VideoNetwork's."""

  def __init__(self, inputs, outputs, stride, kind):
    super().__init__()
    make = {'conv': self.factored, 'block': self.factored, 'whole': self.whole}[kind]
    second = inputs if kind == 'block' else outputs
    self.conv1 = nn.Sequential(
      make(inputs, outputs, planes(inputs, outputs), stride), nn.BatchNorm3d(outputs), nn.ReLU()
    )
    self.conv2 = nn.Sequential(make(outputs, outputs, planes(second, outputs), 1), nn.BatchNorm3d(outputs))
    self.downsample = None
    if inputs != outputs:
      self.downsample = nn.Sequential(convolution(inputs, outputs, (1, 1, 1), (stride,) * 3), nn.BatchNorm3d(outputs))

  @staticmethod
  def factored(inputs, outputs, middle, stride):
    """Returns a 1x3x3 and a 3x1x1 convolution."""
    return nn.Sequential(
      convolution(inputs, middle, (1, 3, 3), (1, stride, stride)), nn.BatchNorm3d(middle), nn.ReLU(),
      convolution(middle, outputs, (3, 1, 1), (stride, 1, 1)),
    )  # fmt: skip

  @staticmethod
  def whole(inputs, outputs, middle, stride):
    """Returns a 3x3x3 convolution."""
    return convolution(inputs, outputs, (3, 3, 3), (stride,) * 3)

  def forward(self, x):
    """Returns the block's output."""
    return torch.relu(self.conv2(self.conv1(x)) + (x if self.downsample is None else self.downsample(x)))


class VideoNetwork(nn.Module):
  """R(2+1)D-18 with the middle planes of each 'conv' or each 'block', or with 'whole' kernels, ResNet3D-18."""

  def __init__(self, kind, width=64):
    super().__init__()
    if kind == 'whole':
      self.stem = nn.Sequential(convolution(3, width, (3, 7, 7), (1, 2, 2)), nn.BatchNorm3d(width), nn.ReLU())
    else:
      middle = 45 * width // 64
      self.stem = nn.Sequential(
        convolution(3, middle, (1, 7, 7), (1, 2, 2)), nn.BatchNorm3d(middle), nn.ReLU(),
        convolution(middle, width, (3, 1, 1)), nn.BatchNorm3d(width), nn.ReLU(),
      )  # fmt: skip
    for number in range(4):
      inputs, outputs = width * 2 ** max(number - 1, 0), width * 2**number
      stride = 2 if number else 1
      layer = nn.Sequential(Block(inputs, outputs, stride, kind), Block(outputs, outputs, 1, kind))
      setattr(self, f'layer{number + 1}', layer)

  def forward(self, x):
    """[B, 3, T, H, W] -> [B, 8 * width]."""
    x = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x)))))
    return x.mean(dim=(2, 3, 4))


class AudioBlock(nn.Module):
  """A basic block of sound."""

  def __init__(self, inputs, outputs, stride):
    super().__init__()
    self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
    self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
    self.downsample = None
    if inputs != outputs:
      self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

  def forward(self, x):
    """Returns the block's output."""
    y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
    return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class AudioNetwork(nn.Module):
  """ResNet-18 on one channel."""

  def __init__(self, width=64):
    super().__init__()
    self.conv1, self.bn1 = nn.Conv2d(1, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
    for number in range(4):
      inputs, outputs = width * 2 ** max(number - 1, 0), width * 2**number
      layer = nn.Sequential(AudioBlock(inputs, outputs, 2 if number else 1), AudioBlock(outputs, outputs, 1))
      setattr(self, f'layer{number + 1}', layer)

  def forward(self, x):
    """[B, 1, 40, frames] -> [B, 8 * width]."""
    x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
    return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean(dim=(2, 3))


def randomise(network, epsilon, seed=0):
  """Random weights and statistics; a tenth of the variances is so small that epsilon matters. Returns it for evaluation."""
  random = torch.Generator().manual_seed(seed)

  def uniform(tensor, low, high):
    return tensor.copy_(torch.rand(tensor.shape, generator=random) * (high - low) + low)

  with torch.no_grad():
    for module in network.modules():
      if isinstance(module, nn.Conv2d | nn.Conv3d):
        nn.init.kaiming_normal_(module.weight, mode='fan_out', generator=random)
      elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
        module.eps = epsilon
        uniform(module.weight, 0.5, 1.5)
        uniform(module.bias, -0.5, 0.5)
        uniform(module.running_mean, -0.5, 0.5)
        small = torch.rand(module.running_var.shape, generator=random) < 0.1
        uniform(module.running_var, 0.5, 2.0)[small] *= 0.01
  return network.eval()
