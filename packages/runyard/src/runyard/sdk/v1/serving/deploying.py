"""`Model.deploy` and its kin: everything is checked, then sent, then the service is on its way."""

from __future__ import annotations

import re
from copy import copy
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from runyard.client import callers
from runyard.protocol.endpoints import (
    ENDPOINT_NAME_RULE,
    LONGEST_NAME,
    SHORTEST_NAME,
    CreateEndpoint,
)
from runyard.protocol.errors import NotFound
from runyard.protocol.runs import LOCAL_TARGET
from runyard.sdk import checks
from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.model_orders import texts
from runyard.sdk.v1.serving import code as codes
from runyard.sdk.v1.serving import models as model_lists
from runyard.sdk.v1.serving import refusals
from runyard.sdk.v1.serving import settings as meaning
from runyard.sdk.v1.serving.configurations import (
    AciServiceDeploymentConfiguration,
    AksServiceDeploymentConfiguration,
    WebserviceDeploymentConfiguration,
)
from runyard.sdk.v1.serving.faults import Faults
from runyard.sdk.v1.serving.settings import AKS, AKS_ENDPOINT, COMPUTE_TYPES, LOCAL

if TYPE_CHECKING:
    from runyard.protocol.endpoints import EndpointRecord
    from runyard.sdk.v1.serving.models import Given
    from runyard.sdk.workspaces import Workspace

AKS_TARGET = "AKS"
_DEFAULT_PACKAGE = "azureml-defaults"


def deploy(
    workspace: Workspace,
    name: str,
    models: Any,
    inference_config: Any,
    deployment_config: Optional[WebserviceDeploymentConfiguration],
    deployment_target: Any,
    overwrite: bool,
) -> EndpointRecord:
    """Deploy models behind a script, or one model without a script.

    Args:
        workspace: The workspace.
        name: The service's name.
        models: Models, ids and local paths.
        inference_config: The script and what it needs; None: the model's framework says it.
        deployment_config: How the service is to run; None: as an AciWebservice, on an AKS target
            as an AksWebservice.
        deployment_target: The AKS target.
        overwrite: Replace a service of that name.

    Raises:
        WebserviceException: Something makes no sense; all of it is named.
    """
    checks.workspace(workspace)
    # A copy: what one model would like is filled in, and the user's own may serve for the next.
    config = copy(configuration(deployment_config, deployment_target))
    faults = Faults(f"service {name!r} cannot be deployed")
    replace = common(faults, workspace, name, config, deployment_target, overwrite=overwrite)
    found: List[Given] = []
    with faults.gathering():
        found = model_lists.look_up(workspace, models)
    code: Optional[codes.Code] = None
    with faults.gathering():
        code = _code(inference_config, found, name)
    faults.refuse()
    assert code is not None
    parts = codes.parts(workspace.service, code, found)
    if inference_config is None:
        _resources_of(found[0], config)
    # Last of all: code that cannot be sent leaves no version of a local model behind.
    ids = model_lists.ids(workspace, found)
    return create(workspace, name, ids, parts, config, deployment_target, replace=replace)


def _code(config: Any, models: Sequence[Given], name: str) -> codes.Code:
    if config is None:
        return codes.of_models(models, name)
    if not hasattr(config, "entry_script"):
        raise WebserviceException(
            f"inference_config must be an InferenceConfig, not {type(config).__name__}"
        )
    config.validate_configuration()
    _warn_without_defaults(config)
    return codes.of_config(config, name)


def _warn_without_defaults(config: Any) -> None:
    environment = config.environment
    # What is installed in an environment of the user's own is not known here.
    if environment is None or environment.python.user_managed_dependencies:
        return
    packages = [*environment.python.conda_dependencies.pip_packages]
    if not any(line.startswith(_DEFAULT_PACKAGE) for line in packages):
        callers.warn(
            f"{_DEFAULT_PACKAGE} is not among the packages of the environment: scripts of this "
            "SDK's time expect what comes with it"
        )


def _resources_of(model: Given, config: WebserviceDeploymentConfiguration) -> None:
    """Fill in what the model would like, where the configuration is silent."""
    wanted = getattr(model, "resource_configuration", None)
    if wanted is None:
        return
    for name, value in (
        ("cpu_cores", wanted.cpu),
        ("memory_gb", wanted.memory_in_gb),
        ("gpu_cores", wanted.gpu),
    ):
        if value is not None:
            config.fill(name, value)


def configuration(
    config: Optional[WebserviceDeploymentConfiguration], target: Any
) -> WebserviceDeploymentConfiguration:
    """The configuration, or the default one of the target.

    Args:
        config: What was given.
        target: The target that was given.

    Raises:
        WebserviceException: It is no configuration of a web service.
    """
    if config is None:
        if target is not None:
            return AksServiceDeploymentConfiguration()
        return AciServiceDeploymentConfiguration()
    if not isinstance(config, WebserviceDeploymentConfiguration):
        raise WebserviceException(
            f"deployment_config is a {type(config).__name__}; give what "
            "AciWebservice.deploy_configuration(…), or that of another kind of service, returns"
        )
    return config


def common(
    faults: Faults,
    workspace: Workspace,
    name: Any,
    config: WebserviceDeploymentConfiguration,
    target: Any,
    *,
    overwrite: bool,
) -> bool:
    """Gather what every way to deploy checks: name, configuration, target, and who has the name.

    Args:
        faults: Where faults are gathered.
        workspace: The workspace.
        name: The service's name.
        config: How it is to run.
        target: Where.
        overwrite: Whether one of that name is replaced.

    Returns:
        Whether there is one, which is to be replaced.
    """
    fault = name_fault(name)
    faults.extend(fault)
    faults.extend(config.faults())
    faults.extend(_target_faults(config, target))
    there = None if fault else existing(workspace, name)
    faults.extend(_taken(there, config, overwrite=overwrite) if there else [])
    return there is not None


def name_fault(name: Any, what: str = "service name") -> List[str]:
    """List what is wrong with a name.

    Args:
        name: The name.
        what: What it is the name of.
    """
    if (
        isinstance(name, str)
        and SHORTEST_NAME <= len(name) <= LONGEST_NAME
        and re.fullmatch(ENDPOINT_NAME_RULE, name)
    ):
        return []
    return [
        (
            f"the {what} {name!r} must have {SHORTEST_NAME} to {LONGEST_NAME} lower-case letters, "
            "digits and -, begin with a letter, and end with a letter or digit"
        )
    ]


def _target_faults(config: WebserviceDeploymentConfiguration, target: Any) -> List[str]:
    if target is None:
        return []
    if not hasattr(target, "provisioning_state"):
        return [f"deployment_target must be a compute target, not {target!r}"]
    if config.kind not in {AKS, AKS_ENDPOINT}:
        kind = COMPUTE_TYPES[config.kind]
        return [
            (
                f"deployment_target is {target.name!r}, and the deployment_config is for {kind}: "
                "give what AksWebservice.deploy_configuration(…) returns, or no deployment_target"
            )
        ]
    return []


def existing(workspace: Workspace, name: str) -> Optional[EndpointRecord]:
    """The endpoint that has the name; None for none."""
    try:
        with refusals.told():
            return workspace.service.endpoints.get(name)
    except WebserviceException as error:
        if isinstance(error.__cause__, NotFound):
            return None
        raise


def _taken(
    there: EndpointRecord, config: WebserviceDeploymentConfiguration, *, overwrite: bool
) -> List[str]:
    # v1 replaced local ones unasked: while a script is tried its cell runs again and again.
    if overwrite or (config.kind == there.kind == LOCAL):
        return []
    kind = COMPUTE_TYPES.get(there.kind, there.kind)
    return [
        (
            f"a service of that name exists ({kind}): delete it, give overwrite=True to replace "
            "it, or take another name"
        )
    ]


def create(
    workspace: Workspace,
    name: str,
    models: Sequence[str],
    parts: Dict[str, Any],
    config: WebserviceDeploymentConfiguration,
    target: Any,
    shown: Optional[Dict[str, Any]] = None,
    *,
    replace: bool = False,
) -> EndpointRecord:
    """Send the order; the service is on its way when this returns.

    Args:
        workspace: The workspace.
        name: The service's name.
        models: The ids of its models.
        parts: What `code.parts` gave.
        config: How it is to run.
        target: Where, None for the service's own machine.
        shown: More that v1 objects show of it.
        replace: Whether there is one of that name, which becomes this one.
    """
    settings = config.settings()
    kind = config.kind
    nodes, compute = _compute(target, settings)
    order = CreateEndpoint(
        name=name,
        spec=codes.spec(kind, settings, models, parts, nodes),
        kind=kind,
        access=meaning.access(kind, settings),
        description=settings.get("description") or "",
        tags=texts(settings.get("tags")),
        properties=texts(settings.get("properties")),
        replace=replace,
        primary_key=settings.get("primary_key"),
        secondary_key=settings.get("secondary_key"),
        v1={"compute_name": compute, **(shown or {})},
        **_first(kind, settings, name),
    )
    with refusals.told():
        return workspace.service.endpoints.create(order)


def _first(kind: str, settings: Dict[str, Any], name: str) -> Dict[str, str]:
    """The name of the first deployment, where it is not the usual one."""
    return {"deployment": settings.get("version_name") or name} if kind == AKS_ENDPOINT else {}


def _compute(target: Any, settings: Dict[str, Any]) -> Tuple[str, str]:
    """Where replicas are, and the target that is shown.

    An AKS target is a name for the service's own machine; nodes of a cluster hold replicas.
    """
    name = str(target.name) if target is not None else settings.get("compute_target_name", "")
    is_cluster = target is not None and target.type != AKS_TARGET
    return (name if is_cluster else LOCAL_TARGET), name
