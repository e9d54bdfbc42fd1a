"""The benchmark for GPUs runs on what there is."""

from benchmarks import gpu
from xdc_tf.data.inputs import AudioInput
from xdc_tf.models import AudioResNet18


def test_rates_of_one_setting_and_of_k_means(one_replica):
  rates = gpu._rates(AudioResNet18, AudioInput(), 'bfloat16', False, gpu.SMALL, one_replica)
  assert rates['training'] > 0 and rates['extraction'] > 0
  assert gpu.kmeans_row(gpu.SMALL, one_replica).keys() == {'read', 'kept'}


def test_the_table_tells_what_failed():
  row = {'encoder': 'a', 'precision': 'float32', 'xla': True}
  lines = gpu.table([row | {'training': 1234.5, 'extraction': 2000.0}, row | {'error': 'out of memory'}]).splitlines()
  assert [cell.strip() for cell in lines[2].split('|')[3:6]] == ['yes', '1,234', '2,000']
  assert lines[3].count('out of memory') == 2
