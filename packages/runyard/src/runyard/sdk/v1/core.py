"""The names of `azureml.core`, each loaded on first use: a script imports many and uses few.

`azureml.core` takes `__getattr__` and `__dir__` from here (PEP 562). Type checkers read the
imports there, below `TYPE_CHECKING`.
"""

from __future__ import annotations

from runyard.sdk.v1.submodules import below

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
    "LinkedService": "runyard.sdk.v1.attached",
    "Model": "runyard.sdk.models",
    "PrivateEndPoint": "runyard.sdk.v1.attached",
    "PrivateEndPointConfig": "runyard.sdk.v1.attached",
    "Run": "runyard.sdk.runs",
    "RunConfiguration": "runyard.sdk.v1.runconfig",
    "ScriptRun": "runyard.sdk.runs",
    "ScriptRunConfig": "runyard.sdk.v1.scripts",
    "SynapseWorkspaceLinkedServiceConfiguration": "runyard.sdk.v1.attached",
    "VERSION": "runyard.sdk.v1.versions",
    "Webservice": "runyard.sdk.v1.deployment",
    "Workspace": "runyard.sdk.workspaces",
    "__version__": "runyard.sdk.v1.versions",
    "get_run": "runyard.sdk.runs",
}


def __getattr__(name: str) -> Any:
    """Load a name of `azureml.core`, or a module below it, and leave it there.

    Raises:
        AttributeError: There is no such name.
    """
    if name not in _NAMES:
        return below(_MODULE)(name)
    import sys
    from importlib import import_module

    found = getattr(import_module(_NAMES[name]), name)
    setattr(sys.modules[_MODULE], name, found)
    return found


def __dir__() -> List[str]:
    # `__import__` of a dotted name gives the package at its top.
    return sorted({*vars(__import__(_MODULE).core), *_NAMES})
