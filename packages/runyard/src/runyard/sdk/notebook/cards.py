"""Cards of runs and experiments: followed, or once at the end of a cell."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Optional

from runyard.protocol.errors import RunyardError
from runyard.protocol.runs import RunQuery
from runyard.sdk.exceptions import translated
from runyard.sdk.notebook import html, page
from runyard.sdk.notebook.board import board
from runyard.sdk.notebook.facts import Facts
from runyard.sdk.notebook.live import LiveCard

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.sdk.notebook.screen import Screen
    from runyard.sdk.run_base import RunBase

ANYWIDGET = "anywidget"
WIDGET_VARIABLE = "RUNYARD_WIDGET"
_RUNS = 10


def show(run: RunBase, screen: Screen, text: str, render_lib: Any = None) -> bool:
    """Show a run's card and follow the run.

    Args:
        run: The run.
        screen: Where it is shown.
        text: What front ends show that know no HTML.
        render_lib: `anywidget`, or anything else for HTML.

    Returns:
        Whether there is a display.

    Raises:
        AzureMLException: The service refused, or cannot be reached.
    """
    facts = _read(run)
    if wants_widget(render_lib) and not facts.ended:
        from runyard.sdk.notebook.widget import WidgetCard

        card: LiveCard = WidgetCard(facts, screen, text)
    else:
        card = LiveCard(facts, screen, text)
    board.drop_earlier(screen.cell)
    if not card.show():
        return False
    if not card.facts.ended:
        board.add(card)
    return True


def once(run: RunBase) -> Optional[str]:
    """The card of a run as it is now; None when the service cannot be asked."""
    facts = Facts(run.service, run.id, run.get_portal_url())
    try:
        facts.read()
    except (RunyardError, OSError):
        return None
    return page.card(facts)


def of_experiment(
    service: WorkspaceClient, name: str, workspace: str, address: str
) -> Optional[str]:
    """The card of an experiment: its last runs; None when the service cannot be asked.

    Args:
        service: The workspace.
        name: The experiment.
        workspace: The workspace's name.
        address: The experiment's page.
    """
    query = RunQuery(experiment=name, metrics=True)
    try:
        runs = list(service.runs.list(query, limit=_RUNS))
    except (RunyardError, OSError):
        return None
    now = time.time()
    rows = [
        [one.number, one.name or one.id, one.status, page.elapsed(one, now), _metrics(one.metrics)]
        for one in runs
    ]
    parts = [
        page.head("", name, ["experiment", workspace]),
        html.table(["#", "Run", "Status", "Took", "Metrics"], rows),
        html.note("" if runs else "It has no runs yet."),
        f"<div>{html.link(address, 'Open in the studio')}</div>",
    ]
    return page.framed(parts)


def _read(run: RunBase) -> Facts:
    facts = Facts(run.service, run.id, run.get_portal_url())
    with translated():
        facts.read()
    return facts


def _metrics(values: Any) -> str:
    shown = list((values or {}).items())[:3]
    return ", ".join(f"{name} {value:.5g}" for name, value in shown)


def wants_widget(render_lib: Any) -> bool:
    """Whether a card is to be shown by anywidget."""
    return (render_lib or os.environ.get(WIDGET_VARIABLE)) == ANYWIDGET
