"""Saved views at the prompt: what `runyard runs list --view` asks for, in its own names."""

from collections.abc import Sequence
from typing import NamedTuple

from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard_server.cli import run_fields
from runyard_server.cli.target import WorkspaceClient
from runyard_server.cli.typed import Sort, Typed

# What a list shows under another name than searches have for it.
_SHOWN = {
    "created_at": "created",
    "started_at": "started",
    "ended_at": "ended",
    "duration": "time",
}


class Saved(NamedTuple):
    """A view, as a list asks for it.

    Args:
        conditions: Its filter.
        sort: Its order; None for the newest first.
        columns: Its columns, as far as a list can show them.
        children: Whether child runs are shown too.
    """

    conditions: Sequence[Typed] = ()
    sort: Sort | None = None
    columns: Sequence[str] = ()
    children: bool = False


NO_VIEW = Saved()


def read(client: WorkspaceClient, name: str) -> Saved:
    """Read a saved view.

    Args:
        client: The workspace.
        name: What the view is called.

    Raises:
        NotFound: There is none; the message names the nearest.
    """
    view = client.views.named(name)
    order = view.order_by[0] if view.order_by else None
    return Saved(
        [Typed(one, view.filter, "view") for one in filters.conditions(view.filter)],
        None if order is None else Sort(order, order, (0, len(order))),
        [shown for column in view.columns if (shown := _shown(column)) is not None],
        view.children,
    )


def _shown(column: str) -> str | None:
    """What a list calls a column; None for what it does not show."""
    name = column.removeprefix("attributes.")
    try:
        return run_fields.check_shown(_SHOWN.get(name, name))
    except InvalidRequest:
        return None
