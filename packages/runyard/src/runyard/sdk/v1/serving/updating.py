"""`service.update(…)`: what is new of a deployment, with all faults in one message."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.protocol.endpoints import Deploy
from runyard.sdk.model_orders import texts
from runyard.sdk.models import Model
from runyard.sdk.v1.serving import changing, image_deployment, refusals, setting_checks
from runyard.sdk.v1.serving import code as codes
from runyard.sdk.v1.serving import models as model_lists
from runyard.sdk.v1.serving import settings as meaning
from runyard.sdk.v1.serving.faults import Faults

if TYPE_CHECKING:
    from runyard.protocol.endpoints import DeploymentRecord, DeploymentSpec
    from runyard.sdk.v1.serving.models import Given
    from runyard.sdk.v1.serving.settings import Settings
    from runyard.sdk.v1.serving.shown import Shown

_METADATA = {"tags", "properties", "description"}
_CODE = {"image", "models", "inference_config"}


def update(service: Shown, arguments: Dict[str, Any]) -> None:
    """Change a service's main deployment, its access and its metadata.

    Args:
        service: The service.
        arguments: What `update` was given, by name; None leaves a thing as it is.

    Raises:
        WebserviceException: Something makes no sense; all of it is named.
    """
    changes = meaning.given(arguments)
    deployment = service._deployment()
    faults = Faults(f"service {service.name!r} cannot be updated")
    if not changes:
        faults.add("No parameters provided to update.")
    if deployment is None:
        faults.add("it has no deployment: deploy it anew")
    faults.refuse()
    assert deployment is not None
    settings = {name: changes[name] for name in changes if name not in _METADATA | _CODE}
    kind = service._record.kind
    merged = merge(service._settings(), settings)
    faults.extend(setting_checks.faults(kind, merged))
    spec = revised(service, deployment, changes, merged, faults)
    faults.refuse()
    _send(service, deployment, spec, changes, merged)


def merge(kept: Settings, new: Settings) -> Settings:
    """Put new settings over those there are; switching autoscaling takes the other way's away.

    Args:
        kept: What was given before.
        new: What is given now.
    """
    found = dict(kept)
    if new.get("autoscale_enabled") or (
        "num_replicas" not in new and any(name.startswith("autoscale_") for name in new)
    ):
        found.pop("num_replicas", None)
    if "num_replicas" in new and not found.get("autoscale_enabled"):
        found = {k: v for k, v in found.items() if not k.startswith("autoscale_")}
    if new.get("autoscale_enabled") is False:
        found = {k: v for k, v in found.items() if not k.startswith("autoscale_")}
    # Of keys and tokens one is on at most, so switching one on by name switches the other off.
    if new.get("token_auth_enabled") and "auth_enabled" not in new:
        found.pop("auth_enabled", None)
    if new.get("auth_enabled") and "token_auth_enabled" not in new:
        found.pop("token_auth_enabled", None)
    return {**found, **new}


def revised(
    service: Shown,
    deployment: DeploymentRecord,
    changes: Dict[str, Any],
    settings: Settings,
    faults: Faults,
) -> Optional[DeploymentSpec]:
    """Make the next specification of a deployment; None where there are faults.

    Args:
        service: The service.
        deployment: The deployment.
        changes: What is to change, by name.
        settings: All settings from now on.
        faults: Where faults are gathered.
    """
    old = deployment.spec
    faults.extend(_contradictions(old, changes))
    found: Optional[List[Given]] = None
    with faults.gathering():
        if changes.get("models") is not None:
            found = model_lists.look_up(service.workspace, changes["models"])
    config = changes.get("inference_config")
    if config is not None and hasattr(config, "validate_configuration"):
        with faults.gathering():
            config.validate_configuration()
    code: Optional[codes.Code] = None
    if found is not None and not faults.any:
        with faults.gathering():
            # Another model without code may be of another framework, or of another version of it.
            code = codes.of_models(found, service.name) if config is None else None
    if faults.any:
        return None
    if config is not None:
        code = codes.of_config(config, service.name)
    models = old.models if found is None else model_lists.ids(service.workspace, found)
    return _spec(service, old, changes.get("image"), code, settings, models)


def _spec(
    service: Shown,
    old: DeploymentSpec,
    image: Any,
    code: Optional[codes.Code],
    settings: Settings,
    models: List[str],
) -> DeploymentSpec:
    if image is not None:
        models, parts = image_deployment.parts(image)
    elif code is not None:
        served = [Model(service.workspace, id=one) for one in models]
        parts = codes.parts(service.workspace.service, code, served)
    else:
        parts = {**codes.kept_parts(old), "v1": dict(old.v1)}
    made = codes.spec(service._record.kind, settings, models, parts, old.target)
    # What update() has no argument for stays as it is.
    return replace(made, batching=old.batching, tags=old.tags, description=old.description)


def _contradictions(old: DeploymentSpec, changes: Dict[str, Any]) -> List[str]:
    found: List[str] = []
    image, config = changes.get("image"), changes.get("inference_config")
    if image is not None and (config is not None or changes.get("models") is not None):
        found.append("image is given, and models or inference_config too: give one of them")
    if image is not None and not old.v1.get("image"):
        found.append(
            "the service was deployed from an environment: give inference_config, no image"
        )
    if config is not None and not hasattr(config, "entry_script"):
        found.append(f"inference_config must be an InferenceConfig, not {type(config).__name__}")
    if changes.get("models") is not None and config is None and image is None:
        # What is no list at all is told by the one that looks the models up.
        is_list = isinstance(changes["models"], (list, tuple))
        if is_list and (old.flavor == codes.SCRIPT or len(changes["models"]) != 1):
            found.append(
                "models is given without inference_config, which only a service of one model "
                "without a script allows: give the InferenceConfig, too"
            )
    return found


def _send(
    service: Shown,
    deployment: DeploymentRecord,
    spec: Optional[DeploymentSpec],
    changes: Dict[str, Any],
    settings: Settings,
) -> None:
    assert spec is not None
    metadata = _metadata(service, changes, settings)
    service._settled = spec == deployment.spec
    if metadata:
        changing.change(service, **metadata)
    if not service._settled:
        with refusals.told():
            service._record = service.workspace.service.endpoints.deploy(
                service.name, deployment.name, Deploy(spec)
            )
    # Whether it asks for a key, or for which, may have changed.
    service._authorization = ""


def _metadata(service: Shown, changes: Dict[str, Any], settings: Settings) -> Dict[str, Any]:
    """The fields of ChangeEndpoint that are new."""
    found: Dict[str, Any] = {}
    record = service._record
    wanted = meaning.access(record.kind, settings)
    access = replace(
        wanted,
        port=record.access.port if wanted.port is None else wanted.port,
        protocols=record.access.protocols,
        origins=record.access.origins,
        legacy_status=record.access.legacy_status,
    )
    if access != record.access:
        found["access"] = access
    if changes.get("tags") is not None:
        tags = texts(changes["tags"])
        found["tags"] = tags
        found["removed_tags"] = [tag for tag in record.tags if tag not in tags]
    if changes.get("properties") is not None:
        found["properties"] = texts(changes["properties"])
    if changes.get("description") is not None:
        found["description"] = str(changes["description"])
    return found
