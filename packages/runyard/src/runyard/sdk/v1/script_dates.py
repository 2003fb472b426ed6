"""The day of a script that was written for packages of old days, where nobody names one.

v1's images had what was new on their day, so its scripts name packages without versions. A script
that imports `sklearn.externals.joblib` cannot mean today's scikit-learn: its list of packages means
the last day that had the name. What a script asks for only after it has looked at a version, or
tries and does without, tells nothing of its day.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Iterable, Iterator, List, Mapping, NamedTuple

from runyard.client import callers
from runyard.protocol import pythons
from runyard.protocol.environments import BY_SCRIPT
from runyard.protocol.moved_names import MOVED, Moved
from runyard.sdk.requirements import package_name
from runyard.sdk.v1.script_imports import sources

if TYPE_CHECKING:
    from runyard.protocol.environments import EnvironmentDefinition

_VERSION_MARKS = "=<>~!@"
# The package whose names went, by the other names under which it is asked for.
_ALSO = {"tensorflow-gpu": "tensorflow"}
# numpy 2.0 has them again, so a script that uses them may be of today.
_BACK = {"numpy.bool", "numpy.long"}


class _Use(NamedTuple):
    """A name that went, as a script writes it."""

    moved: Moved
    name: str


def dated(definition: EnvironmentDefinition, folder: str, script: str) -> EnvironmentDefinition:
    """The definition, of the day that its script means where it names packages without versions.

    Args:
        definition: What the user asked for.
        folder: The script's folder.
        script: The script's path below it; "" for none.
    """
    if not script or definition.user_managed or definition.as_of:
        return definition
    lines = [each for each in [*definition.pip, *definition.conda] if not each.startswith("-")]
    bare = {_package(each) for each in lines if _is_bare(each)}
    versioned = {_package(each) for each in lines if not _is_bare(each)}
    if not bare:
        return definition
    # Most others bring these two, so that they are there though nobody names them.
    open_ = bare | ({"numpy", "scipy"} - versioned)
    uses = [use for use in _used(Path(folder), script) if use.moved.package in open_]
    if not uses:
        return definition
    first = min(uses, key=lambda use: (use.moved.as_of, use.name))
    # Nothing of that day has builds for it, so the list cannot be of that day.
    if pythons.is_younger(definition.python, first.moved.as_of):
        return definition
    callers.warn(
        f"{script} uses {first.name}, which went with {first.moved.said}: packages without a "
        f"version are as of {first.moved.as_of}; as_of='now' of the environment takes the newest"
    )
    return replace(definition, as_of=first.moved.as_of, as_of_from=f"{BY_SCRIPT}{first.name}")


def _package(line: str) -> str:
    name = package_name(line)
    return _ALSO.get(name, name)


def _is_bare(line: str) -> bool:
    return not any(mark in line for mark in _VERSION_MARKS)


def _used(folder: Path, script: str) -> Iterator[_Use]:
    """What a script and the modules beside it use of what went."""
    for nodes, imported in sources(folder, script):
        for name in {*imported.values(), *_attributes(nodes, imported)}:
            yield from _uses(name)


def _uses(name: str) -> Iterator[_Use]:
    """The row of a name such as `numpy.float`, or of what is below one."""
    for row in MOVED:
        head, rest = name[: len(row.module) + 1], name[len(row.module) + 1 :]
        gone = rest.split(".")[0]
        is_gone = head == f"{row.module}." and gone in row.names
        if is_gone and head + gone not in _BACK:
            yield _Use(row, head + gone)


def _attributes(nodes: Iterable[ast.AST], imported: Mapping[str, str]) -> Iterator[str]:
    """The whole names of attributes of what is imported, as `numpy.float` for `np.float`."""
    for node in nodes:
        parts: List[str] = []
        value = node
        while isinstance(value, ast.Attribute):
            parts.insert(0, value.attr)
            value = value.value
        if parts and isinstance(value, ast.Name) and value.id in imported:
            yield ".".join([imported[value.id], *parts])
