"""The names of `azureml.core`, each loaded on first use: a script imports many and uses few.

`azureml.core` takes `__getattr__` and `__dir__` from here (PEP 562). Type checkers read the
imports there, below `TYPE_CHECKING`.
"""

from __future__ import annotations

# Type checkers take it for true, as typing's own; importing that takes longer than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

_MODULE = "azureml.core"
_NAMES = {
    "AmlCompute": "runyard.sdk.clusters",
    "ComputeTarget": "runyard.sdk.compute",
    "ContainerImage": "runyard.sdk.v1.serving.images",
    "ContainerRegistry": "runyard.sdk.environments",
    "Dataset": "runyard.sdk.v1.datasets",
    "Datastore": "runyard.sdk.datastores",
    "Environment": "runyard.sdk.environments",
    "Experiment": "runyard.sdk.experiments",
    "Image": "runyard.sdk.v1.serving.images",
    "Keyvault": "runyard.sdk.v1.keyvault",
    "Model": "runyard.sdk.models",
    "Run": "runyard.sdk.runs",
    "RunConfiguration": "runyard.sdk.v1.runconfig",
    "ScriptRunConfig": "runyard.sdk.v1.scripts",
    "VERSION": "runyard.sdk.v1.versions",
    "Webservice": "runyard.sdk.v1.deployment",
    "Workspace": "runyard.sdk.workspaces",
    "__version__": "runyard.sdk.v1.versions",
}


def __getattr__(name: str) -> Any:
    """Load a name of `azureml.core`, and leave it there.

    Raises:
        AttributeError: There is no such name.
    """
    if name not in _NAMES:
        raise AttributeError(f"module {_MODULE!r} has no attribute {name!r}")
    import sys
    from importlib import import_module

    found = getattr(import_module(_NAMES[name]), name)
    setattr(sys.modules[_MODULE], name, found)
    return found


def __dir__() -> List[str]:
    # `__import__` of a dotted name gives the package at its top.
    return sorted({*vars(__import__(_MODULE).core), *_NAMES})
