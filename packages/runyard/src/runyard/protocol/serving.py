"""What the service writes for a replica: `.runyard/serving.json` in the folder that it works in.

That folder, the app root, is the run's snapshot, put together by the service:

    .runyard/serving.json                       a `WorkerSpec`
    <source_directory>/<entry_script> ...       the code
    azureml-models/<name>/<version>/...         each model's one file or folder, or its several

What is the run's own (its id, its token, where the service is, environment variables) comes as for
every run, in the environment of its process.
"""

from dataclasses import field
from typing import Any, Dict, List, Sequence

from runyard.protocol.endpoints import (
    MAIN_DEPLOYMENT,
    MODELS_FOLDER,
    SCRIPT,
    Batching,
    DeploymentSpec,
    Limits,
    Liveness,
)
from runyard.protocol.records import dataclass

SERVING_FILE = ".runyard/serving.json"


@dataclass(frozen=True)
class ServedModel:
    """A registered model that lies in the app root.

    `path` is `azureml-models/<name>/<version>`; framework and version are as registered.
    """

    name: str
    version: int
    path: str
    framework: str = ""
    framework_version: str = ""


@dataclass(frozen=True)
class WorkerSpec:
    """All that a replica needs to serve. Fields that `DeploymentSpec` has too are as there.

    Args:
        endpoint: The endpoint's name, `SERVICE_NAME` for the script.
        deployment: The deployment.
        revision: Its revision.
        flavor: `script`, or how the one model is served without one.
        entry_script: Of `script`: a path below `source_directory`.
        source_directory: The folder of the app root with the code; "" is the root itself.
        models: The models, in the order in which they were deployed.
        limits: Until the gateway tells others.
        batching: The same.
        liveness: The same.
        options: The flavor's own, such as `signature`.
        description: For the swagger document.
    """

    endpoint: str
    deployment: str = MAIN_DEPLOYMENT
    revision: int = 1
    flavor: str = SCRIPT
    entry_script: str = ""
    source_directory: str = ""
    models: List[ServedModel] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    batching: Batching = field(default_factory=Batching)
    liveness: Liveness = field(default_factory=Liveness)
    options: Dict[str, Any] = field(default_factory=dict)
    description: str = ""


def served_model(name: str, version: int, framework: str, framework_version: str) -> ServedModel:
    """A registered model at its place in the app root.

    Args:
        name: Its name.
        version: Its version.
        framework: As registered.
        framework_version: The same.
    """
    path = f"{MODELS_FOLDER}/{name}/{version}"
    return ServedModel(name, version, path, framework, framework_version)


def worker_spec(
    spec: DeploymentSpec,
    models: Sequence[ServedModel],
    endpoint: str,
    deployment: str = MAIN_DEPLOYMENT,
    revision: int = 1,
) -> WorkerSpec:
    """What a replica needs of a deployment's specification.

    Args:
        spec: The specification.
        models: Its models, in their order.
        endpoint: The endpoint's name.
        deployment: The deployment's.
        revision: Which revision it is.
    """
    return WorkerSpec(
        endpoint=endpoint,
        deployment=deployment,
        revision=revision,
        flavor=spec.flavor,
        entry_script=spec.entry_script,
        source_directory=spec.source_directory,
        models=list(models),
        limits=spec.limits,
        batching=spec.batching,
        liveness=spec.liveness,
        options=spec.options,
        description=spec.description,
    )
