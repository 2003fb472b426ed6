"""Which Python a TensorFlow needs, and what old ones need beside them.

What was released when: minors with builds per Python, seen on the index. Old releases name no
upper bound for packages that broke them later; the bounds are added as constraints, which count
only where the package is installed at all.
"""

import re
from collections.abc import Iterable, Sequence

from runyard_server.environments import lines

Version = tuple[int, int]

# Python -> the oldest and the newest TensorFlow that has builds for it.
TENSORFLOW: dict[Version, tuple[Version, Version]] = {
    (3, 7): ((1, 13), (2, 11)),
    (3, 8): ((2, 2), (2, 13)),
    (3, 9): ((2, 5), (2, 20)),
    (3, 10): ((2, 8), (2, 21)),
    (3, 11): ((2, 12), (2, 21)),
    (3, 12): ((2, 16), (2, 21)),
    (3, 13): ((2, 20), (2, 21)),
}
_PACKAGES = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu")
_NEWEST = max(newest for _, newest in TENSORFLOW.values())
_PINNED = re.compile(r"==\s*(\d+)\.(\d+)")
# protobuf 4.21 refuses the modules that older ones generated; numpy 1.17 warns at each import.
_NEW_PROTOBUF, _NEW_NUMPY = (2, 4), (1, 15)
# h5py 3 reads texts where the Keras of these versions, which load no model with it, decodes bytes.
_OWN_H5PY = (2, 1)
# Until then TensorBoard imports pkg_resources, which setuptools 82 took away.
_NEW_TENSORBOARD = (2, 21)


def pythons(requirements: Iterable[str]) -> list[Version]:
    """The Pythons that can run the TensorFlow among requirements, newest first; [] for any."""
    version = _tensorflow(requirements)
    if version is None:
        return []
    fits = [python for python, (old, new) in TENSORFLOW.items() if old <= version <= new]
    return sorted(fits, reverse=True)


def constraints(requirements: Iterable[str]) -> list[str]:
    """Bounds that the TensorFlow and TensorBoard among requirements do not name themselves."""
    requirements = list(requirements)
    version = _tensorflow(requirements) or _NEWEST
    found = ["protobuf<3.21"] if version < _NEW_PROTOBUF else []
    found += ["numpy<1.17"] if version < _NEW_NUMPY else []
    found += ["h5py<3"] if version < _OWN_H5PY else []
    board = min(version, _version(requirements, ("tensorboard",)) or _NEWEST)
    named = "setuptools" in map(lines.package, requirements)
    return [*found, "setuptools<81"] if board < _NEW_TENSORBOARD and not named else found


def can_run(python: Version) -> str:
    """Which TensorFlow versions an interpreter can run, "" for none."""
    if python not in TENSORFLOW:
        return ""
    oldest, newest = TENSORFLOW[python]
    return f"TensorFlow {_dotted(oldest)} to {_dotted(newest)}"


def for_cpu(requirement: str) -> tuple[str, str]:
    """A requirement for a machine without a GPU, and a note if that changed it."""
    name = lines.package(requirement)
    if name != "tensorflow-gpu":
        return requirement, ""
    changed = "tensorflow" + requirement[len(name) :]
    return changed, f"{requirement} is installed as {changed}: this machine has no GPU"


def _tensorflow(requirements: Iterable[str]) -> Version | None:
    """The version asked for; the newest if it is left open."""
    return _version(requirements, _PACKAGES)


def _version(requirements: Iterable[str], packages: Sequence[str]) -> Version | None:
    for requirement in requirements:
        if lines.package(requirement) in packages:
            match = _PINNED.search(requirement)
            return (int(match[1]), int(match[2])) if match else _NEWEST
    return None


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
