"""Versions for packages that a deployment names without any, as scripts of 2019 do.

v1's containers had what was new on their day, which is what their scripts and models fit. So a name
without a version means here, in this order:

    what the run had that made the model     tensorflow -> tensorflow==1.13.1, and what went with it
    what the script can only have meant      sklearn.externals.joblib -> scikit-learn<0.23

A version that is named is never changed, and every choice is told.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from runyard.client import callers
from runyard.protocol.errors import NotFound
from runyard.sdk import frameworks
from runyard.sdk.exceptions import translated
from runyard.sdk.requirements import package_name

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.environments import EnvironmentDefinition
    from runyard.protocol.models import ModelRecord

_VERSIONED = re.compile(r"[=<>~!@]")
_PIN = re.compile(r"([A-Za-z0-9][\w.\-]*)==([\w.+!\-]+)")
# Packages whose models and scripts fit some versions alone.
_FRAMEWORKS = {
    "chainer",
    "keras",
    "lightgbm",
    "onnxruntime",
    "scikit-learn",
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-gpu",
    "torch",
    "xgboost",
}
_FIRST_TENSORFLOWS = {"tensorflow", "tensorflow-gpu"}
# What `tf` had until 2.0 and has no more.
_TF1_NAMES = {
    "ConfigProto",
    "Session",
    "get_default_graph",
    "global_variables_initializer",
    "placeholder",
    "reset_default_graph",
}
# The last one that has all of these names, so whatever 1.x it was written for, the script finds
# them.
_TF1_ROW = "1.15"
_GONE_FROM_SKLEARN = ("sklearn.externals.joblib", "sklearn.externals.six")


class Fit(NamedTuple):
    """Requirements to be added, the Python they are for ("" for any), and why."""

    python: str
    lines: List[str]
    why: str


def fitted(
    service: WorkspaceClient,
    definition: EnvironmentDefinition,
    models: Sequence[ModelRecord],
    script: str,
) -> EnvironmentDefinition:
    """The definition with versions for what it names without; told in a warning.

    Args:
        service: What speaks to the workspace.
        definition: What the deployment asks for.
        models: Its models.
        script: The path of its script, "" for none.
    """
    bare = _bare([*definition.pip, *definition.conda])
    if definition.user_managed or not bare & _FRAMEWORKS:
        return definition
    fit = _of_run(service, definition, models, bare) or _of_script(script, bare)
    if fit is None:
        return definition
    shown = ", ".join(line for line in fit.lines if package_name(line) in bare)
    callers.warn(f"{shown}: {fit.why}, for the environment names no version")
    return replace(
        definition, python=definition.python or fit.python, pip=[*definition.pip, *fit.lines]
    )


def _bare(lines: Iterable[str]) -> Set[str]:
    """The packages that are named without a version."""
    # Options such as `--extra-index-url` name no package.
    named = [line for line in lines if not line.startswith("-")]
    return {package_name(line) for line in named if not _VERSIONED.search(line)}


def _of_run(
    service: WorkspaceClient,
    definition: EnvironmentDefinition,
    models: Sequence[ModelRecord],
    bare: Set[str],
) -> Optional[Fit]:
    """What the run had that made a model, if that is what is named and fits the Python."""
    for record in models:
        had = _lock(service, record.run)
        if had is None:
            continue
        python, pins = had
        asked = {package_name(line) for line in [*definition.pip, *definition.conda]} - bare
        if not set(pins) & bare & _FRAMEWORKS or not _is_same(definition.python, python):
            continue
        # With all that went with it: beside an old framework pip would put the newest numpy, with
        # which it does not load.
        lines = [f"{name}=={version}" for name, version in pins.items() if name not in asked]
        return Fit(python, lines, f"as in run {record.run}, which made model {record.id}")
    return None


def _lock(service: WorkspaceClient, run: Optional[str]) -> Optional[Tuple[str, Dict[str, str]]]:
    """Python and pins of a run; None where it had no environment of the service's."""
    if not run:
        return None
    with translated():
        try:
            digest = service.runs.get(run).environment_lock
            lock = service.environments.lock(digest) if digest else None
        except NotFound:
            return None
    if lock is None:
        return None
    pins = {package_name(name): version for name, version in _PIN.findall(lock.requirements)}
    return ".".join(lock.python.split(".")[:2]), pins


def _is_same(asked: str, had: str) -> bool:
    """Whether a Python that is asked for is the one the run had."""
    return not asked or asked.split(".")[:2] == had.split(".")[:2]


def _of_script(script: str, bare: Set[str]) -> Optional[Fit]:
    if not script:
        return None
    tree = ast.parse(Path(script).read_bytes(), script)
    why = "the script needs what later ones have no more"
    if "scikit-learn" in bare and any(_old_sklearn(node) for node in ast.walk(tree)):
        return Fit("3.7", ["scikit-learn<0.23"], why)
    if bare & _FIRST_TENSORFLOWS and any(_is_tf1(tree)):
        row = frameworks.find(frameworks.TENSORFLOW, _TF1_ROW)
        assert row is not None
        return Fit(row.python, list(row.pip), why)
    return None


def _old_sklearn(node: ast.AST) -> bool:
    """Whether a statement imports what scikit-learn 0.23 took away."""
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        return False
    return any(name.startswith(_GONE_FROM_SKLEARN) for name in names)


def _is_tf1(tree: ast.AST) -> Iterator[bool]:
    """Whether the script uses what TensorFlow 2 took away, by the name it imports it under."""
    aliases = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "tensorflow"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _TF1_NAMES:
            yield isinstance(node.value, ast.Name) and node.value.id in aliases
