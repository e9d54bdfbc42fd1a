"""The encoders that gin files, weights and commands name. A new one is a class and its name here (docs/extending.md)."""

from xdc_tf.models.audio_resnet import AudioResNet18
from xdc_tf.models.r2plus1d import R2Plus1D18
from xdc_tf.models.resnet3d import ResNet3D18

ENCODERS = {encoder.__name__: encoder for encoder in (R2Plus1D18, ResNet3D18, AudioResNet18)}
