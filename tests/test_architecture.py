"""Who may import whom, read from the source text."""

import ast
import graphlib
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASE = {
  'xdc_tf',
  'xdc_tf.compat',
  'xdc_tf.files',
  'xdc_tf.graphs',
  'xdc_tf.lease',
  'xdc_tf.messages',
  'xdc_tf.plots',
  'xdc_tf.progress',
  'xdc_tf.value_types',
}
ALLOWED = {
  'xdc_tf.media': (),
  'xdc_tf.manifest': ('xdc_tf.media',),
  'xdc_tf.records': ('xdc_tf.manifest',),
  'xdc_tf.models': (),
  'xdc_tf.clustering': (),
  'xdc_tf.training': ('xdc_tf.records', 'xdc_tf.models'),
  'xdc_tf.runs': ('xdc_tf.training', 'xdc_tf.records', 'xdc_tf.models'),
  'xdc_tf.deep_clustering': ('xdc_tf.runs', 'xdc_tf.training', 'xdc_tf.clustering', 'xdc_tf.records', 'xdc_tf.models'),
  'xdc_tf.evaluation': ('xdc_tf.runs', 'xdc_tf.training', 'xdc_tf.records', 'xdc_tf.models'),
  'xdc_tf.localization': ('xdc_tf.runs', 'xdc_tf.training', 'xdc_tf.records', 'xdc_tf.manifest', 'xdc_tf.models'),
  'xdc_tf.paper': ('xdc_tf.localization', 'xdc_tf.evaluation', 'xdc_tf.records.coverage'),
  'xdc_tf.report': (
    'xdc_tf.runs',
    'xdc_tf.deep_clustering.methods',
    'xdc_tf.training.metrics_log',
    'xdc_tf.clustering',
    'xdc_tf.records',
    'xdc_tf.manifest',
    'xdc_tf.media',
    'xdc_tf.models',
  ),
  'xdc_tf.serving': ('xdc_tf.records', 'xdc_tf.media', 'xdc_tf.models', 'xdc_tf.clustering'),
  'xdc_tf.avdigits': (),
  'xdc_tf.doctor': (
    'xdc_tf.training.distribution',
    'xdc_tf.clustering',
    'xdc_tf.records',
    'xdc_tf.manifest',
    'xdc_tf.media',
    'xdc_tf.serving.version_folder',
    'xdc_tf.runs.layout',
  ),
  'beam_pipelines': (
    'xdc_tf.manifest',
    'xdc_tf.media',
    'xdc_tf.records',
    'xdc_tf.clustering.feature_store',
    'xdc_tf.serving.version_folder',
  ),
}


def imports(path: pathlib.Path) -> set[str]:
  """Every module that a file imports, at the top or inside a function; `from a import b` counts as a.b where that is a module."""
  found = set()
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Import):
      found |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
      for alias in node.names:
        module = ROOT / (node.module.replace('.', '/')) / alias.name
        is_module = module.with_suffix('.py').exists() or module.is_dir()
        found.add(f'{node.module}.{alias.name}' if is_module else node.module)
  return found


def within(module: str, package: str) -> bool:
  return module == package or module.startswith(package + '.')


@pytest.mark.parametrize('package', ALLOWED)
def test_packages_import_only_what_they_may(package):
  files = sorted((ROOT / package.replace('.', '/')).rglob('*.py'))
  assert files
  for path in files:
    for module in imports(path):
      if within(module, 'xdc_tf') or within(module, 'beam_pipelines'):
        allowed = module in BASE or within(module, package) or any(within(module, a) for a in ALLOWED[package])
        assert allowed, f'{path.relative_to(ROOT)} imports {module}'


def test_the_folders_are_a_road_without_circles():
  """An order exists in which every folder imports from earlier ones only, and each says what goes in and out of it."""
  packages = [path.parent for path in (ROOT / 'xdc_tf').rglob('__init__.py') if path.parent != ROOT / 'xdc_tf']
  assert all(len((package / '__init__.py').read_text().splitlines()) >= 3 for package in packages)
  rooms = [path.name for path in packages if path.parent == ROOT / 'xdc_tf' and path.name not in ('cli', 'demo')]
  needs = {
    room: {
      m.split('.')[1] for p in (ROOT / 'xdc_tf' / room).rglob('*.py') for m in imports(p) if m.startswith('xdc_tf.')
    }
    & set(rooms) - {room}
    for room in rooms
  }
  graphlib.TopologicalSorter(needs).prepare()  # Raises CycleError.


def test_the_library_takes_of_the_command_line_no_more_than_how_to_configure():
  """Verbs call the library, and the library opens runs by their gin files: the part of cli/ in between knows neither of them."""
  between = ('configuration', 'configurables', 'strict_gin', 'bindings', 'bound_encoders', 'bound_types')
  allowed = {f'xdc_tf.cli.{name}' for name in between}
  for path in (ROOT / 'xdc_tf' / 'library').rglob('*.py'):
    assert {module for module in imports(path) if within(module, 'xdc_tf.cli')} <= allowed, path
  for name in between:
    found = {
      m for m in imports(ROOT / f'xdc_tf/cli/{name}.py') if within(m, 'xdc_tf.cli') or within(m, 'xdc_tf.library')
    }
    assert found <= allowed, name


def test_training_machines_need_no_beam():
  for path in (ROOT / 'xdc_tf').rglob('*.py'):
    assert not any(within(module, 'apache_beam') for module in imports(path)), path


def test_only_its_verb_knows_of_the_synthetic_corpus():
  for path in [*(ROOT / 'xdc_tf').rglob('*.py'), *(ROOT / 'beam_pipelines').rglob('*.py')]:
    if path.parent.name != 'avdigits' and path.name != 'make_avdigits.py':
      assert not any(within(module, 'xdc_tf.avdigits') for module in imports(path)), path


def test_the_extra_avdigits_is_imported_only_where_its_absence_is_explained():
  for path in (ROOT / 'xdc_tf').rglob('*.py'):
    extra = {module for module in imports(path) if within(module, 'mlxtend') or within(module, 'espeakng_loader')}
    assert not extra, f'{path.relative_to(ROOT)} imports {extra}; use xdc_tf.avdigits.extra.import_extra'


def test_only_one_module_talks_to_gin():
  for path in (ROOT / 'xdc_tf').rglob('*.py'):
    calls = {
      node.attr
      for node in ast.walk(ast.parse(path.read_text()))
      if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == 'gin'
    }
    if path.name != 'strict_gin.py':
      assert calls <= {'configurable'}, f'{path.relative_to(ROOT)} uses gin.{calls}'


def test_the_gin_folder_does_not_shadow_the_gin_package():
  assert not list((ROOT / 'gin').rglob('__init__.py'))


def test_differences_between_the_stacks_live_in_compat_only():
  for path in (ROOT / 'xdc_tf').rglob('*.py'):
    if path.name != 'compat.py':
      assert not imports(path) & {'tensorflow_io', 'tensorflow_addons'}, path
