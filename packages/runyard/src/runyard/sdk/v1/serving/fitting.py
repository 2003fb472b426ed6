"""Versions for packages that a deployment names without any, as scripts of 2019 do.

v1's containers had what was new on their day, which is what their scripts and models fit. So a name
without a version means here, in this order:

    what the run had that made the model     tensorflow -> tensorflow==1.13.1, and what went with it
    what the model was registered with       scikit-learn -> scikit-learn==0.20.3
    what the script can only have meant      sklearn.externals.joblib -> as of 2020-05-01

A version that is named is never changed, and every choice is told.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Dict,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from runyard.client import callers
from runyard.protocol.errors import NotFound
from runyard.sdk import flavors
from runyard.sdk.exceptions import translated
from runyard.sdk.requirements import package_name
from runyard.sdk.v1.script_dates import dated

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


class Fit(NamedTuple):
    """Requirements to be added, the Python they are for, and why."""

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
    wanted = not definition.user_managed and bare & _FRAMEWORKS
    fit = _of_run(service, definition, models, bare) if wanted else None
    fit = fit or _of_model(definition, models, bare)
    if fit is None:
        path = Path(script)
        return dated(definition, str(path.parent), path.name)
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


def _of_model(
    definition: EnvironmentDefinition, models: Sequence[ModelRecord], bare: Set[str]
) -> Optional[Fit]:
    """The version of its framework that a model was registered with."""
    for record in models:
        flavor = flavors.BY_FRAMEWORK.get(record.framework)
        if not flavor or not record.framework_version:
            continue
        python, pip = flavors.packages(flavor, record.framework_version)
        # The runtime of ONNX has versions of its own, which no model tells.
        is_wanted = _PIN.match(pip[0]) and package_name(pip[0]) in bare
        if is_wanted and (not python or _is_same(definition.python, python)):
            asked = {package_name(line) for line in [*definition.pip, *definition.conda]} - bare
            lines = [line for line in pip if package_name(line) not in asked]
            return Fit(python, lines, f"which model {record.id} was registered with")
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
