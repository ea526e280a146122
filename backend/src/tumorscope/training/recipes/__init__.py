"""One file a recipe; each holds a ``RECIPE``, and its docstring states command, data, expected figures and hours."""

import importlib
import importlib.util
import pkgutil
from pathlib import Path
from types import ModuleType

from tumorscope.domain.errors import TrainingError
from tumorscope.training.recipe import Recipe


def list_recipes() -> list[str]:
    """Names of the recipes that come along."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load_recipe(name: str) -> Recipe:
    """A recipe by its name, from `list_recipes`, or from a Python file that holds a ``RECIPE``.

    Raises
    ------
    TrainingError
        There is none, or the file holds no ``RECIPE``.
    """
    if name in list_recipes():
        module = importlib.import_module(f"{__name__}.{name}")
    elif name.endswith(".py") and Path(name).is_file():
        module = _import_file(Path(name))
    else:
        raise TrainingError(f"There is no recipe {name!r}: one of {', '.join(list_recipes())}, or a Python file.")
    recipe = getattr(module, "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise TrainingError(f"{name} holds no RECIPE.")
    return recipe


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018  (a .py file has both)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
