"""The orders of 2019: an image of a configuration, and a service of an image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from runyard.protocol.images import (
    IMAGE_NAME_RULE,
    LONGEST_IMAGE_NAME,
    SHORTEST_IMAGE_NAME,
    CreateImage,
)
from runyard.sdk import checks
from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.model_orders import texts
from runyard.sdk.v1.serving import code as codes
from runyard.sdk.v1.serving import deploying, environments, refusals
from runyard.sdk.v1.serving import models as model_lists
from runyard.sdk.v1.serving.faults import Faults
from runyard.sdk.v1.serving.settings import ACI, AKS_ENDPOINT

if TYPE_CHECKING:
    from runyard.protocol.endpoints import EndpointRecord
    from runyard.protocol.images import ImageRecord
    from runyard.sdk.v1.serving.configurations import WebserviceDeploymentConfiguration
    from runyard.sdk.v1.serving.models import Given
    from runyard.sdk.workspaces import Workspace


def create(workspace: Workspace, name: str, models: Any, config: Any) -> ImageRecord:
    """Make the next version of an image.

    Args:
        workspace: The workspace.
        name: The image's name.
        models: Models, ids and local paths.
        config: What `image_configuration` gives.

    Raises:
        WebserviceException: Something makes no sense; all of it is named.
    """
    faults = Faults(f"image {name!r} cannot be created")
    found = _checked(faults, workspace, name, models, config)
    faults.refuse()
    return _create(workspace, name, found, config)


def _checked(
    faults: Faults, workspace: Workspace, name: Any, models: Any, config: Any
) -> List[Given]:
    if not (
        isinstance(name, str)
        and SHORTEST_IMAGE_NAME <= len(name) <= LONGEST_IMAGE_NAME
        and re.fullmatch(IMAGE_NAME_RULE, name)
    ):
        faults.add(
            f"the image name {name!r} must have {SHORTEST_IMAGE_NAME} to {LONGEST_IMAGE_NAME} "
            "lower-case letters, digits, - and dots, and begin and end with a letter or digit"
        )
    if not hasattr(config, "validate_configuration"):
        faults.add(
            f"image_config is a {type(config).__name__}; give what "
            "ContainerImage.image_configuration(…) returns"
        )
    else:
        with faults.gathering():
            config.validate_configuration()
    found: List[Given] = []
    with faults.gathering():
        found += model_lists.look_up(workspace, models)
    return found


def _create(workspace: Workspace, name: str, models: List[Given], config: Any) -> ImageRecord:
    print("Creating image")  # noqa: T201 - v1 prints this line
    sent = codes.parts(workspace.service, _code(config, name), models)
    order = CreateImage(
        name=name,
        # How it will run is said when it is deployed; of this spec what is run counts alone.
        spec=codes.spec(ACI, {}, model_lists.ids(workspace, models), sent),
        description=getattr(config, "description", None) or "",
        tags=texts(getattr(config, "tags", None)),
        properties=texts(getattr(config, "properties", None)),
    )
    with refusals.told():
        record: ImageRecord = workspace.service.images.create(order)
    return record


def _code(config: Any, name: str) -> codes.Code:
    if hasattr(config, "entry_script"):
        return codes.of_config(config, name)
    kept = {
        key: getattr(config, key)
        for key in ("runtime", "docker_file", "schema_file", "enable_gpu")
        if getattr(config, key)
    }
    environment = environments.of_conda_file(f"{name}-env", config.conda_file or "")
    return codes.Code(codes.SCRIPT, environment, config._source(), kept=kept)


def from_models(
    workspace: Workspace,
    name: str,
    models: Any,
    image_config: Any,
    deployment_config: Optional[WebserviceDeploymentConfiguration],
    deployment_target: Any,
    overwrite: bool,
) -> EndpointRecord:
    """Make an image with models, and deploy it.

    Args:
        workspace: The workspace.
        name: The service's name, and the image's.
        models: Models, ids and local paths.
        image_config: What `image_configuration` gives, or an InferenceConfig.
        deployment_config: How the service is to run; None as an AciWebservice.
        deployment_target: An AKS target.
        overwrite: Replace a service of that name.

    Raises:
        WebserviceException: Something makes no sense; all of it is named.
    """
    checks.workspace(workspace)
    config = deploying.configuration(deployment_config, deployment_target)
    faults = Faults(f"service {name!r} cannot be deployed")
    replace = deploying.common(
        faults, workspace, name, config, deployment_target, overwrite=overwrite
    )
    faults.extend(_endpoint_faults(config))
    found = _checked(faults, workspace, name, models, image_config)
    # Before the image is made: its environment takes minutes, and nobody would delete it.
    faults.refuse()
    image = _create(workspace, name, found, image_config)
    return _deploy(workspace, name, image, config, deployment_target, replace=replace)


def from_image(
    workspace: Workspace,
    name: str,
    image: Any,
    deployment_config: Optional[WebserviceDeploymentConfiguration],
    deployment_target: Any,
    overwrite: bool,
) -> EndpointRecord:
    """Deploy an image.

    Args:
        workspace: The workspace.
        name: The service's name.
        image: The image.
        deployment_config: How the service is to run; None as an AciWebservice.
        deployment_target: An AKS target.
        overwrite: Replace a service of that name.

    Raises:
        WebserviceException: Something makes no sense; all of it is named.
    """
    checks.workspace(workspace)
    config = deploying.configuration(deployment_config, deployment_target)
    faults = Faults(f"service {name!r} cannot be deployed")
    replace = deploying.common(
        faults, workspace, name, config, deployment_target, overwrite=overwrite
    )
    faults.extend(_endpoint_faults(config))
    if not hasattr(image, "_record"):
        faults.add(f"image must be an Image, not {type(image).__name__}")
    faults.refuse()
    return _deploy(workspace, name, image._record, config, deployment_target, replace=replace)


def _endpoint_faults(config: WebserviceDeploymentConfiguration) -> List[str]:
    if config.kind != AKS_ENDPOINT:
        return []
    return [
        (
            "an AksEndpoint is deployed with Model.deploy(…, inference_config, deployment_config): "
            "its versions have environments, and no images"
        )
    ]


def _deploy(
    workspace: Workspace,
    name: str,
    image: ImageRecord,
    config: WebserviceDeploymentConfiguration,
    target: Any,
    *,
    replace: bool,
) -> EndpointRecord:
    models, sent = _definition(image)
    return deploying.create(workspace, name, models, sent, config, target, replace=replace)


def parts(image: Any) -> Tuple[List[str], Dict[str, Any]]:
    """The models of an image, and the fields of a DeploymentSpec that tell of what it runs.

    Args:
        image: The Image.

    Raises:
        WebserviceException: It is no image.
    """
    if not hasattr(image, "_record"):
        raise WebserviceException(f"image must be an Image, not {type(image).__name__}")
    return _definition(image._record)


def _definition(image: ImageRecord) -> Tuple[List[str], Dict[str, Any]]:
    spec = image.spec
    return [*spec.models], {**codes.kept_parts(spec), "v1": {**spec.v1, "image": image.id}}
