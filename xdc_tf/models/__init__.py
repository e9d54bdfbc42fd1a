"""Encoders: R(2+1)D-18 and ResNet3D-18 for video, ResNet-18 for audio, and the classification heads."""

from xdc_tf.models.audio_resnet import AudioResNet18
from xdc_tf.models.heads import HeadedEncoder
from xdc_tf.models.r2plus1d import R2Plus1D18
from xdc_tf.models.resnet3d import ResNet3D18

__all__ = ['AudioResNet18', 'HeadedEncoder', 'R2Plus1D18', 'ResNet3D18']
