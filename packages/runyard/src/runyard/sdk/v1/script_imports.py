"""What a script imports, and the modules beside it: read, not run.

v1's `azureml-defaults` brought pandas, numpy and others into every environment that had it, and
scripts import them without a word in their list of packages. Such a script gets them here, too.
"""

from __future__ import annotations

import ast
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, Tuple

from runyard.sdk.conda import DEFAULT_SDK_PACKAGE
from runyard.sdk.requirements import package_name

if TYPE_CHECKING:
    from runyard.sdk.environments import Environment

# More are no script's own, but a package that was put beside it.
_MOST_FILES = 50
# By the name that is imported; what our own packages need for it is another matter.
_BROUGHT = {
    "dateutil": "python-dateutil",
    "dill": "dill",
    "flask": "flask",
    "numpy": "numpy",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "pytz": "pytz",
    "requests": "requests",
    "ruamel": "ruamel.yaml",
    "six": "six",
    "urllib3": "urllib3",
}
# Who lists one of these has it already: named once more it would be another environment to build,
# where the list itself is built, be it ahead.
_WITH = {
    "numpy": frozenset(
        (
            *("chainer", "gensim", "h5py", "keras", "lightgbm", "matplotlib", "onnxruntime"),
            *("opencv-python", "opencv-python-headless", "pandas", "scikit-learn", "scipy"),
            *("seaborn", "statsmodels", "tensorflow", "tensorflow-cpu", "tensorflow-gpu"),
            *("torchvision", "xgboost"),
        )
    ),
    "pandas": frozenset(("mlflow", "seaborn", "statsmodels")),
    "python-dateutil": frozenset(("matplotlib", "pandas", "seaborn")),
}


def brought_along(environment: Environment, folder: str, script: str) -> List[str]:
    """The packages that a script imports and that `azureml-defaults` brought with it.

    Args:
        environment: The run's; without that package it had nothing of them.
        folder: The script's folder.
        script: The script's path below it; "" for none.
    """
    python = environment.python
    if not script or python.user_managed_dependencies:
        return []
    listed = python.conda_dependencies
    lines = [*getattr(listed, "pip_packages", ()), *getattr(listed, "conda_packages", ())]
    named = {package_name(line) for line in lines}
    if DEFAULT_SDK_PACKAGE not in named:
        return []
    found = {
        name.split(".")[0]
        for _, imported in sources(Path(folder), script)
        for name in imported.values()
    }
    beside = {
        name for name in found if any((Path(folder) / each).is_file() for each in _files(name))
    }
    wanted = {_BROUGHT[name] for name in found - beside if name in _BROUGHT}
    return sorted(each for each in wanted if not named & _WITH.get(each, frozenset()))


def sources(folder: Path, script: str) -> Iterator[Tuple[List[ast.AST], Dict[str, str]]]:
    """A script and the modules beside it: what each cannot do without, and what it imports.

    Args:
        folder: The script's folder.
        script: The script's path below it.
    """
    waiting, seen = [script], {script}
    while waiting:
        nodes = list(_certain(_parsed(folder / waiting.pop())))
        imported = dict(_imports(nodes))
        yield nodes, imported
        found = {path for name in imported.values() for path in _files(name)} - seen
        here = [path for path in sorted(found) if (folder / path).is_file()]
        here = here[: max(_MOST_FILES - len(seen), 0)]
        waiting += here
        seen.update(here)


def _parsed(path: Path) -> ast.AST:
    try:
        with warnings.catch_warnings():
            # About escapes in texts: the run prints them, where they belong.
            warnings.simplefilter("ignore")
            return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        # It may be for another Python than this one; what is wrong with it the run will tell.
        return ast.parse("")


def _certain(tree: ast.AST) -> Iterator[ast.AST]:
    """What a file cannot do without: all but what is tried, or depends on a version."""
    # By a list: expressions may be nested more deeply than Python calls functions.
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and _looks_first(node.test):
            continue
        if isinstance(node, ast.Try) and node.handlers:
            waiting += node.finalbody
        else:
            waiting += ast.iter_child_nodes(node)


def _looks_first(test: ast.AST) -> bool:
    """Whether a condition is about what there is: a version, or whether a name exists."""
    names = [getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(test)]
    return any("version" in name.lower() or name == "hasattr" for name in names)


def _imports(nodes: Iterable[ast.AST]) -> Iterator[Tuple[str, str]]:
    """What is imported: the name in the file, and the whole one."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, alias.name
                if not alias.asname:
                    # `import a.b` makes `a` known.
                    yield alias.name.split(".")[0], alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.module
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _files(name: str) -> List[str]:
    path = name.replace(".", "/")
    return [f"{path}.py", f"{path}/__init__.py"]
