"""The numbers of the paper's Tables 1 to 5, 7, 8 and 13, as printed, and which encoder each is about.

A row has the name that results.json gives in 'table_row', e.g. 'table1/xdc'. Encoders have names too, since one encoder stands in
several tables: each is called like the file in gin/papers/neurips2020/ that pretrains it; README.md there lists them row by row.
Columns that follow from others (Table 4's differences) are left out.
"""

import dataclasses

TARGETS = ('ucf101', 'hmdb51', 'esc50')
AUDIO = ('esc50', 'dcase2013')
# Scratch is trained and not finetuned, wherever it stands.
SCRATCH = 'scratch'


@dataclasses.dataclass(frozen=True)
class TableCell:
  """One number of the paper.

  Attributes:
    row: 'TABLE/ROW', e.g. 'table1/xdc'.
    method: as the table names the row.
    data_set: name of the records it is measured on.
    protocol: 'full', 'fc', 'scratch', 'svm' or 'localization'.
    num_frames: the number of frames of the clips; None for sound.
    encoder: what was pretrained, a stem in gin/papers/neurips2020/; 'scratch...' for random weights, '' for other people's methods.
    paper: the number as it is printed, per cent.
  """

  row: str
  method: str
  data_set: str
  protocol: str
  num_frames: int | None
  encoder: str
  paper: str


@dataclasses.dataclass(frozen=True)
class Table:
  """One table of the paper.

  Attributes:
    title: with its number.
    all_splits: whether it reports the mean over the official splits; else split 1.
    cells: its numbers.
  """

  title: str
  all_splits: bool
  cells: tuple[TableCell, ...]


def _row(
  row: str,
  method: str,
  encoder: str | tuple[str, ...],
  numbers: str,
  data_sets: tuple[str, ...] = TARGETS,
  protocol: str = 'full',
  num_frames: int = 8,
) -> list[TableCell]:
  """The cells of a row: numbers apart by blanks, '-' for none; one encoder, or one for each column."""
  encoders = (encoder,) * len(data_sets) if isinstance(encoder, str) else encoder
  protocol = SCRATCH if encoder == SCRATCH and protocol == 'full' else protocol
  return [
    TableCell(
      row,
      method,
      data_set,
      'svm' if data_set == 'dcase2013' else protocol,
      None if data_set in AUDIO else num_frames,
      used,
      paper.replace('±', ' ± '),
    )
    for data_set, used, paper in zip(data_sets, encoders, numbers.split(), strict=True)
    if paper != '-'
  ]


# Table 1's and Table 3's XDC takes the best number of clusters for each target.
BEST_KINETICS = ('table2_kinetics_256', 'table1_xdc', 'table2_kinetics_64')
BEST_AUDIOSET_240K = ('table2_audioset_240k_64', 'table2_audioset_240k_128', 'table2_audioset_240k_64')
BEST_AUDIOSET = ('table2_audioset_256', 'table2_audioset_256', 'table2_audioset_128')
SAME_MODALITY = ('table1_same_modality_video', 'table1_same_modality_video', 'table1_same_modality_audio')

_TABLE_1 = [
  *_row('table1/scratch', 'Scratch', SCRATCH, '54.5 24.1 54.3'),
  *_row('table1/superv', 'Superv', 'superv_kinetics', '90.9 58.0 82.3'),
  *_row('table1/sdc', 'SDC', 'table1_sdc', '61.8 31.4 66.5'),
  *_row('table1/mdc', 'MDC', 'table1_mdc', '68.4 37.1 70.3'),
  *_row('table1/cdc', 'CDC', 'table1_cdc', '72.9 37.5 74.8'),
  *_row('table1/xdc', 'XDC', BEST_KINETICS, '74.2 39.0 78.0'),
  *_row('table1/same_modality_xdc', 'same-modality-XDC', SAME_MODALITY, '61.3 30.5 66.0'),
]


def _table_2_rows(name: str, title: str, numbers: dict[int, str]) -> list[TableCell]:
  """The columns of Table 2 are rows here: one for each number of clusters."""
  cells = []
  for k, row in numbers.items():
    # Table 1's file has k = 128.
    encoder = 'table1_xdc' if (name, k) == ('kinetics', 128) else f'table2_{name}_{k}'
    cells += _row(f'table2/{name}_{k}', f'XDC ({title}), k = {k}', encoder, row)
  return cells


_TABLE_2 = [
  *_table_2_rows(
    'kinetics',
    'Kinetics',
    {64: '73.8 36.5 78.0', 128: '73.1 39.0 76.3', 256: '74.2 38.3 75.0', 512: '74.0 37.7 74.5', 1024: '72.6 37.7 71.5'},
  ),
  *_table_2_rows(
    'audioset_240k',
    'AudioSet-240K',
    {64: '77.4 41.3 78.5', 128: '77.2 42.6 77.8', 256: '76.7 41.6 77.3', 512: '77.1 40.6 76.8', 1024: '75.3 40.7 73.5'},
  ),
  *_table_2_rows(
    'audioset',
    'AudioSet',
    {64: '84.1 47.4 84.8', 128: '84.3 47.6 85.8', 256: '84.9 48.8 85.0', 512: '84.4 48.5 84.5', 1024: '84.2 48.4 83.0'},
  ),
]

_TABLE_3 = [
  *_row('table3/scratch', 'Scratch', SCRATCH, '54.5 24.1 54.3'),
  *_row('table3/superv_imagenet', 'Superv (ImageNet)', 'superv_imagenet', '79.9 44.5 -'),
  *_row('table3/superv_kinetics', 'Superv (Kinetics)', 'superv_kinetics', '90.9 58.0 82.3'),
  *_row('table3/superv_audioset_240k', 'Superv (AudioSet-240K)', 'superv_audioset_240k', '76.6 40.8 78.3'),
  *_row('table3/superv_audioset', 'Superv (AudioSet)', 'superv_audioset', '84.0 53.5 90.3'),
  *_row('table3/xdc_kinetics', 'XDC (Kinetics)', BEST_KINETICS, '74.2 39.0 78.0'),
  *_row('table3/xdc_audioset_240k', 'XDC (AudioSet-240K)', BEST_AUDIOSET_240K, '77.4 42.6 78.5'),
  *_row('table3/xdc_audioset', 'XDC (AudioSet)', BEST_AUDIOSET, '84.9 48.8 85.8'),
  *_row('table3/xdc_ig_random', 'XDC (IG-Random)', 'table3_xdc_ig_random', '88.8 61.2 86.3'),
  *_row('table3/xdc_ig_kinetics', 'XDC (IG-Kinetics)', 'table3_xdc_ig_kinetics', '91.5 63.1 84.8'),
]

_TABLE_4 = [
  *_row('table4/ig_random_1m', 'IG-Random, 1M', 'table4_ig_random_1m', '79.6 45.1 77.8'),
  *_row('table4/ig_kinetics_1m', 'IG-Kinetics, 1M', 'table4_ig_kinetics_1m', '84.2 50.3 79.5'),
  *_row('table4/ig_random_16m', 'IG-Random, 16M', 'table4_ig_random_16m', '84.1 55.2 84.3'),
  *_row('table4/ig_kinetics_16m', 'IG-Kinetics, 16M', 'table4_ig_kinetics_16m', '87.6 57.3 82.5'),
  *_row('table4/ig_random_65m', 'IG-Random, 65M', 'table3_xdc_ig_random', '88.8 61.2 86.3'),
  *_row('table4/ig_kinetics_65m', 'IG-Kinetics, 65M', 'table3_xdc_ig_kinetics', '91.5 63.1 84.8'),
]


def _table_5_row(name: str, title: str, encoder: str, fc: str, all_: str) -> list[TableCell]:
  """Both halves of a row of Table 5: a classifier on frozen features ('fc'), and full finetuning ('all')."""
  row = f'table5/{name}'
  return _row(row, f'{title}, fc', encoder, fc, protocol='fc') + _row(row, f'{title}, all', encoder, all_)


_TABLE_5 = [
  *_table_5_row('random', 'Random', SCRATCH, '6.0±1.0 7.5±0.6 61.3±2.5', '54.5 24.1 54.3'),
  *_table_5_row('superv_imagenet', 'Superv (ImageNet)', 'superv_imagenet', '74.5 42.8 -', '79.9 44.5 -'),
  *_table_5_row('superv_kinetics', 'Superv (Kinetics)', 'superv_kinetics', '89.7 61.5 79.5', '90.9 58.0 82.3'),
  *_table_5_row('superv_audioset', 'Superv (AudioSet)', 'superv_audioset', '80.2 51.6 88.5', '84.0 53.5 90.3'),
  *_table_5_row('xdc_ig_random', 'XDC (IG-Random)', 'table3_xdc_ig_random', '80.7 49.9 84.5', '88.8 61.2 86.3'),
  *_table_5_row('xdc_ig_kinetics', 'XDC (IG-Kinetics)', 'table3_xdc_ig_kinetics', '85.3 56.0 84.3', '91.5 63.1 84.8'),
]


def _table_7_row(name: str, method: str, numbers: str, encoder: str = '') -> list[TableCell]:
  """A row of Table 7(a): the mean over the splits, with 32-frame clips where the encoder is the paper's own."""
  return _row(f'table7/{name}', method, encoder, numbers, TARGETS[:2], num_frames=32)


def _table_7_audio_row(name: str, method: str, numbers: str, encoder: str = '') -> list[TableCell]:
  """A row of Table 7(b), whose two parts are joined here."""
  return _row(f'table7/{name}', method, encoder, numbers, AUDIO)


_TABLE_7 = [
  *_table_7_row('clip_order', 'ClipOrder, R(2+1)D-18 (UCF101)', '72.4 30.9'),
  *_table_7_row('motion_pred', 'MotionPred, C3D (Kinetics)', '61.2 33.4'),
  *_table_7_row('st_puzzle', 'ST-Puzzle, 3D-ResNet18 (Kinetics)', '65.8 33.7'),
  *_table_7_row('dpc', 'DPC, 3D-ResNet34 (Kinetics)', '75.7 35.7'),
  *_table_7_row('cbt', 'CBT, S3D (Kinetics)', '79.5 44.6'),
  *_table_7_row('speed_net', 'SpeedNet, S3D (Kinetics)', '81.1 48.8'),
  *_table_7_row('avts_mc3_kinetics', 'AVTS*, MC3-18 (Kinetics)', '84.1 52.5'),
  *_table_7_row('avts_r2plus1d_kinetics', 'AVTS†, R(2+1)D-18 (Kinetics)', '86.2 52.3'),
  *_table_7_row('xdc_kinetics', 'XDC (Kinetics)', '86.8 52.6', 'table7_xdc_kinetics'),
  *_table_7_row('avts_mc3_audioset', 'AVTS*, MC3-18 (AudioSet)', '87.7 57.3'),
  *_table_7_row('avts_r2plus1d_audioset', 'AVTS†, R(2+1)D-18 (AudioSet)', '89.1 58.1'),
  *_table_7_row('xdc_audioset', 'XDC (AudioSet)', '93.0 63.7', 'table7_xdc_audioset'),
  *_table_7_row('mil_nce', 'MIL-NCE, S3D (HowTo100M)', '91.3 61.0'),
  *_table_7_row('elo', 'ELO, R(2+1)D-50 (YouTube-8M)', '93.8 67.4'),
  *_table_7_row('xdc_ig_random', 'XDC (IG-Random)', '94.6 66.5', 'table7_xdc_ig_random'),
  *_table_7_row('xdc_ig_kinetics', 'XDC (IG-Kinetics)', '95.5 68.9', 'table7_xdc_ig_kinetics'),
  *_table_7_row('superv_imagenet', 'Fully supervised (ImageNet)', '84.0 48.1', 'superv_imagenet'),
  *_table_7_row('superv_kinetics', 'Fully supervised (Kinetics)', '94.2 65.1', 'superv_kinetics'),
  *_table_7_audio_row('random_forest', 'Random Forest', '44.3 -'),
  *_table_7_audio_row('piczak_convnet', 'Piczak ConvNet', '64.5 -'),
  *_table_7_audio_row('rg', 'RG', '- 69'),
  *_table_7_audio_row('ltt', 'LTT', '- 72'),
  *_table_7_audio_row('rnh', 'RNH', '- 77'),
  *_table_7_audio_row('ensemble', 'Ensemble', '- 78'),
  *_table_7_audio_row('sound_net', 'SoundNet', '74.2 88'),
  *_table_7_audio_row('l3_net', 'L3-Net', '79.3 93'),
  *_table_7_audio_row('avts', 'AVTS', '82.3 94'),
  *_table_7_audio_row('conv_rbm', 'ConvRBM', '86.5 -'),
  *_table_7_audio_row('xdc_audioset', 'XDC (AudioSet)', '84.8 95', 'table2_audioset_128'),
  *_table_7_audio_row('xdc_ig_random', 'XDC (IG-Random)', '85.4 95', 'table3_xdc_ig_random'),
]


def _table_8_row(name: str, method: str, encoder: str, numbers: str) -> list[TableCell]:
  """A row of Table 8: mean average precision at one overlap (tIoU) a column, with features of 16-frame snippets (ours)."""
  columns = tuple(f'thumos14@{tiou}' for tiou in ('0.3', '0.4', '0.5', '0.6', '0.7'))
  return _row(f'table8/{name}', method, encoder, numbers, columns, 'localization', num_frames=16)


_TABLE_8 = [
  *_table_8_row('superv_kinetics', 'Superv (Kinetics)', 'superv_kinetics', '50.9 44.4 36.6 28.4 19.8'),
  *_table_8_row('xdc_ig_random', 'XDC (IG-Random)', 'table7_xdc_ig_random', '51.5 44.8 36.9 28.6 20.0'),
  *_table_8_row('xdc_ig_kinetics', 'XDC (IG-Kinetics)', 'table7_xdc_ig_kinetics', '51.5 44.9 37.2 28.7 20.0'),
]

# ESC50 is heard by the same audio ResNet-18 as in Table 1, so Scratch and Superv have Table 1's number.
_SCRATCH_3D = ('scratch_resnet3d', 'scratch_resnet3d', SCRATCH)
_SUPERV_3D = ('superv_resnet3d', 'superv_resnet3d', 'superv_kinetics')
_TABLE_13 = [
  *_row('table13/scratch', 'Scratch (ResNet3D-18)', _SCRATCH_3D, '60.1 25.7 54.3', protocol=SCRATCH),
  *_row('table13/superv', 'Superv (ResNet3D-18)', _SUPERV_3D, '87.5 54.5 82.3'),
  *_row('table13/xdc', 'XDC (ResNet3D-18)', 'table13_xdc_resnet3d', '68.0 36.3 75.5'),
]

TABLES = {
  'table1': Table('Table 1: single-modality vs. multi-modal deep clustering (Kinetics)', False, tuple(_TABLE_1)),
  'table2': Table('Table 2: the number of clusters', False, tuple(_TABLE_2)),
  'table3': Table('Table 3: pretraining data type and size', False, tuple(_TABLE_3)),
  'table4': Table('Table 4: curated vs. uncurated pretraining data', False, tuple(_TABLE_4)),
  'table5': Table('Table 5: full finetuning vs. learning fc-only', False, tuple(_TABLE_5)),
  'table7': Table('Table 7: state-of-the-art comparison', True, tuple(_TABLE_7)),
  'table8': Table('Table 8: temporal action localization on THUMOS14 (mAP)', True, tuple(_TABLE_8)),
  'table13': Table('Table 13: another backbone, ResNet3D-18', False, tuple(_TABLE_13)),
}
# How many official splits the mean of Table 7 is over.
NUM_SPLITS = {'ucf101': 3, 'hmdb51': 3, 'esc50': 5}
