"""The official data sets that `xdc manifest` knows, as a table: how each is laid out, its options, an example.

To add one, write a module with a function `read(..., skipped)` in xdc_tf/manifest/official/ and a row here; the options are its
arguments. The modules are imported when they are used: they need TensorFlow, which `--help` does not.
"""

import dataclasses
from typing import Any

_LISTS = ('lists', {'required': True, 'help': 'folder of the official lists'})
_MEDIA = ('media', {'required': True, 'help': 'folder of the media files, searched through all levels'})
_FOLDER = ('folder', {'required': True, 'help': 'folder of the unpacked data set'})
_FILES = ('lists', {'required': True, 'nargs': '+', 'metavar': 'CSV', 'help': 'the official lists'})


@dataclasses.dataclass(frozen=True)
class OfficialSource:
  """One data set.

  Attributes:
    name: the sub-verb, the module in xdc_tf/manifest/official/ and the default name of the data set.
    help: one line.
    layout: which files are expected where, and what the rows are; shown by --help.
    example: a command.
    options: (argument of `read`, keywords of argparse's add_argument).
  """

  name: str
  help: str
  layout: str
  example: str
  options: tuple[tuple[str, dict[str, Any]], ...]


SOURCES = (
  OfficialSource(
    'kinetics',
    'Kinetics-400: CSV lists and trimmed videos',
    'lists: label,youtube_id,time_start,time_end,split with a header (the test list may lack the label)\n'
    'media: YOUTUBEID_000010_000020.mp4, six digits of seconds, anywhere below the folder\n'
    "rows:  one a video, splits 'train', 'validation' (val, validate) and 'test'",
    'xdc manifest kinetics --lists train.csv validate.csv --media ~/kinetics --output_dir data/kinetics_manifest',
    (_FILES, _MEDIA),
  ),
  OfficialSource(
    'audioset',
    'AudioSet: CSV lists, the ontology, and clips',
    'lists: balanced_train_segments.csv, unbalanced_train_segments.csv, eval_segments.csv: YTID, start, end, "mid,mid"\n'
    'media: YTID_START_END.mp4 with seconds (30, 30.000, 000030) or milliseconds (30000), or YTID.mp4; video or audio\n'
    "rows:  one a clip with all its labels, splits 'train' and 'validation' (the eval list)",
    'xdc manifest audioset --lists balanced_train_segments.csv unbalanced_train_segments.csv eval_segments.csv \\\n'
    '    --ontology ontology.json --media ~/audioset --subset 240000 --seed 0 --output_dir data/audioset_manifest',
    (
      _FILES,
      ('ontology', {'required': True, 'metavar': 'JSON', 'help': 'ontology.json, which names the classes'}),
      _MEDIA,
      ('whole_videos', {'action': 'store_true', 'help': 'YTID.mp4 is the whole video: rows start and end as listed'}),
      ('subset', {'type': int, 'default': 0, 'help': 'so many random training clips that have a file (default: all)'}),
      ('seed', {'type': int, 'default': 0, 'help': 'of the subset (default: 0)'}),
    ),
  ),
  OfficialSource(
    'ucf101',
    'UCF101: three official splits',
    'lists: classInd.txt, trainlist01.txt .. 03, testlist01.txt .. 03 (the folder ucfTrainTestlist)\n'
    'media: ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi (the folder UCF-101)\n'
    "rows:  one a video, split 'official', three official splits\n"
    'sound: half of the classes have none, so make the records with --modalities video',
    'xdc manifest ucf101 --lists ucfTrainTestlist --media UCF-101 --output_dir data/ucf101_manifest',
    (_LISTS, _MEDIA),
  ),
  OfficialSource(
    'hmdb51',
    'HMDB51: three official splits',
    'lists: brush_hair_test_split1.txt .. 3 and so on (the folder testTrainMulti_7030_splits): NAME.avi 0|1|2\n'
    'media: brush_hair/NAME.avi\n'
    "rows:  one a video, split 'official', three official splits\n"
    'sound: many videos have none, so make the records with --modalities video',
    'xdc manifest hmdb51 --lists testTrainMulti_7030_splits --media hmdb51 --output_dir data/hmdb51_manifest',
    (_LISTS, _MEDIA),
  ),
  OfficialSource(
    'esc50',
    'ESC-50: five official folds, sound only',
    'folder: meta/esc50.csv (filename,fold,target,category,...) and audio/1-100032-A-0.wav\n'
    "rows:   one a sound, split 'official', five official splits: fold i is the test of split i\n"
    'Make the clips with `make_clips --modalities=audio`.',
    'xdc manifest esc50 --folder ESC-50-master --output_dir data/esc50_manifest',
    (_FOLDER,),
  ),
  OfficialSource(
    'dcase2013',
    'DCASE 2013 acoustic scenes: development and evaluation set, sound only',
    'folder: scenes_stereo/bus01.wav (development) and scenes_stereo_testset/bus01.wav (evaluation)\n'
    "rows:   one a recording, split 'official', one official split: development trains, evaluation tests\n"
    'Make the clips with `make_clips --modalities=audio`.',
    'xdc manifest dcase2013 --folder ~/dcase2013 --output_dir data/dcase2013_manifest',
    (_FOLDER,),
  ),
  OfficialSource(
    'thumos14',
    'THUMOS14: untrimmed videos with temporal annotations',
    'annotations: Diving_val.txt, Diving_test.txt, Ambiguous_val.txt ..., below the folder: VIDEO START END\n'
    'media:       video_validation_0000051.mp4, video_test_0000004.mp4\n'
    "rows:        one an annotated video with all its classes, split 'official', one official split\n"
    'Some videos are long: `make_clips --max_span_seconds` limits what is stored.',
    'xdc manifest thumos14 --annotations ~/thumos14/annotation --media ~/thumos14 --output_dir data/thumos14_manifest',
    (('annotations', {'required': True, 'help': 'folder of CLASS_val.txt and CLASS_test.txt, at any depth'}), _MEDIA),
  ),
  OfficialSource(
    'imagenet',
    'ImageNet: images as videos of one frame',
    'folder: train/n01440764/n01440764_10026.JPEG and val/n01440764/ILSVRC2012_val_00000293.JPEG, or n01440764/...; also\n'
    '        flat validation images with LOC_val_solution.csv or ILSVRC2012_devkit_t12/data/ in the folder itself\n'
    "rows:   one an image, splits 'train' and 'validation', the label is the WordNet id\n"
    'Make the clips with `make_clips --modalities=video`.',
    'xdc manifest imagenet --folder ~/imagenet --output_dir data/imagenet_manifest',
    (_FOLDER,),
  ),
  OfficialSource(
    'tfds_videos',
    'A data set that TensorFlow Datasets has prepared, such as its own ucf101: frames only, as TFDS keeps no sound',
    'dataset: folder of a prepared version, with dataset_info.json, and the features video and label\n'
    'videos:  gets the frames as lossless .mkv files, which take more room than the originals\n'
    'rows:    one a video, the splits of the data set\n'
    'Make the clips with `make_clips --modalities=video`.',
    'xdc manifest tfds_videos --dataset ~/tensorflow_datasets/ucf101/ucf101_1_256/2.0.0 --videos data/ucf101_videos \\\n'
    '    --frame_rate 25 --output_dir data/ucf101_manifest',
    (
      ('dataset', {'required': True, 'help': 'folder of the prepared data set'}),
      ('videos', {'required': True, 'help': 'folder that gets the videos'}),
      ('frame_rate', {'type': float, 'required': True, 'help': 'frames a second of the original videos (UCF101: 25)'}),
    ),
  ),
)
