"""Changes of a web service that need no new replica, with the lines that v1 prints of them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, List, Mapping, Sequence, Union

from runyard.protocol.endpoints import ChangeEndpoint
from runyard.protocol.errors import NotFound
from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.model_orders import texts
from runyard.sdk.v1.serving import refusals

if TYPE_CHECKING:
    from runyard.sdk.v1.serving.shown import Shown

# An idle service is gone in a moment, one that is at work within seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


def change(service: Shown, **changes: Any) -> None:
    """Send a change, and keep the record that is the answer.

    Args:
        service: The service.
        changes: Fields of ChangeEndpoint.
    """
    with refusals.told():
        service._record = service.workspace.service.endpoints.change(
            service._endpoint_name, ChangeEndpoint(**changes)
        )


def add_tags(service: Shown, tags: Mapping[str, Any]) -> None:
    """Set tags, and print which ones were there."""
    wanted, there = texts(tags), service.tags
    for key in wanted:
        if key in there:
            _print(f"Replacing tag {key} -> {there[key]} with {key} -> {wanted[key]}")
    change(service, tags=wanted)
    _print("Webservice tag add operation complete.")


def remove_tags(service: Shown, tags: Union[str, Sequence[str]]) -> None:
    """Remove tags, and print which ones were not there."""
    names: List[str] = [tags] if isinstance(tags, str) else [str(tag) for tag in tags]
    there = service.tags
    for name in names:
        if name not in there:
            _print(f"Tag with key {name} not found.")
    gone = [name for name in names if name in there]
    if gone:
        change(service, removed_tags=gone)
    _print("Webservice tag remove operation complete.")


def add_properties(service: Shown, properties: Mapping[str, Any]) -> None:
    """Add properties.

    Raises:
        WebserviceException: One is there with another value.
    """
    change(service, properties=texts(properties))
    _print("Webservice add properties operation complete.")


def delete(service: Shown) -> None:
    """Delete a service, and wait until it is gone."""
    try:
        with refusals.told():
            service.workspace.service.endpoints.delete(service.name)
    except WebserviceException as error:
        if not isinstance(error.__cause__, NotFound):
            raise
        _print(f"No service with name {service.name} found to delete.")
        return
    # v1's object shows it before the service is gone.
    service._record = replace(service._record, state="Deleting")
    _wait_until_gone(service)


def _wait_until_gone(service: Shown) -> None:
    pause, created = _FIRST_PAUSE, service._record.created_at
    while True:
        try:
            with refusals.told():
                record = service.workspace.service.endpoints.get(service.name)
        except WebserviceException as error:
            if isinstance(error.__cause__, NotFound):
                return
            raise
        if record.created_at != created:  # another one of the name
            return
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _print(text: str) -> None:
    print(text)  # noqa: T201 - v1 users see these lines
