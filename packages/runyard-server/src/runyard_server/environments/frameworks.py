"""Which Python the frameworks of a definition need, and what old ones need beside them.

What was released when is in the table that both halves read (`protocol.frameworks`). Old releases
name no upper bound for packages that broke them later; the bounds are added as constraints, which
count only where the package is installed at all.
"""

import re
from collections.abc import Iterable, Sequence

from runyard.protocol import frameworks as table
from runyard_server.environments import lines

Version = tuple[int, int]

_PACKAGES = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu")
_PINNED = re.compile(r"==\s*(\d+)\.(\d+)")
# For GPUs, by extras that bring CUDA along.
_WITH_CUDA = re.compile(r"^(tensorflow|jax)\s*\[(?:and-cuda|cuda\d*)\]")
# protobuf 4.21 refuses the modules that older ones generated; numpy 1.17 warns at each import.
_NEW_PROTOBUF, _NEW_NUMPY = (2, 4), (1, 15)
# h5py 3 reads texts where the Keras of these versions, which load no model with it, decodes bytes.
_OWN_H5PY = (2, 1)
# The Keras of its own package that each can load; from 2.6 on TensorFlow names it itself.
_KERAS = (((1, 14), "keras<2.3"), ((2, 2), "keras<2.4"), ((2, 6), "keras<2.5"))
_BARE_KERAS = re.compile(r"keras\s*(;.*)?", re.IGNORECASE)
# Until then TensorBoard imports pkg_resources, which setuptools 82 took away.
_NEW_TENSORBOARD = (2, 21)
# The decorators of scoring scripts; until then they pin a wrapt that Python 3.11 cannot load.
_SCHEMA, _NEW_SCHEMA = "inference-schema", (1, 8)
_WRAPT = ("wrapt>=1.14,<2; python_version >= '3.11'", "wrapt<2; python_version < '3.11'")


def pythons(requirements: Iterable[str], *, dated: bool = False) -> list[Version]:
    """The Pythons that can run the frameworks among requirements, newest first; [] for any.

    Args:
        requirements: What is asked for.
        dated: Whether packages are of a day, so that what is not pinned need not be the newest.
    """
    requirements = list(requirements)
    found = table.pinned(requirements)
    if not dated and _is_open(requirements):
        found.append(table.rows(table.TENSORFLOW)[table.newest(table.TENSORFLOW)])
    ranges = [row.pythons for row in found if row.pythons]
    if not ranges:
        return []
    low = max(table.OLDEST_PYTHON, *(oldest for oldest, _ in ranges))
    high = min(newest for _, newest in ranges)
    return [(3, minor) for minor in range(high[1], low[1] - 1, -1)]


def shown(requirements: Iterable[str]) -> str:
    """The frameworks among requirements that are pinned, with the Pythons that run them."""
    told = [
        f"{row.framework} {row.version} has builds for Python {_dotted(row.pythons[0])} to "
        f"{_dotted(row.pythons[1])}"
        for row in table.pinned(requirements)
        if row.pythons
    ]
    return ", ".join(told)


def constraints(requirements: Iterable[str]) -> list[str]:
    """Bounds that the frameworks among requirements do not name themselves."""
    requirements = list(requirements)
    version = _tensorflow(requirements) or _newest()
    found = ["protobuf<3.21"] if version < _NEW_PROTOBUF else []
    found += ["numpy<1.17"] if version < _NEW_NUMPY else []
    found += ["h5py<3"] if version < _OWN_H5PY else []
    if any(map(_BARE_KERAS.fullmatch, requirements)):
        found += next(([bound] for newer, bound in _KERAS if version < newer), [])
    board = min(version, _version(requirements, ("tensorboard",)) or _newest())
    named = set(map(lines.package, requirements))
    found += ["setuptools<81"] if board < _NEW_TENSORBOARD and "setuptools" not in named else []
    # They cannot describe the texts of pandas 3; one that someone pins stays what it is.
    if _has_old_schema(requirements) and not _is_pinned(requirements, "pandas"):
        found.append("pandas<3")
    return found


def overrides(requirements: Iterable[str]) -> list[str]:
    """What the resolver is to take otherwise than packages say.

    Keras 2 asks for `tensorflow`, another distribution with the files of `tensorflow-cpu`: both
    would be installed over one another, in twice the space.
    """
    requirements = list(requirements)
    named = set(map(lines.package, requirements))
    found = []
    if {"tf-keras", "tensorflow-cpu"} <= named and "tensorflow" not in named:
        found.append("tensorflow; python_version < '0'")
    # A wrapt that someone names is left: an override would take its place, too.
    if "wrapt" not in named and _has_old_schema(requirements):
        found += _WRAPT
    return found


def can_run(python: Version) -> str:
    """Which TensorFlow versions an interpreter can run, "" for none."""
    rows = [row for row in table.rows(table.TENSORFLOW).values() if not row.instead]
    fits = [
        row.version for row in rows if row.pythons and row.pythons[0] <= python <= row.pythons[1]
    ]
    return f"TensorFlow {fits[0]} to {fits[-1]}" if fits else ""


def for_cpu(requirement: str) -> tuple[str, str]:
    """A requirement for a machine without a GPU, and a note if that changed it."""
    name = lines.package(requirement)
    with_cuda = _WITH_CUDA.match(requirement)
    if name == "tensorflow-gpu":
        changed = "tensorflow" + requirement[len(name) :]
    elif with_cuda:
        plain = "tensorflow-cpu" if with_cuda[1] == "tensorflow" else with_cuda[1]
        changed = plain + requirement[with_cuda.end() :]
    else:
        return requirement, ""
    return changed, f"{requirement} is installed as {changed}: this machine has no GPU"


def _tensorflow(requirements: Iterable[str]) -> Version | None:
    """The version asked for; the newest if it is left open."""
    return _version(requirements, _PACKAGES)


def _is_pinned(requirements: Iterable[str], package: str) -> bool:
    return any(lines.package(each) == package and _PINNED.search(each) for each in requirements)


def _has_old_schema(requirements: Iterable[str]) -> bool:
    """Whether a release of inference-schema is pinned that is older than today's Pythons."""
    return (_version(requirements, (_SCHEMA,)) or _NEW_SCHEMA) < _NEW_SCHEMA


def _is_open(requirements: Iterable[str]) -> bool:
    """Whether TensorFlow is asked for without a version."""
    asked = [each for each in requirements if lines.package(each) in _PACKAGES]
    return bool(asked) and not any(map(_PINNED.search, asked))


def _version(requirements: Iterable[str], packages: Sequence[str]) -> Version | None:
    for requirement in requirements:
        if lines.package(requirement) in packages:
            match = _PINNED.search(requirement)
            return (int(match[1]), int(match[2])) if match else _newest()
    return None


def _newest() -> Version:
    major, minor = table.newest(table.TENSORFLOW).split(".")
    return int(major), int(minor)


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
