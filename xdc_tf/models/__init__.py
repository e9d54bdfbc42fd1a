"""Video float32 [B, T, H, W, 3] or log-mel [B, 40, 100, 1] in; embeddings [B, 512] out. And other trainers' weight files.

Open r2plus1d.py first; import_weights.py reads what others have trained.
"""

from xdc_tf.models.audio_resnet import AudioResNet18
from xdc_tf.models.encoders import ENCODERS
from xdc_tf.models.heads import HeadedEncoder
from xdc_tf.models.r2plus1d import R2Plus1D18
from xdc_tf.models.resnet3d import ResNet3D18

__all__ = ['ENCODERS', 'AudioResNet18', 'HeadedEncoder', 'R2Plus1D18', 'ResNet3D18']
