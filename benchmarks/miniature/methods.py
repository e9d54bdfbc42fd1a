"""The rows of the table."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Method:
  """One row.

  Attributes:
    title: in the table.
    gin_file: its setting.
    evaluated: the encoder of each modality that is measured.
    pretrains: False: the encoders stay random.
    in_table: one of the methods of Table 1.
    supervised: what is measured was trained on the labels. The pretraining steps of the other rows go half into the training with
      few labels, half into the one with all.
  """

  title: str
  gin_file: str
  evaluated: dict[str, str]
  pretrains: bool = True
  in_table: bool = True
  supervised: bool = False


BOTH = {'video': 'video', 'audio': 'audio'}
METHODS = {
  'scratch': Method('Scratch', 'miniature/table1_xdc.gin', BOTH, pretrains=False, supervised=True),
  'random': Method('random', 'miniature/table1_xdc.gin', BOTH, pretrains=False),
  'sdc': Method('SDC', 'miniature/table1_sdc.gin', BOTH),
  'mdc': Method('MDC', 'miniature/table1_mdc.gin', BOTH),
  'cdc': Method('CDC', 'miniature/table1_cdc.gin', BOTH),
  'xdc': Method('XDC', 'miniature/table1_xdc.gin', BOTH),
  'xdc_plus': Method('XDC plus', 'miniature/xdc_plus.gin', BOTH, in_table=False),
  'xdc_resnet3d': Method('XDC, ResNet3D', 'miniature/table13_resnet3d.gin', BOTH, in_table=False),
  'same_modality_video': Method('same-modality XDC', 'miniature/table1_same_modality_video.gin', {'video': 'video_a'}),
  'same_modality_audio': Method('same-modality XDC', 'miniature/table1_same_modality_audio.gin', {'audio': 'audio_a'}),
  'shuffled_xdc': Method('XDC, shuffled', 'miniature/table1_shuffled_xdc.gin', BOTH),
}
