"""What `Model` and `Workspace` do about deployment, in programs that use the v1 names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict

from runyard.sdk.v1.deployment import Image, Webservice
from runyard.sdk.v1.serving.packing_orders import package
from runyard.sdk.v1.serving.profiles import profile
from runyard.sdk.v1.serving.webservices import deployed as deploy

if TYPE_CHECKING:
    from runyard.sdk.workspaces import Workspace

__all__ = ["deploy", "images", "package", "print_configuration", "profile", "webservices"]


def webservices(workspace: Workspace) -> Dict[str, Any]:
    """All web services of a workspace, by name."""
    return {service.name: service for service in Webservice.list(workspace)}


def images(workspace: Workspace) -> Dict[str, Any]:
    """The newest version of each image of a workspace, by name."""
    found: Dict[str, Any] = {}
    for image in Image.list(workspace):
        if image.name not in found or found[image.name].version < image.version:
            found[image.name] = image
    return found


def print_configuration(
    models: Any, inference_config: Any, deployment_config: Any, deployment_target: Any
) -> None:
    """Print what a deployment is made of.

    Args:
        models: Its models.
        inference_config: The script and what it needs.
        deployment_config: How it is to run.
        deployment_target: Where.
    """
    named = ", ".join(str(getattr(model, "id", model)) for model in models or ())
    print(f"Deploying models: {named or 'none'}")  # noqa: T201 - the v1 verb prints
    if inference_config is not None:
        print(f"Entry script: {inference_config.entry_script}")  # noqa: T201 - as above
    if deployment_target is not None:
        print(f"Deployment target: {deployment_target.name}")  # noqa: T201 - as above
    if deployment_config is not None:
        deployment_config.print_deploy_configuration()
