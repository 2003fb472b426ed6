"""The environment with which a run was submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from runyard.sdk.environments import Environment
    from runyard.sdk.run_base import RunBase


def of(run: RunBase, spec: Any) -> Environment:
    """Make the environment of a submitted run.

    Raises:
        UserErrorException: It is an interactive run, which has none.
    """
    from runyard.sdk.definitions import fill
    from runyard.sdk.environments import Environment

    if spec is None:
        raise UserErrorException(f"run {run.id} is interactive: it has no environment of its own")
    document = spec.definition.get("environment") or {}
    made = Environment(document.get("name") or spec.environment.name or "environment")
    if document:
        fill(made, document)
    return made
