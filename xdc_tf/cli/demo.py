"""xdc demo: the whole road on one film or on your own videos, from files to SavedModels and a cluster report."""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

from xdc_tf import files, lease
from xdc_tf.cli import configuration
from xdc_tf.demo import demo_film, demo_summary
from xdc_tf.library.exporting import export_run
from xdc_tf.library.steps import pretrain_run, report_run
from xdc_tf.manifest import folder_and_csv, manifest

SUMMARY = (
  'Do everything once: videos -> clips -> XDC pretraining -> SavedModels -> cluster report. Run again, it goes on.'
)
EXAMPLE = 'xdc demo --video ~/videos --output_dir my_demo'
SPAN_SECONDS = 2.0
SMALLEST_DEMO = 5  # Spans, every fifth of them held out.


def add_arguments(parser: argparse.ArgumentParser) -> None:
  """Declares the verb's arguments."""
  add = parser.add_argument
  add('--output_dir', default='demo_run', help='folder of everything (default: demo_run)')
  add('--video', help='a video or a folder of videos (default: the film Big Buck Bunny, 58 MB from the package index)')
  add('--gin_file', action='append', default=[], help='a gin file (default: demo/film.gin); may be repeated')
  add(
    '--gin_param',
    action='append',
    default=[],
    help="a binding such as 'Pretraining.num_iterations = 2'; may be repeated",
  )


def run(arguments: argparse.Namespace) -> None:
  """Runs the stages in order; each one skips what is done."""
  started = time.time()
  output_dir = arguments.output_dir
  paths = {name: os.path.join(output_dir, name) for name in ('manifest', 'records', 'run', 'saved_models', 'report')}
  if arguments.video and not os.path.exists(arguments.video):
    raise FileNotFoundError(f'--video {arguments.video} does not exist. Expected a video or a folder of videos.')
  _claim_folder(output_dir, os.path.abspath(arguments.video) if arguments.video else 'Big Buck Bunny')
  with lease.held(output_dir):
    summary = _do_everything(arguments, paths)
    _print_result(output_dir, paths, summary, time.time() - started)


def _do_everything(arguments: argparse.Namespace, paths: dict[str, str]) -> dict:
  video, credit = _get_video(arguments)
  _make_manifest(video, paths['manifest'])
  _make_records(paths['manifest'], paths['records'])
  _say(3, 'pretraining: k-means and training in turns')
  gin_files = arguments.gin_file or ['demo/film.gin']
  pretrain_run(
    paths['records'],
    paths['run'],
    gin_files,
    arguments.gin_param,
    logical_cpus=1,
    deterministic=False,
    allow_changes=True,  # It shows the road; nobody compares its bits.
  )
  _export(paths['run'], paths['saved_models'])
  summary = _summarize(paths['run'], os.path.join(arguments.output_dir, 'summary.json'))
  _report(paths['run'], paths['report'], credit, summary)
  return summary


def _say(number: int, what: str) -> None:
  print(f'\n[{number}/6] {what}', flush=True)


def _claim_folder(output_dir: str, video: str) -> None:
  """Makes the folder of this demo, or finds it again; refuses any other folder, for the demo deletes what it left half done."""
  note = os.path.join(output_dir, 'demo.json')
  if os.path.exists(note):
    before = files.read_json(note)['video']
    if before == video:
      return
    if set(os.listdir(output_dir)) - {lease.FILE} != {'demo.json'}:
      raise ValueError(f'{output_dir} is the demo of {before}. Give another --output_dir for {video}.')
  files.check_new(output_dir, 'no folder of a demo', but=('demo.json',))
  files.write_json(note, {'video': video})


def _get_video(arguments: argparse.Namespace) -> tuple[str, str]:
  if arguments.video:
    _say(1, f'your videos: {arguments.video}')
    return arguments.video, ''
  _say(1, f'the film: {demo_film.CREDIT}')
  film = os.path.join(arguments.output_dir, 'film', 'big_buck_bunny.mp4')
  print(f'fetched {film}' if demo_film.fetch(film) else f'{film}: fetched before')
  return film, demo_film.CREDIT


def _make_manifest(video: str, folder: str) -> None:
  if not os.path.exists(os.path.join(folder, manifest.MANIFEST_FILE)):
    shutil.rmtree(folder, ignore_errors=True)
    rows = folder_and_csv.folder_rows(video, SPAN_SECONDS, hold_out='span', validation_fraction=0.2)
    manifest.write_manifest(folder, _data_set_name(video), rows)
  written = manifest.read_manifest(folder)
  if sum(written.splits.values()) < SMALLEST_DEMO:
    shutil.rmtree(folder)  # So that it is listed again when there is more.
    raise ValueError(
      f'{video} is too short for the demo, which needs {SMALLEST_DEMO} spans of {SPAN_SECONDS:g} s. Give longer videos.'
    )
  print(f'{folder}: {written.num_rows("train")} spans to train on, {written.num_rows("validation")} held out')


def _data_set_name(video: str) -> str:
  """The name of the file or folder, in the letters that TFDS allows."""
  name = os.path.splitext(os.path.basename(os.path.abspath(video)))[0]
  name = re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')
  return name if name[:1].isalpha() else f'demo_{name}'.rstrip('_')


def _make_records(manifest_folder: str, folder: str) -> None:
  _say(2, 'clips: frames at 30 fps and log-mel spectrograms, by Apache Beam')
  # In a process of its own, so that Beam's memory is given back before the training.
  words = ['--manifest', manifest_folder, '--output_dir', folder, '--short_side', '128', '--clips_per_shard', '16']
  # In a folder of one's own there may be much that is no usable video; what is left is what the demo is about.
  words += ['--max_failed_share', '0.8']
  command = [sys.executable, '-m', 'beam_pipelines.make_clips', *words]
  started = [sys.executable, '-c', _ENDS_WITH_US, *words] if sys.platform == 'linux' else command
  if subprocess.run(started, check=False).returncode:
    raise RuntimeError(f'Making the clips failed; the reason stands above. The command was: {" ".join(command)}')


# make_clips, which gets a SIGTERM when the demo ends, killed or not (PR_SET_PDEATHSIG): else it would fill its folder to the end,
# and the demo that is started again would find it taken.
_ENDS_WITH_US = """
import ctypes, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
from beam_pipelines import make_clips
make_clips.main(sys.argv[1:])
"""


def _export(run_dir: str, folder: str) -> None:
  _say(4, 'SavedModels for TF Serving')
  done = os.path.join(folder, 'DONE')
  if os.path.exists(done):
    print(f'{folder}: exported before')
    return
  shutil.rmtree(folder, ignore_errors=True)
  for name, path in export_run(run_dir, folder).items():
    print(f'{name}: {path}')
  files.write_mark(done)


def _summarize(run_dir: str, path: str) -> dict:
  _say(5, 'what was learned, measured without labels')
  summary = demo_summary.summarize(configuration.open_run(run_dir), SPAN_SECONDS)
  files.write_json(path, summary)
  return summary


def _report(run_dir: str, folder: str, credit: str, summary: dict) -> None:
  _say(6, 'the cluster report')
  if os.path.exists(os.path.join(folder, 'index.html')):
    print(f'{folder}: made before')
    return
  report_run(run_dir, folder, credit, summary['iterations'])


def _print_result(output_dir: str, paths: dict[str, str], summary: dict, seconds: float) -> None:
  commands = shlex.quote(os.path.dirname(sys.executable))  # Nobody has activated the environment.
  model = sorted(name for name in os.listdir(paths['saved_models']) if name.startswith('xdc_'))[-1]
  version = shlex.quote(os.path.join(paths['saved_models'], model, '1'))
  print(f'\n{demo_summary.table(summary)}\n')
  print(f'Done in {seconds / 60:.1f} minutes. Where to look:')
  print(f'  {os.path.abspath(os.path.join(paths["report"], "index.html"))}   open it in a browser')
  print(f'  {os.path.join(output_dir, "summary.json")}   the numbers above')
  print(f'  {paths["saved_models"]}   for TF Serving, or: {commands}/xdc embed VIDEO --saved_model {version}')
  print(f'  {commands}/tensorboard --logdir {shlex.quote(paths["run"])}   the training curves')
