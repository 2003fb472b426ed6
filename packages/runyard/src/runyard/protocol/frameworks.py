"""Which packages a framework's version means, on which Pythons they run, and of which day it is.

The rows are in `framework_table`; both halves read them here, and adding a version is adding a row.
The SDK asks by framework and version, the service by the packages of a definition, which may come
from anywhere.
"""

import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple

from runyard.protocol.framework_table import TABLE

Minor = Tuple[int, int]

TENSORFLOW, PYTORCH, CHAINER, SKLEARN = "TensorFlow", "PyTorch", "Chainer", "SKLearn"
XGBOOST, JAX, KERAS = "XGBoost", "JAX", "Keras"
FRAMEWORKS = (TENSORFLOW, PYTORCH, CHAINER, SKLEARN, XGBOOST, JAX, KERAS)
# The version that follows the package index, for frameworks that need no pins beside them.
NEWEST = "newest"
# The distributions that have builds for some Pythons and no sources: others can be built, or run on
# Pythons that are newer than they are, and for those the table is no reason to refuse one.
PACKAGES: Dict[str, str] = {
    "tensorflow": TENSORFLOW,
    "tensorflow-cpu": TENSORFLOW,
    "tensorflow-gpu": TENSORFLOW,
    "torch": PYTORCH,
    "jax": JAX,
}
_SPELT_OUT = {
    # TensorFlow's generated code breaks with newer protobuf, and its imports warn with newer numpy.
    "@old": "protobuf<3.21 numpy<1.17",
    # What v1's images of PyTorch had; its event writer imports `future`.
    "@tools": "numpy<1.22 tensorboard==1.14.0 future==0.17.1 protobuf<3.21",
    # From 2.21 on TensorFlow does not bring it, and tf.summary raises without.
    "@board": "tensorboard>=2.20,<2.22",
    "@sklearn": "scipy==1.2.1 numpy==1.16.2 joblib==0.13.2",
}
_PIN = re.compile(r"([\w.\-]+)(?:\[[\w,\-]*\])?\s*==\s*([\d.]+)")


class FrameworkVersion(NamedTuple):
    """One row of the table.

    Args:
        framework: The framework's name.
        version: The version as it is asked for.
        pythons: The oldest and the newest Python with builds; None for any.
        pip: Requirements, for machines without a GPU.
        gpu: Requirements for machines with one.
        horovod: The Horovod that works with it, "" for none.
        as_of: The day of which its other packages are; "" for today.
        source: Where the row is from: `v1`, `run` or `index`.
        instead: The version that takes its place, "" where it is this one.
    """

    framework: str
    version: str
    pythons: Optional[Tuple[Minor, Minor]]
    pip: Tuple[str, ...]
    gpu: Tuple[str, ...]
    horovod: str = ""
    as_of: str = ""
    source: str = ""
    instead: str = ""

    @property
    def python(self) -> str:
        """The one Python that jobs can run it on, "" where several do: the service then chooses."""
        if self.pythons is None or self.pythons[1] > OLDEST_PYTHON:
            return ""
        return "{}.{}".format(*OLDEST_PYTHON)

    def pip_of(self, version: str) -> Tuple[str, ...]:
        """The requirements with the framework in exactly this version, if it is one to the patch.

        A saved model is loaded by the version that wrote it; who trains takes the row's last fix.
        """
        head, _, pin = self.pip[0].partition("==")
        if self.instead or not pin or version.count(".") < pin.count("."):
            return self.pip
        return (f"{head}=={version}", *self.pip[1:])

    @property
    def brings_cuda(self) -> bool:
        """Whether the packages for GPUs need nothing of the machine but its driver."""
        # Older ones look for the CUDA of their year, which a virtual environment does not bring.
        return self.gpu == self.pip or "[" in self.gpu[0]

    @property
    def note(self) -> str:
        """What differs from the version asked for, to be said to the user; "" for nothing."""
        if not self.instead:
            return ""
        exact = self.pip[0].partition("==")[2]
        return (
            f"{self.framework} {self.version} has no build for Python 3.7 or newer, which jobs "
            f"need: {self.framework} {exact} on Python 3.7 is used in its place"
        )


# Jobs run on 3.7 or newer, for the SDK in them does.
OLDEST_PYTHON: Minor = (3, 7)
_rows: Dict[str, Dict[str, FrameworkVersion]] = {}


def rows(framework: str) -> Dict[str, FrameworkVersion]:
    """The rows of a framework by version, oldest first."""
    if not _rows:
        made: Dict[str, Dict[str, FrameworkVersion]] = {name: {} for name in FRAMEWORKS}
        for line in TABLE.strip().splitlines():
            row = _row(line)
            made[row.framework][row.version] = row
        # At once: another thread must not find half of the table.
        _rows.update(made)
    return _rows[framework]


def versions(framework: str) -> List[str]:
    """List the versions of a framework, oldest first."""
    return list(rows(framework))


def newest(framework: str) -> str:
    """The version that is meant where none is given and the newest is wanted."""
    return versions(framework)[-1]


def find(framework: str, version: str) -> Optional[FrameworkVersion]:
    """Find the row of a version; `2.21.0` finds `2.21`, and `0.20.4` finds `0.20.3`."""
    found = rows(framework)
    if version in found:
        return found[version]
    minor = _minor(version)
    return next((row for key, row in found.items() if minor and _minor(key) == minor), None)


def pinned(requirements: Iterable[str]) -> List[FrameworkVersion]:
    """The rows of what requirements pin exactly and only some Pythons have; unknown ones have none.

    Args:
        requirements: Requirements as pip reads them.
    """
    found = []
    for requirement in requirements:
        pin = _PIN.match(requirement)
        framework = PACKAGES.get(pin.group(1).lower().replace("_", "-")) if pin else None
        row = find(framework, pin.group(2)) if framework and pin else None
        if row is not None:
            found.append(row)
    return found


def horovod(framework: str, version: str) -> str:
    """The Horovod that was seen to work with a framework's version, "" if none was.

    Args:
        framework: The framework.
        version: Its version; one that is newer than the table counts as the newest there.
    """
    minor = _minor(version)
    if minor is None:
        return ""
    # Rows without one stand for others, or are of a framework that Horovod does not know.
    known = [(_minor(key), row.horovod) for key, row in rows(framework).items() if row.horovod]
    return next((found for at, found in reversed(known) if at and at <= minor), "")


def _row(line: str) -> FrameworkVersion:
    framework, version, pythons, packages, gpu, with_horovod, as_of, source = line.split("|")
    if packages.startswith("="):
        head = f"\n{framework}|{packages[1:]}|"
        like = _row(f"{head[1:]}{TABLE.split(head)[1].partition(chr(10))[0]}")
        return like._replace(version=version, horovod="", instead=like.version, source=source)
    pip = tuple(" ".join(_SPELT_OUT.get(each, each) for each in packages.split()).split())
    low, _, high = pythons.partition("-")
    return FrameworkVersion(
        framework,
        version,
        None if pythons == "any" else (_pair(low), _pair(high)),
        pip,
        pip if gpu == "-" else (gpu + re.sub(r"^[\w\-]+", "", pip[0]), *pip[1:]),
        with_horovod.strip("-"),
        as_of.strip("-"),
        source,
    )


def _pair(text: str) -> Minor:
    major, minor = text.split(".")
    return int(major), int(minor)


def _minor(version: str) -> Optional[Minor]:
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match.group(1)), int(match.group(2))) if match else None
