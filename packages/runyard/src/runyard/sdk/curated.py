"""Environments that exist in every workspace, under the names of the hosted service.

Names that end in `-GPU` give the packages for CPUs: on a machine without a GPU they are the same.
"""

from typing import Dict, List, Mapping, Optional, Tuple

from runyard.sdk import frameworks

PREFIX = "AzureML-"
VERSION = "1"

# Those that are of no framework, and their packages.
PLAIN: Mapping[str, Tuple[str, ...]] = {
    "AzureML-Minimal": (),
    "AzureML-Tutorial": ("scikit-learn", "pandas", "numpy", "matplotlib", "joblib"),
}


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
    return rows


def packages_by_mpi(name: str) -> Tuple[str, ...]:
    """List what runs by MPI get in a curated environment beside its packages, as v1 had it."""
    framework = name[len(PREFIX) :].partition("-")[0]
    return (frameworks.HOROVOD,) if framework in frameworks.WITH_HOROVOD else ()


def find(name: str) -> Optional[frameworks.FrameworkVersion]:
    """The framework's version that a curated environment is of; None for `PLAIN` and others."""
    return _table().get(name)


def names() -> List[str]:
    """List the names of all curated environments."""
    return sorted([*PLAIN, *_table()])
