"""The versions of an AksEndpoint: deployments of one endpoint, each with its share of requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.protocol.endpoints import Deploy
from runyard.protocol.suggestions import nearest
from runyard.sdk.model_orders import texts
from runyard.sdk.v1.serving import code as codes
from runyard.sdk.v1.serving import deploying, refusals, setting_checks, updating
from runyard.sdk.v1.serving import models as model_lists
from runyard.sdk.v1.serving import settings as meaning
from runyard.sdk.v1.serving.faults import Faults

if TYPE_CHECKING:
    from runyard.protocol.endpoints import DeploymentRecord, DeploymentSpec
    from runyard.sdk.v1.serving.models import Given
    from runyard.sdk.v1.serving.shown import Shown

# What is no setting of the deployment itself.
_APART = {
    "models",
    "inference_config",
    "tags",
    "properties",
    "description",
    "is_default",
    "is_control_version_type",
}


def create(endpoint: Shown, version: str, arguments: Dict[str, Any]) -> None:
    """Add a version.

    Args:
        endpoint: The endpoint.
        version: The version's name.
        arguments: What `create_version` was given, by name.

    Raises:
        WebserviceException: Something makes no sense; all of it is named.
    """
    given = meaning.given(arguments)
    given.pop("version_name", None)
    faults = Faults(f"version {version!r} of endpoint {endpoint.name!r} cannot be made")
    faults.extend(deploying.name_fault(version, "version name"))
    if _find(endpoint, version) is not None:
        faults.add("it exists: change it with update_version, or take another name")
    config = given.get("inference_config")
    if config is None:
        faults.add("inference_config is missing")
    elif not hasattr(config, "entry_script"):
        faults.add(f"inference_config must be an InferenceConfig, not {type(config).__name__}")
    else:
        # Its files may have changed since it was made, in a notebook hours ago.
        with faults.gathering():
            config.validate_configuration()
    settings = _settings(given)
    faults.extend(setting_checks.faults(meaning.AKS_ENDPOINT, settings))
    found: List[Given] = []
    with faults.gathering():
        found = model_lists.look_up(endpoint.workspace, given.get("models"))
    faults.refuse()
    assert config is not None
    parts = codes.parts(endpoint.workspace.service, codes.of_config(config, endpoint.name), found)
    models = model_lists.ids(endpoint.workspace, found)
    spec = codes.spec(meaning.AKS_ENDPOINT, settings, models, parts)
    _deploy(endpoint, version, _described(spec, given), given)


def update(endpoint: Shown, version: str, arguments: Dict[str, Any]) -> None:
    """Change a version.

    Args:
        endpoint: The endpoint.
        version: The version's name.
        arguments: What `update_version` was given, by name.

    Raises:
        WebserviceException: Something makes no sense; all of it is named.
    """
    given = meaning.given(arguments)
    given.pop("version_name", None)
    faults = Faults(f"version {version!r} of endpoint {endpoint.name!r} cannot be changed")
    if not given:
        faults.add("No parameters provided to update.")
    one = _there(endpoint, version, faults)
    faults.refuse()
    assert one is not None
    settings = updating.merge(dict(one.spec.v1.get("settings") or {}), _settings(given))
    faults.extend(setting_checks.faults(meaning.AKS_ENDPOINT, settings))
    spec = updating.revised(endpoint, one, given, settings, faults)
    faults.refuse()
    assert spec is not None
    _deploy(endpoint, version, _described(spec, given), given)


def delete(endpoint: Shown, version: str) -> None:
    """Delete a version.

    Args:
        endpoint: The endpoint.
        version: The version's name.

    Raises:
        WebserviceException: There is none of that name, or the service refuses.
    """
    faults = Faults(f"version {version!r} of endpoint {endpoint.name!r} cannot be deleted")
    _there(endpoint, version, faults)
    faults.refuse()
    with refusals.told():
        endpoint._record = endpoint.workspace.service.endpoints.undeploy(endpoint.name, version)
    endpoint._settled = False


def _find(endpoint: Shown, version: str) -> Optional[DeploymentRecord]:
    endpoint.update_deployment_state()
    rows = [one for one in endpoint._record.deployments if one.name == version]
    return rows[0] if rows else None


def _there(endpoint: Shown, version: str, faults: Faults) -> Optional[DeploymentRecord]:
    one = _find(endpoint, version)
    if one is None:
        names = [row.name for row in endpoint._record.deployments]
        near = nearest(str(version), names) or names
        faults.add(f"there is none of that name; there are: {', '.join(near)}")
    return one


def _settings(given: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in given.items() if name not in _APART}


def _described(spec: DeploymentSpec, given: Dict[str, Any]) -> DeploymentSpec:
    """The specification with tags, description and type of the version, where they are given."""
    changes: Dict[str, Any] = {}
    if "tags" in given:
        changes["tags"] = texts(given["tags"])
    if "description" in given:
        changes["description"] = str(given["description"])
    if "is_control_version_type" in given:
        changes["v1"] = {**spec.v1, "control": bool(given["is_control_version_type"])}
    return replace(spec, **changes)


def _deploy(endpoint: Shown, version: str, spec: DeploymentSpec, given: Dict[str, Any]) -> None:
    share = given.get("traffic_percentile")
    order = Deploy(
        spec,
        # v1 took fractions; the gateway deals out whole percents.
        percent=None if share is None else round(share),
        is_default=given.get("is_default"),
    )
    with refusals.told():
        endpoint._record = endpoint.workspace.service.endpoints.deploy(
            endpoint.name, version, order
        )
    endpoint._settled = False
