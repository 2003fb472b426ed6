"""Runs as people name them at a prompt; `client.run_names` says how."""

from collections.abc import Callable
from typing import TypeVar

from runyard.client.run_names import RunNames
from runyard.protocol.runs import REUSED_RUN, RunRecord
from runyard_server.cli import humane, output
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


def with_maker(client: WorkspaceClient, given: str, ask: Callable[[str], Answer]) -> Answer:
    """Ask for metrics, logs or files of the run that is meant, and say so where another has them.

    A step that was reused has none of its own: they are those of the run that made them.

    Args:
        client: The workspace.
        given: How the run is named.
        ask: What to ask, of a run's id.

    Returns:
        The answer.

    Raises:
        RunNotFound: Nothing is named so, or the run that made them is gone.
        InvalidRequest: Several are; the message lists them.
    """
    run = with_run(client, given, client.runs.get)
    other = run.properties.get(REUSED_RUN)
    if other is not None:
        output.note(f"{run.id} was reused; this is of the run that made it, {other}")
    return ask(other or run.id)


def _described(run: RunRecord) -> str:
    return f"{run.status}, {humane.age(run.created_at)} old"
