"""What the packages import is what they declare: nothing is there by somebody else's leave."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "packages"
OURS = {"runyard", "runyard_server", "runyard_optuna", "azureml"}
# Its files are sent to the head of a Ray cluster, whose Python has these.
ON_HEAD = "/compute/ray/on_head/"
OF_HEAD = {"ray", "yaml"}
NOTEBOOK = {"IPython", "anywidget", "traitlets"}


def _dependencies(package: str) -> set[str]:
    """The distributions that a package declares."""
    project = tomllib.loads((PACKAGES / package / "pyproject.toml").read_text())["project"]
    # What only a service on PostgreSQL loads comes with that extra, as does conda's installer.
    extras = project.get("optional-dependencies", {}) if package == "runyard-server" else {}
    given = [*project["dependencies"], *extras.get("postgresql", []), *extras.get("conda", [])]
    return {re.split(r"[^\w.-]", line)[0] for line in given}


def _from_the_job() -> set[str]:
    """What is imported where it is used because the environment of job or notebook brings it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    modules = [name for override in settings["overrides"] for name in override["module"]]
    return {name.split(".")[0] for name in modules} | NOTEBOOK


def _imports(package: str) -> Iterator[tuple[str, str, bool]]:
    """Each import of somebody else's: where, what, and whether it happens in a function."""
    for file in sorted((PACKAGES / package / "src").rglob("*.py")):
        for name, inside in _of(ast.parse(file.read_text()), inside=False):
            if ON_HEAD in str(file) and name in OF_HEAD:
                continue
            if name not in OURS and name not in sys.stdlib_module_names:
                yield str(file.relative_to(PACKAGES)), name, inside


def _of(node: ast.AST, *, inside: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from ((alias.name.split(".")[0], inside) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.split(".")[0], inside
    inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        yield from _of(child, inside=inside)


@pytest.mark.parametrize("package", ["runyard-server", "runyard-optuna"])
def test_what_is_imported_is_declared(package: str) -> None:
    """A library that only came along with another would be gone when that one drops it."""
    owners = {
        name: {distribution.lower() for distribution in found}
        for name, found in packages_distributions().items()
    }
    declared = _dependencies(package)
    found = {(file, name) for file, name, _ in _imports(package)}
    undeclared = {(file, name) for file, name in found if not declared & owners.get(name, set())}
    assert not undeclared
    # `zoneinfo` reads it where the system has no zones.
    by_python = {"tzdata"}
    unused = declared - set().union(*(owners[name] for _, name in found)) - {"runyard", *by_python}
    assert not unused


@pytest.mark.parametrize("package", ["runyard", "runyard-azureml"])
def test_the_light_half_imports_only_what_the_job_brings(package: str) -> None:
    """A job's environment has what its owner chose: ours is imported without anything else."""
    allowed = _from_the_job()
    wrong = [entry for entry in _imports(package) if entry[1] not in allowed or not entry[2]]
    assert not wrong
    assert _dependencies(package) <= {"runyard"}
