"""Which packages a framework's version means, as the SDK asks: `protocol.frameworks` has the table.

`NEWEST` is what Runyard's own names mean when no version is given.
"""

from typing import Dict

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
    "find",
    "versions",
]

# The package that runs by MPI get beside these frameworks.
HOROVOD = "horovod"
WITH_HOROVOD = (TENSORFLOW, PYTORCH)
NEWEST: Dict[str, str] = {framework: newest(framework) for framework in FRAMEWORKS}
