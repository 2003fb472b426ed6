"""Runs as people name them at a prompt; `client.run_names` says how."""

from collections.abc import Callable
from typing import TypeVar

from runyard.client.run_names import RunNames
from runyard.protocol.runs import RunRecord
from runyard_server.cli import humane
from runyard_server.cli.target import WorkspaceClient

Answer = TypeVar("Answer")


def with_run(client: WorkspaceClient, given: str, ask: Callable[[str], Answer]) -> Answer:
    """Ask something of the run that is meant.

    Args:
        client: The workspace.
        given: How the run is named.
        ask: What to ask, of a run's id.

    Returns:
        The answer.

    Raises:
        RunNotFound: Nothing is named so.
        InvalidRequest: Several are; the message lists them.
    """
    return RunNames(client, _described).ask(given, ask)


def _described(run: RunRecord) -> str:
    return f"{run.status}, {humane.age(run.created_at)} old"
