"""Begins a sweep whose trials are runs: what v1's HyperDriveConfig and `runyard.Sweep` share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runyard.protocol.sweeps import CreateSweep
from runyard.sdk.exceptions import translated

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.runs import RunRecord, SubmitRun
    from runyard.sdk.submission import Submission


def begin(service: WorkspaceClient, given: Submission, order: SubmitRun) -> RunRecord:
    """Ask for a sweep.

    Args:
        service: What speaks to the workspace.
        given: What was submitted; it has a sweep.
        order: What each trial would be asked for with.

    Returns:
        The run that is the sweep.

    Raises:
        UserErrorException: The service refuses it; nothing was made.
    """
    assert given.sweep is not None
    body = CreateSweep(
        # The order has the snapshot, which was not taken yet when the sweep was described.
        spec=replace(given.sweep, base=order.spec),
        run_id=given.run_id,
        tags=order.tags,
        properties=order.properties,
        inherited=order.inherited,
        parent=order.parent,
    )
    with translated():
        return service.runs.get(service.sweeps.create(body).id)
