"""Models that are served without a script: one module for each framework.

Each has a class `Model`, a `served.Flavor`. The frameworks are imported inside its methods.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from runyard.protocol.endpoints import FLAVORS, SCRIPT
from runyard.runtime.model.script import Script

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec
    from runyard.runtime.model.served import Flavor


def find(spec: WorkerSpec) -> Flavor:
    """What serves a deployment, not loaded yet.

    Args:
        spec: What is served.

    Raises:
        ValueError: There is no such flavor.
    """
    if spec.flavor == SCRIPT:
        return Script()
    if spec.flavor not in FLAVORS:
        raise ValueError(f"there is no flavor {spec.flavor!r}; there are {', '.join(FLAVORS)}")
    found: Flavor = import_module(f"{__name__}.{spec.flavor}").Model()
    return found
