"""Packing a model in Runyard's own words: what `Endpoint.deploy` would serve becomes a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict

from runyard.sdk import endpoint_specs, model_packages

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.sdk.workspaces import Workspace


def pack(
    workspace: Workspace,
    name: str,
    to: Any,
    given: Dict[str, Any],
    told: Callable[[str], Any] = str,
) -> Path:
    """Write what would be served into a folder.

    Args:
        workspace: The workspace; local models and the script are sent there.
        name: What it is called.
        to: The folder; it is made. One that was written so before is written anew.
        given: Arguments of `Endpoint.deploy`: `model`, `script`, `source`, `environment` …
        told: Is called with what is waited for, when that changes.

    Returns:
        The folder.

    Raises:
        UserErrorException: Something makes no sense; all of it is named.
        WebserviceException: The environment cannot be made.
    """
    folder = model_packages.target(to)
    arguments, faults = endpoint_specs.read(given, access=False)
    endpoint_specs.check_name(name, faults)
    made = endpoint_specs.spec_of(workspace, name, arguments, faults)
    model_packages.check_definition(made.spec.environment)
    image = model_packages.begin(workspace.service, made.spec)
    lock = model_packages.wait(workspace.service, image, lambda record: told(record.reason))
    model_packages.write(workspace.service, folder, model_packages.Package(name, made.spec, lock))
    return folder
