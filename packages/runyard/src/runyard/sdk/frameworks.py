"""Which packages a framework's version means, as the SDK asks: `protocol.frameworks` has the table.

`NEWEST` is what Runyard's own names mean when no version is given.
"""

from typing import Dict, Optional, Type

from runyard.client import callers
from runyard.protocol.compatibility import STRICT
from runyard.protocol.frameworks import (
    CHAINER,
    FRAMEWORKS,
    JAX,
    KERAS,
    PYTORCH,
    SKLEARN,
    TENSORFLOW,
    XGBOOST,
    FrameworkVersion,
    find,
    newest,
    versions,
)

__all__ = [
    "CHAINER",
    "FRAMEWORKS",
    "HOROVOD",
    "JAX",
    "KERAS",
    "NEWEST",
    "PYTORCH",
    "SKLEARN",
    "TENSORFLOW",
    "WITH_HOROVOD",
    "XGBOOST",
    "FrameworkVersion",
    "check_note",
    "find",
    "versions",
]

# The package that runs by MPI get beside these frameworks.
HOROVOD = "horovod"
WITH_HOROVOD = (TENSORFLOW, PYTORCH)
NEWEST: Dict[str, str] = {framework: newest(framework) for framework in FRAMEWORKS}


def check_note(row: FrameworkVersion, compatibility: Optional[str], error: Type[Exception]) -> None:
    """Warn where another version takes the place of the one asked for, or refuse it.

    Args:
        row: The row of the version.
        compatibility: `strict` refuses it.
        error: What is then raised.
    """
    if row.note and compatibility == STRICT:
        raise error(
            f"{row.framework} {row.version} has no build for Python 3.7 or newer, which jobs need, "
            f"and compatibility='strict' refuses {row.instead} in its place: ask for {row.instead}"
        )
    if row.note:
        callers.warn(row.note)
