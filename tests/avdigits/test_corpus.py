import collections
import csv
import io
import json
import os
import pathlib

import av
import numpy as np
import pytest
from scipy import stats

from xdc_tf.avdigits import classes, corpus, mp4, picture, speech
from xdc_tf.avdigits.curation import Curation
from xdc_tf.avdigits.digits import WORDS
from xdc_tf.cli import main
from xdc_tf.manifest import folder_and_csv
from xdc_tf.media import media


def run(folder: pathlib.Path, *arguments: str, train: int = 4, test: int = 2, seed: int = 5, workers: int = 1) -> None:
  counts = ['--train', str(train), '--test', str(test), '--seed', str(seed), '--num_workers', str(workers)]
  parsed = main.build_parser().parse_args(['make-avdigits', '--output_dir', str(folder), *counts, *arguments])
  parsed.run(parsed)


def rows(path: pathlib.Path) -> list[dict[str, str]]:
  with open(path, newline='') as file:
    return list(csv.DictReader(file))


def sound(content: bytes) -> list[bytes]:
  with av.open(io.BytesIO(content)) as container:
    return [bytes(packet) for packet in container.demux(audio=0)]


def pictures(content: bytes) -> np.ndarray:
  with av.open(io.BytesIO(content)) as container:
    return np.stack([frame.to_ndarray(format='rgb24').astype(float) for frame in container.decode(video=0)])


def contents(folder: pathlib.Path) -> dict[str, bytes]:
  return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


@pytest.fixture(scope='module')
def made(tmp_path_factory) -> pathlib.Path:
  folder = tmp_path_factory.mktemp('avdigits') / 'corpus'
  run(folder)
  return folder


@pytest.fixture(scope='module')
def recipe() -> corpus.Recipe:
  return corpus.Recipe.make(seed=0, level='hard')


@pytest.fixture(scope='module')
def described(recipe) -> tuple[np.ndarray, dict[str, np.ndarray]]:
  """The digits of 4,000 clips, and all that was drawn for them."""
  clips = corpus.plan(0, 'train', 4000)
  drawn = [recipe.describe(clip) for clip in clips]
  digits = np.array([clip.label for clip in clips])
  return digits, {name: np.array([row[name] for row in drawn]) for name in drawn[0]}


@pytest.mark.slow
def test_the_command_makes_what_it_says(made):
  assert set(contents(made)) == {
    'avdigits.json',
    'clips.csv',
    'list.csv',
    *(f'videos/train/00000{n}.mp4' for n in range(4)),
    *(f'videos/test/00000{n}.mp4' for n in range(2)),
  }
  listed = rows(made / 'list.csv')
  assert list(listed[0]) == ['path', 'label', 'split']
  assert [row['path'] for row in listed] == [f'videos/train/00000{n}.mp4' for n in range(4)] + [
    f'videos/test/00000{n}.mp4' for n in range(2)
  ]
  assert [row['split'] for row in listed] == ['train'] * 4 + ['test'] * 2
  assert {row['label'] for row in listed} <= set(WORDS)
  settings = json.loads((made / 'avdigits.json').read_text())
  assert (settings['level'], settings['seed'], settings['clips']) == ('hard', 5, {'train': 4, 'test': 2})
  assert settings['nuisances']['snr_db'] == [12, 28]
  assert [len(settings['voices'][split]) for split in ('train', 'test')] == [50, 22]
  assert settings['versions']['espeak-ng'].startswith('1.')
  assert sum(settings['clips_of_a_class']['train'].values()) == 4


def test_xdc_manifest_reads_the_list(made):
  listed = list(folder_and_csv.csv_rows(str(made / 'list.csv'), str(made)))
  assert [split for split, _ in listed] == ['train'] * 4 + ['test'] * 2
  assert all(os.path.exists(row.path) and row.labels[0] in WORDS for _, row in listed)


def test_the_reader_gets_two_seconds_of_both(made):
  for row in rows(made / 'list.csv'):
    path = str(made / row['path'])
    info = media.probe(path)
    assert (info.width, info.height, info.frame_rate) == (80, 80, 30)
    assert info.duration_seconds == pytest.approx(2.0, abs=0.001)
    span = media.read_span(path)
    assert len(span.frames) == 60 and span.waveform.shape == (32_000,)
    with av.open(path) as container:
      assert [stream.codec_context.name for stream in container.streams] == ['h264', 'aac']
      assert [stream.start_time for stream in container.streams] == [0, 0]


def test_the_file_holds_what_was_rendered(recipe):
  clip = corpus.plan(0, 'test', 3)[2]
  frames, waveform = recipe.render(clip)
  with av.open(io.BytesIO(mp4.encode(frames, 30, waveform, 22_050))) as container:
    decoded = np.stack([frame.to_ndarray(format='rgb24') for frame in container.decode(video=0)])
    container.seek(0)
    heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])[:44_100]
  brightness = [f.astype(float) @ (0.299, 0.587, 0.114) for f in (frames, decoded)]
  assert np.sqrt(np.mean((brightness[0] - brightness[1]) ** 2)) < 8
  assert np.corrcoef(waveform, heard)[0, 1] > 0.99
  # And at no other shift better: both begin at 0.
  assert np.argmax(np.correlate(heard, waveform[100:-100])) == 100


def assert_same_clip(content: bytes, other: bytes) -> None:
  """x264 gives other bytes for the same frames once in some hundred times, by 2 levels in the mean; other clips differ by 20."""
  assert sound(content) == sound(other)
  assert np.abs(pictures(content) - pictures(other)).mean() < 5


def assert_same_corpus(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
  assert found.keys() == expected.keys()
  for name, content in expected.items():
    if name.endswith('.mp4'):
      assert_same_clip(found[name], content)
    else:
      assert found[name] == content, name


@pytest.mark.slow
def test_more_clips_and_more_workers_change_no_clip(made, tmp_path):
  run(tmp_path / 'more', train=6, test=3, workers=2)
  few, more = contents(made), contents(tmp_path / 'more')
  videos = [name for name in few if name.endswith('.mp4')]
  assert len(videos) == 6 and len(more) == len(few) + 3
  for name in videos:
    assert_same_clip(few[name], more[name])
  assert few['clips.csv'].decode().splitlines()[:5] == more['clips.csv'].decode().splitlines()[:5]


def test_another_seed_and_another_level_make_other_clips(recipe):
  clip = corpus.plan(0, 'train', 1)[0]
  other_seed, other_level = corpus.Recipe.make(1, 'hard'), corpus.Recipe.make(0, 'easy')
  pictures = {recipe.picture(clip)[0], other_seed.picture(clip)[0], other_level.picture(clip)[0]}
  sounds = {recipe.sound(clip)[0], other_seed.sound(clip)[0], other_level.sound(clip)[0]}
  assert (len(pictures), len(sounds)) == (3, 3)


def test_the_order_of_rendering_does_not_matter(recipe):
  clips = corpus.plan(0, 'train', 3)
  forward = [recipe.render(clip) for clip in clips]
  backward = [recipe.render(clip) for clip in reversed(clips)]
  for one, other in zip(forward, reversed(backward), strict=True):
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


def test_labels_are_balanced_in_random_order():
  labels = [clip.label for clip in corpus.plan(0, 'train', 1000)]
  assert set(collections.Counter(labels).values()) == {100}
  assert [clip.label for clip in corpus.plan(0, 'train', 37)] == labels[:37]
  assert [clip.label for clip in corpus.plan(0, 'test', 1000)] != labels
  assert len({tuple(labels[n : n + 10]) for n in range(0, 1000, 10)}) > 95


@pytest.mark.slow
def test_in_a_share_of_the_training_clips_another_digit_is_said(recipe):
  bad = corpus.Recipe.make(0, 'hard', Curation(mismatched_sound=0.4))
  for split, share in (('train', 0.4), ('test', 0.0)):
    clips = corpus.plan(0, split, 4000)
    said = np.array([bad.said(clip) for clip in clips])
    wrong = said != np.array([clip.label for clip in clips])
    assert abs(wrong.mean() - share) < 0.03
    # What is said there is any other digit, and says nothing of the one that is shown.
    steps = (said - [clip.label for clip in clips])[wrong] % 10
    assert not wrong.any() or stats.chisquare(np.bincount(steps, minlength=10)[1:]).pvalue > 0.01
  assert all(recipe.said(clip) == clip.label for clip in corpus.plan(0, 'train', 100))
  # Nothing else of a clip changes.
  clip = next(clip for clip in corpus.plan(0, 'train', 100) if bad.said(clip) != clip.label)
  (pictures, sound), (others, other) = recipe.render(clip), bad.render(clip)
  assert np.array_equal(pictures, others) and not np.array_equal(sound, other)
  assert bad.describe(clip)['said'] == WORDS[bad.said(clip)]


def test_a_long_tail_is_geometric_and_of_the_training_clips():
  curation = Curation(long_tail=16)
  clips = corpus.plan(0, 'train', 5000, curation)
  counts = np.bincount([clip.label for clip in clips])
  assert 12 < counts[0] / counts[9] < 21 and (counts[:-3] > counts[3:]).all()
  np.testing.assert_allclose(curation.shares(10)[:-1] / curation.shares(10)[1:], 16 ** (1 / 9))
  assert clips[:37] == corpus.plan(0, 'train', 37, curation)
  assert corpus.plan(0, 'test', 50, curation) == corpus.plan(0, 'test', 50)


def test_a_shared_background_tells_the_voice(recipe):
  shared = corpus.Recipe.make(0, 'hard', Curation(shared_background=True))
  seen = collections.defaultdict(set)
  for clip in corpus.plan(0, 'train', 500):
    drawn, voice = shared.picture(clip)[0], shared.sound(clip)[0].voice
    seen[voice].add((drawn.background_from, drawn.background_to))
    assert drawn.contrast() >= picture.MIN_CONTRAST
  assert {len(backgrounds) for backgrounds in seen.values()} == {1}
  assert len(set.union(*seen.values())) == len(seen) == 50
  assert all(shared.picture(clip)[0] == recipe.picture(clip)[0] for clip in corpus.plan(0, 'test', 20))


def test_train_and_test_share_neither_images_nor_voices_but_accents(recipe):
  used = {}
  for split in ('train', 'test'):
    drawn = [recipe.describe(clip) for clip in corpus.plan(0, split, 3000)]
    used[split] = [{row[name] for row in drawn} for name in ('image_number', 'sound.voice', 'sound.accent')]
  assert not used['train'][0] & used['test'][0]
  assert not used['train'][1] & used['test'][1]
  assert (len(used['train'][1]), len(used['test'][1])) == (50, 22)
  assert used['train'][2] == used['test'][2] == set(speech.ACCENTS)


def test_a_clip_shows_an_image_of_its_digit(recipe):
  for clip in corpus.plan(0, 'test', 200):
    (number,) = recipe.images_of(clip, recipe.picture(clip)[0])
    assert number in recipe.image_numbers['test'][clip.label]


def test_nothing_drawn_tells_the_digit(described):
  digits, drawn = described
  tested = 0
  for name, values in drawn.items():
    if name in ('image_number', 'said'):
      continue
    if name == 'sound.gap_seconds':
      values = np.array([float(gaps.split()[0]) for gaps in values])
    if values.dtype.kind != 'U' and len(np.unique(values)) > 10:
      values = np.digitize(values, np.quantile(values, [0.25, 0.5, 0.75]))
    table = stats.contingency.crosstab(digits, values).count
    # Of 46 tests the least p should lie near 1 / 46; the seed is fixed, so this passes always or never.
    assert stats.chi2_contingency(table).pvalue > 1e-3, name
    tested += 1
  assert tested == len(drawn) - 2 == 46


def test_the_nuisances_of_picture_and_sound_are_independent(described):
  numbers = {name: values for name, values in described[1].items() if values.dtype.kind in 'if'}
  seen = [values for name, values in numbers.items() if name.startswith('picture.')]
  heard = [values for name, values in numbers.items() if name.startswith('sound.')]
  correlations = np.corrcoef(seen + heard)[: len(seen), len(seen) :]
  # Some 370 numbers with a standard deviation of 1 / sqrt(4000) each.
  assert np.abs(correlations).max() < 4.5 / np.sqrt(4000)


def test_an_interrupted_run_goes_on(made, tmp_path, capsys):
  run(tmp_path / 'again')
  whole = contents(tmp_path / 'again')
  assert_same_corpus(whole, contents(made))
  for name in ('videos/train/000002.mp4', 'list.csv'):
    (tmp_path / 'again' / name).unlink()
  kept = (tmp_path / 'again/videos/train/000001.mp4').stat().st_mtime_ns
  capsys.readouterr()
  run(tmp_path / 'again')
  assert_same_corpus(contents(tmp_path / 'again'), whole)
  assert (tmp_path / 'again/videos/train/000001.mp4').stat().st_mtime_ns == kept
  assert 'seed 5, 1 clips new' in capsys.readouterr().out


def test_the_list_comes_last(tmp_path, monkeypatch):
  def fail(*_):
    raise OSError('disk full')

  monkeypatch.setattr(corpus.mp4, 'encode', fail)
  with pytest.raises(OSError, match='disk full'):
    run(tmp_path / 'corpus')
  assert set(contents(tmp_path / 'corpus')) == {'avdigits.json'}


def test_a_folder_made_otherwise_is_refused(made):
  before = contents(made)
  with pytest.raises(ValueError, match=r'another corpus: seed 5 instead of 6; voices'):
    run(made, seed=6)
  with pytest.raises(
    ValueError, match=r'clips {"test": 2, "train": 4} instead of {"test": 2, "train": 5}\. Give a new'
  ):
    run(made, train=5)
  with pytest.raises(ValueError, match='level "hard" instead of "easy"; nuisances'):
    run(made, '--level', 'easy')
  assert contents(made) == before


def test_a_folder_made_with_other_curation_is_refused(made):
  with pytest.raises(
    ValueError, match='holds another corpus: curation null instead of {"long_tail": 1.0, "mismatched_sound": 0.2'
  ):
    run(made, '--mismatched_sound', '.2')


def test_a_folder_of_somebody_else_is_refused(tmp_path):
  (tmp_path / 'holiday.txt').write_text('mine')
  with pytest.raises(ValueError, match='was not made by make-avdigits.*new or empty --output_dir'):
    run(tmp_path)
  assert set(contents(tmp_path)) == {'holiday.txt'}
  with pytest.raises(ValueError, match='was not made by make-avdigits'):
    run(tmp_path / 'holiday.txt')


@pytest.mark.parametrize(
  ('arguments', 'message'),
  [
    ({'train': 0}, 'train=0, test=2 and num_workers=1; expected at least 1'),
    ({'workers': 0}, 'num_workers=0'),
    ({'more': ('--mismatched_sound', '.7')}, 'mismatched_sound=0.7 and long_tail=1; expected 0 to 0.6 and 1 to 100'),
    ({'more': ('--long_tail', '.5')}, 'long_tail=0.5'),
    ({'seed': -1}, 'seed is -1; expected a whole number from 0 to 4294967295'),
  ],
)
def test_arguments_out_of_range_are_refused(tmp_path, arguments, message):
  with pytest.raises(ValueError, match=message):
    run(tmp_path / 'corpus', *arguments.pop('more', ()), **arguments)
  assert not (tmp_path / 'corpus').exists()


def test_an_unknown_level_is_refused(tmp_path):
  with pytest.raises(ValueError, match="level is 'medium'; expected one of easy, hard, hardest"):
    corpus.make(str(tmp_path / 'corpus'), 'medium', 4, 2, 0, 1)


# Pairs of digits.


@pytest.mark.parametrize('num_classes', classes.NUMBERS)
def test_every_class_is_of_its_own_and_digits_are_equally_frequent(num_classes):
  shown = [classes.digits_of(label, num_classes) for label in range(num_classes)]
  assert len(set(shown)) == len({classes.name_of(label, num_classes) for label in range(num_classes)}) == num_classes
  assert all(len(set(digits)) == len(digits) == (1 if num_classes == 10 else 2) for digits in shown)
  for place in zip(*shown, strict=True):
    assert np.bincount(place).tolist() == [num_classes // 10] * 10
  labels = [clip.label for clip in corpus.plan(0, 'train', 2 * num_classes, num_classes=num_classes)]
  assert np.bincount(labels).tolist() == [2] * num_classes


def test_two_digits_stand_side_by_side(recipe):
  left, right = np.zeros([2, 28, 28], np.uint8)
  left[:, 4:24] = 200
  right[6:10, 13] = 255
  both = picture.side_by_side(np.stack([left, right]))
  assert (both.shape, both.dtype) == ((28, 28), np.uint8)
  assert (both[:, :14] == 200).all()
  assert both[6:10, 14:].max() > 100 and not both[:6, 14:].any() and not both[10:, 14:].any()
  assert picture.side_by_side(left[None]) is not None and (picture.side_by_side(left[None]) == left).all()


def test_a_pair_shows_and_says_its_two_digits():
  pairs = corpus.Recipe.make(0, 'hard', Curation(mismatched_sound=0.3), 50)
  clips = corpus.plan(0, 'train', 100, num_classes=50)
  for clip in clips:
    first, second = pairs.images_of(clip, pairs.picture(clip)[0])
    digits = classes.digits_of(clip.label, 50)
    assert first in pairs.image_numbers['train'][digits[0]] and second in pairs.image_numbers['train'][digits[1]]
  assert pairs.shown(clips[0]) == ' '.join(WORDS[digit] for digit in classes.digits_of(clips[0].label, 50))
  assert {pairs.describe(clip)['said'] == pairs.shown(clip) for clip in clips} == {True, False}


@pytest.mark.slow
def test_a_corpus_of_pairs_is_named_so_and_not_gone_on_with_as_another(tmp_path):
  run(tmp_path, '--num_classes', '50')
  assert json.loads((tmp_path / 'avdigits.json').read_text())['num_classes'] == 50
  assert all(len(row['label'].split()) == 2 for row in rows(tmp_path / 'list.csv'))
  with pytest.raises(ValueError, match='holds another corpus: num_classes 50 instead of 40'):
    run(tmp_path, '--num_classes', '40')
  with pytest.raises(ValueError, match='num_classes is 15; expected one of 10, 20, 30, 40, 50'):
    run(tmp_path / 'other', '--num_classes', '15')
