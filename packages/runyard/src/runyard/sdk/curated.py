"""Environments that exist in every workspace, under the names of the hosted service.

Names that end in `-GPU` give the packages for CPUs: on a machine without a GPU they are the same.
Those of 2021 and later name a system, a Python and a CUDA, too (`AzureML-sklearn-0.24-ubuntu18.04-
py37-cpu`): of them the framework and its version count.
"""

import re
from typing import Dict, List, Mapping, Optional, Tuple

from runyard.sdk import frameworks

PREFIX = "AzureML-"
VERSION = "1"

# Those that are of no framework, and their packages.
PLAIN: Mapping[str, Tuple[str, ...]] = {
    "AzureML-Minimal": (),
    "AzureML-Tutorial": ("scikit-learn", "pandas", "numpy", "matplotlib", "joblib"),
}


_LATER = re.compile(
    r"AzureML-(?:ACPT-)?(sklearn|pytorch|tensorflow|xgboost)-(\d+\.\d+).*", re.IGNORECASE
)
_TITLES = {
    "sklearn": frameworks.SKLEARN,
    "pytorch": frameworks.PYTORCH,
    "tensorflow": frameworks.TENSORFLOW,
    "xgboost": frameworks.XGBOOST,
}
# What the images of these had beside the framework, and scripts import.
_BESIDE = ("pandas", "scipy", "matplotlib")
# Those of 2021 and later that are of no framework of the table: packages, and their day.
_OTHERS = (
    (re.compile(r"AzureML-lightgbm-3\.2-.*"), ("lightgbm==3.2.1", "scikit-learn"), "2021-07-01"),
    (re.compile(r"AzureML-lightgbm-3\.3-.*"), ("lightgbm==3.3.2", "scikit-learn"), "2022-03-01"),
    (re.compile(r"AzureML-onnxruntime-1\.6-.*"), ("onnxruntime==1.6.0", "onnx"), "2021-02-01"),
    (re.compile(r"AzureML-minimal-.*"), (), ""),
)


def _table() -> Dict[str, frameworks.FrameworkVersion]:
    rows: Dict[str, frameworks.FrameworkVersion] = {}
    wanted = (
        (frameworks.TENSORFLOW, "TensorFlow", ("1.10", "1.12", "1.13", "2.0", "2.1", "2.2", "2.3")),
        (frameworks.PYTORCH, "PyTorch", ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6")),
        (frameworks.CHAINER, "Chainer", ("5.1.0",)),
        (frameworks.SKLEARN, "Scikit-learn", ("0.20.3",)),
    )
    for framework, title, versions in wanted:
        for version in versions:
            row = frameworks.find(framework, version)
            assert row is not None, f"{framework} {version} is not in the table of frameworks"
            for device in ("CPU", "GPU"):
                rows[f"{PREFIX}{title}-{version}-{device}"] = row
            if framework == frameworks.SKLEARN:
                # Without a device, as nothing of it uses one.
                rows[f"{PREFIX}{title}-{version}"] = row
    return rows


def packages_by_mpi(name: str) -> Tuple[str, ...]:
    """List what runs by MPI get in a curated environment beside its packages, as v1 had it."""
    row = find(name)
    return (frameworks.HOROVOD,) if row and row.framework in frameworks.WITH_HOROVOD else ()


def find(name: str) -> Optional[frameworks.FrameworkVersion]:
    """The framework's version that a curated environment is of; None for `PLAIN` and others."""
    return _table().get(name) or _later(name)


def known(name: str) -> bool:
    """Whether there is a curated environment of a name."""
    return name in PLAIN or find(name) is not None


def _later(name: str) -> Optional[frameworks.FrameworkVersion]:
    """The framework's version of a name of 2021 and later, with what such images had beside it."""
    found = _LATER.fullmatch(name)
    if found is None:
        return _other(name)
    # XGBoost alone was named by another version than its own.
    version = {"0.9": "0.90"}.get(found[2], found[2])
    row = frameworks.find(_TITLES[found[1].lower()], version)
    return None if row is None else row._replace(pip=(*row.pip, *_BESIDE))


def _other(name: str) -> Optional[frameworks.FrameworkVersion]:
    for pattern, pip, day in _OTHERS:
        if pattern.fullmatch(name):
            packages = (*pip, *_BESIDE) if pip else ()
            pythons = ((3, 7), (3, 8)) if day else None
            return frameworks.FrameworkVersion("", "", pythons, packages, packages, as_of=day)
    return None


def names() -> List[str]:
    """List the names of all curated environments."""
    return sorted([*PLAIN, *_table()])
