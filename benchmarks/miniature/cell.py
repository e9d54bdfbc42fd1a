"""One method with one seed, in a process of its own: pretraining, probes and finetuning on the records of a corpus."""

import argparse
import dataclasses
import os
import time
from collections.abc import Sequence

import tensorflow as tf
from absl import logging

from benchmarks.miniature import measures
from benchmarks.miniature.methods import METHODS
from benchmarks.miniature.stage_clock import StageClock
from xdc_tf import files
from xdc_tf.cli import configuration
from xdc_tf.deep_clustering.outer_loop import Pretraining, make_trainers, pretrain
from xdc_tf.evaluation.linear_probe import choose_per_class
from xdc_tf.records.human_labels import first_labels
from xdc_tf.records.schema import Records, open_records
from xdc_tf.runs import run_info, weights_folder
from xdc_tf.runs.layout import Iteration
from xdc_tf.runs.run_directory import RunDirectory
from xdc_tf.training import distribution
from xdc_tf.training.schedules import Schedule
from xdc_tf.training.seeds import derive_seed
from xdc_tf.training.targets import Targets
from xdc_tf.training.trainer import EncoderTrainer

STAGES = {
  'initial': 'start',
  'features': 'features',
  'clusters': 'k-means',
  'metrics': 'k-means',
  'train': 'pretraining',
}
# Of every pretrained or random encoder, whether labels are few or many; the schedule is otherwise that of pretraining.
FINETUNING_EPOCHS = 3
CLUSTERING_METRICS = ('nmi_with_labels', 'purity', 'changed_since_previous_iteration')


class TimedRunDirectory(RunDirectory):
  """A run directory that notes what its stages cost."""

  def __init__(self, path: str, strategy: tf.distribute.Strategy, clock: StageClock):
    """Uses the folder `path` and the clock."""
    super().__init__(path, strategy)
    self._clock = clock

  def once(self, name: str, function, *arguments, **keywords) -> str:
    """Runs a stage as RunDirectory does, on the clock unless it was done before."""
    if self.is_done(name):
      return super().once(name, function, *arguments, **keywords)
    kind = next((STAGES[part] for part in name.split('/') if part in STAGES), name.split('/')[0])
    with self._clock.stage(kind):
      return super().once(name, function, *arguments, **keywords)


def run_cell(
  method: str, seed: int, records_folder: str, folder: str, gin_params: list[str], few_labels: int, probes_only: bool
) -> dict[str, object]:
  """Pretrains by one method, measures the encoders on the test clips, and finetunes them.

  Args:
    method: see methods.py.
    seed: the seed of everything random.
    records_folder: with the splits 'train', 'validation' and 'test'.
    folder: the folder of this cell; run again, it goes on.
    gin_params: bindings for all methods alike.
    few_labels: labelled clips of each class where labels are few.
    probes_only: finetune nothing but what is supervised.

  Returns:
    {'method', 'seed', 'encoders': {modality: what Evaluation.encoder returns}, 'iterations': [of each clustering of the training
    clips], 'stages': StageClock.stages}.
  """
  strategy = distribution.make_strategy()
  how = METHODS[method]
  params = [*gin_params, f'Pretraining.seed = {seed}'] + ([] if how.pretrains else ['Pretraining.num_iterations = 0'])
  text = configuration.load([how.gin_file], params)
  config, records = configuration.pretraining(), open_records(records_folder)
  clock = StageClock(os.path.join(folder, 'stages.json'))
  run = TimedRunDirectory(os.path.join(folder, 'run'), strategy, clock)
  run.check_configuration(run_info.header(records, strategy, config.training) + f'# few labels: {few_labels}\n' + text)
  run_info.save(run.path, records)
  pretrain(config, make_trainers(config, records, strategy), run, records, strategy)

  amounts = (('all',) if how.supervised else ()) if probes_only else ('few', 'all')
  evaluation = Evaluation(config, records, run, clock, strategy, few_labels, amounts)
  epochs = FINETUNING_EPOCHS
  if how.supervised:
    configuration.load([how.gin_file], gin_params)
    epochs = max(1, config.schedule.total_epochs * configuration.pretraining().num_iterations // 2)
  budget = dataclasses.replace(config.schedule, total_epochs=epochs)
  return {
    'method': method,
    'seed': seed,
    'encoders': {
      modality: evaluation.encoder(name, budget, probe_supervised=how.supervised)
      for modality, name in how.evaluated.items()
    },
    'iterations': [_iteration(run, number) for number in range(config.num_iterations + 1)],
    'stages': clock.stages,
  }


@dataclasses.dataclass(frozen=True)
class Evaluation:
  """How the encoders of a finished run are measured.

  Attributes:
    config: the configuration of the run.
    records: that it was trained on.
    run: its directory, which also takes the finetuning.
    clock: for probes.
    strategy: the distribution strategy.
    few_labels: labelled clips of each class where labels are few.
    amounts: the amounts of labels to finetune with: 'few' and 'all', or one of them, or none.
  """

  config: Pretraining
  records: Records
  run: TimedRunDirectory
  clock: StageClock
  strategy: tf.distribute.Strategy
  few_labels: int
  amounts: Sequence[str]

  def encoder(self, name: str, budget: Schedule, probe_supervised: bool) -> dict[str, float]:
    """Measures one encoder.

    Args:
      name: the name of the encoder.
      budget: the schedule of each finetuning.
      probe_supervised: probe the encoder that was finetuned with all labels, instead of the one that finetuning starts from.

    Returns:
      what measures.measure returns, with the test accuracies 'finetune_few' and 'finetune_all'.
    """
    config = self.config
    finished = run_info.FinishedRun(self.run.path, config, self.records)
    trainer = EncoderTrainer(
      name,
      config.encoders[name],
      finished.input_of(name),
      self.records,
      {'label': len(self.records.label_names)},
      config.training,
      self.strategy,
      derive_seed(config.seed, 'weights', name),
    )
    start = finished.weights_folder(name)
    labels = first_labels(self.records, 'train')
    # The same clips for every method and encoder of a seed.
    few = choose_per_class(labels, self.few_labels, config.seed)
    numbers, folders = {}, {}
    subsets = {'few': few, 'all': labels >= 0}
    for amount in self.amounts:
      folders[amount] = self.run.once(
        f'finetuning/{name}-{amount}', self._finetune, trainer, start, subsets[amount], budget
      )
      numbers[f'finetune_{amount}'] = files.read_json(os.path.join(folders[amount], 'result.json'))['accuracy']
    trainer.load(folders['all'] if probe_supervised else start)
    with self.clock.stage('probes'):
      train, test = (measures.embed_split(trainer, split, config.feature_clips) for split in ('train', 'test'))
      num_clusters = max(c.num_clusters for c in config.clusterings)
      return measures.measure(train, test, few, num_clusters, config.seed) | numbers

  def _finetune(self, folder: str, trainer: EncoderTrainer, start: str, subset, budget: Schedule) -> None:
    """Trains encoder and head on human labels, and writes the accuracy on the test clips into result.json."""
    labels = {split: {'label': first_labels(self.records, split)} for split in self.records.splits}
    trainer.load(start)
    trainer.train(
      folder,
      Targets('train', labels['train'], subset),
      Targets('validation', labels['validation']),
      budget,
      derive_seed(self.config.seed, 'finetuning', trainer.name),
    )
    accuracy = trainer.inference.evaluate(Targets('test', labels['test']))['accuracy_label']
    files.write_json(os.path.join(folder, 'result.json'), {'accuracy': accuracy})
    trainer.delete_checkpoints(folder)
    # So that `xdc sweep --weights` and others start from it, as from any finetuned encoder.
    weights_folder.write_info(folder, trainer.encoder, os.path.basename(folder), trainer.inputs, self.records)


def _iteration(run: RunDirectory, number: int) -> dict[str, object]:
  """What is reported of one clustering of the training clips."""
  report = files.read_json(Iteration(run.path, number).metrics_file)
  return {
    'clusterings': {
      name: {key: values[key] for key in CLUSTERING_METRICS if key in values}
      for name, values in report['clusterings'].items()
    },
    'cross_modal_nmi': report['train_nmi_between'].get('audio-video'),
  }


def main() -> None:
  """Runs the cell that the arguments name."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--method', required=True, choices=METHODS)
  parser.add_argument('--seed', type=int, required=True)
  parser.add_argument('--records', required=True)
  parser.add_argument('--folder', required=True)
  parser.add_argument('--gin_param', action='append', default=[])
  parser.add_argument('--probes_only', action='store_true')
  parser.add_argument('--few_labels', type=int, required=True)
  arguments = parser.parse_args()
  logging.set_verbosity(logging.INFO)
  # Layers this narrow lose more to handing work between threads than they win: an epoch of video took 1.5 times as long with two.
  tf.config.threading.set_intra_op_parallelism_threads(1)
  started = time.monotonic()
  result = run_cell(
    arguments.method,
    arguments.seed,
    arguments.records,
    arguments.folder,
    arguments.gin_param,
    arguments.few_labels,
    arguments.probes_only,
  )
  files.write_json(os.path.join(arguments.folder, 'result.json'), result | {'seconds': time.monotonic() - started})


if __name__ == '__main__':
  main()
