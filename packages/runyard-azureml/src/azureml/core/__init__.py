"""Workspaces, experiments, runs, datastores, compute targets, environments, models."""

from runyard.sdk.v1.core import TYPE_CHECKING

if TYPE_CHECKING:
    from runyard.sdk.clusters import AmlCompute
    from runyard.sdk.compute import ComputeTarget
    from runyard.sdk.datastores import Datastore
    from runyard.sdk.environments import ContainerRegistry, Environment
    from runyard.sdk.experiments import Experiment
    from runyard.sdk.models import Model
    from runyard.sdk.runs import Run, ScriptRun, get_run
    from runyard.sdk.v1.attached import (
        LinkedService,
        PrivateEndPoint,
        PrivateEndPointConfig,
        SynapseWorkspaceLinkedServiceConfiguration,
    )
    from runyard.sdk.v1.datasets import Dataset
    from runyard.sdk.v1.deployment import ContainerImage, Image, Webservice
    from runyard.sdk.v1.keyvault import Keyvault
    from runyard.sdk.v1.runconfig import RunConfiguration
    from runyard.sdk.v1.scripts import ScriptRunConfig
    from runyard.sdk.v1.versions import VERSION, __version__
    from runyard.sdk.workspaces import Workspace
else:
    from runyard.sdk.v1.core import __dir__, __getattr__

__all__ = [
    "VERSION",
    "AmlCompute",
    "ComputeTarget",
    "ContainerImage",
    "ContainerRegistry",
    "Dataset",
    "Datastore",
    "Environment",
    "Experiment",
    "Image",
    "Keyvault",
    "LinkedService",
    "Model",
    "PrivateEndPoint",
    "PrivateEndPointConfig",
    "Run",
    "RunConfiguration",
    "ScriptRun",
    "ScriptRunConfig",
    "SynapseWorkspaceLinkedServiceConfiguration",
    "Webservice",
    "Workspace",
    "__version__",
    "get_run",
]
