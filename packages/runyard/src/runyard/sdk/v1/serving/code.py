"""What a deployment runs: a script with its environment, or a flavor, ready to be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, Sequence

from runyard.protocol.endpoints import DeploymentSpec
from runyard.sdk.models import Model
from runyard.sdk.v1.serving import environments, fitting, flavors, sources
from runyard.sdk.v1.serving import settings as meaning

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.environments import EnvironmentDefinition
    from runyard.sdk.environments import Environment
    from runyard.sdk.v1.serving.models import Given
    from runyard.sdk.v1.serving.settings import Settings

SCRIPT = "script"
# The fields of a DeploymentSpec that tell what is run, without models and v1's own.
_PARTS = (
    "flavor",
    "entry_script",
    "source_directory",
    "snapshot",
    "environment",
    "environment_variables",
    "options",
)


@dataclass(frozen=True)
class Code:
    """What is run.

    Args:
        flavor: `script`, or how the one model is served without one.
        environment: What it needs.
        source: Where the script is; None without one.
        options: More of the flavor's.
        kept: More that v1 objects show of it.
    """

    flavor: str
    environment: Environment
    source: Any = None
    options: Dict[str, Any] = field(default_factory=dict)
    kept: Dict[str, Any] = field(default_factory=dict)


def of_config(config: Any, service: str) -> Code:
    """The code of an InferenceConfig.

    Args:
        config: The configuration.
        service: The service's name.
    """
    names = ("runtime", "conda_file", "extra_docker_file_steps", "enable_gpu", "cuda_version")
    kept = {name: getattr(config, name) for name in names if getattr(config, name)}
    environment = environments.of_config(config, service)
    return Code(SCRIPT, environment, sources.of_config(config), kept=kept)


def of_models(models: Sequence[Given], service: str) -> Code:
    """The code of a model that is served without any.

    Args:
        models: The one model.
        service: The service's name.
    """
    served = flavors.of(models, service)
    return Code(served.flavor, served.environment)


def parts(service: WorkspaceClient, code: Code, models: Sequence[Given]) -> Dict[str, Any]:
    """Send the code, and give the fields of a DeploymentSpec that tell of it.

    Args:
        service: What speaks to the workspace.
        code: What is run.
        models: Its models; those that are registered may say which versions fit.
    """
    kept: Dict[str, Any] = {
        **code.kept,
        "environment": environments.document(code.environment),
        # Where it was on the user's machine, so that `reload` finds it again.
        "source": code.source.to_json() if code.source else None,
    }
    return {
        "flavor": code.flavor,
        "entry_script": code.source.entry if code.source else "",
        "source_directory": code.source.folder if code.source else "",
        "snapshot": sources.send(service, code.source) if code.source else "",
        "environment": _definition(service, code, models),
        "environment_variables": environments.variables(code.environment),
        "options": dict(code.options),
        "v1": kept,
    }


def kept_parts(spec: DeploymentSpec) -> Dict[str, Any]:
    """The fields that tell what a deployment or an image runs, as they are; `v1` is not among them.

    Args:
        spec: Its specification.
    """
    return {name: getattr(spec, name) for name in _PARTS}


def _definition(
    service: WorkspaceClient, code: Code, models: Sequence[Given]
) -> EnvironmentDefinition:
    script = code.source.path if code.source else ""
    made = environments.definition(code.environment, script)
    records = [model._record for model in models if isinstance(model, Model)]
    return fitting.fitted(service, made, records, script)


def spec(
    kind: str,
    settings: Settings,
    models: Sequence[str],
    code_parts: Dict[str, Any],
    target: str = "local",
) -> DeploymentSpec:
    """Put a deployment's specification together.

    Args:
        kind: The kind of service.
        settings: Its settings by their v1 names.
        models: Ids of models.
        code_parts: What `parts` gave.
        target: `local`, or the compute target whose nodes hold the replicas.
    """
    fields = dict(code_parts)
    v1 = {**fields.pop("v1"), "settings": meaning.kept(settings)}
    return DeploymentSpec(
        models=list(models),
        target=target,
        resources=meaning.resources(settings),
        scaling=meaning.scaling(kind, settings),
        limits=meaning.limits(kind, settings),
        liveness=meaning.liveness(settings),
        v1=v1,
        **fields,
    )
