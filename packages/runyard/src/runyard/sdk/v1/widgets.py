"""`RunDetails(run).show()`: a plain card about a run.

In a terminal it is text about now: call it again for news, or follow the run with
`run.wait_for_completion(show_output=True)`. In a notebook it is HTML that a daemon thread renews
until the run has ended. Both return at once. Of a sweep it shows the trials, too, and which was
best (see `sweep_card`).
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from runyard.sdk.exceptions import AzureMLException, UserErrorException
from runyard.sdk.run_base import TERMINAL

if TYPE_CHECKING:
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.v1.sweep_card import SweepCard

Rows = List[Tuple[str, str]]

_SHOWN_VALUES = 3
_SECONDS = 2.0


class RunDetails:
    """A card about a run.

    Args:
        run_instance: The run.

    Raises:
        UserErrorException: It is no run.
    """

    def __init__(self, run_instance: Any) -> None:
        if not hasattr(run_instance, "_refresh") or not hasattr(run_instance, "get_metrics"):
            raise UserErrorException(
                f"RunDetails shows a run, such as experiment.submit gives, not "
                f"{type(run_instance).__name__}"
            )
        self.run = run_instance

    def show(self, render_lib: Any = None, widget_settings: Any = None) -> None:
        """Show the card and return at once.

        Args:
            render_lib: Without effect.
            widget_settings: Without effect.
        """
        del render_lib, widget_settings
        rows, card_of_sweep, ended = self._look()
        if not _in_notebook():
            text = _as_text(rows)
            if card_of_sweep is not None:
                text = f"{text}\n\n{card_of_sweep.text()}"
            print(text, flush=True)  # noqa: T201 - to show is what was asked for
            return
        from IPython.display import (  # type: ignore[import-not-found]  # only in notebooks
            HTML,
            display,
        )

        card = display(HTML(_page(rows, card_of_sweep)), display_id=True)
        # IPython gives none where no kernel shows it.
        if not ended and card is not None:
            # A daemon, so that a kernel can end while the run goes on.
            threading.Thread(target=self._renew, args=(card, HTML), daemon=True).start()

    def get_widget_data(self, widget_settings: Any = None) -> Dict[str, Any]:
        """Return what the card shows as a dict: `status`, `run_id`, `run_properties`, metrics.

        Args:
            widget_settings: Without effect.
        """
        del widget_settings
        return {
            "status": self.run.get_status(),
            "workbench_run_details_uri": self.run.get_portal_url(),
            "run_id": self.run.id,
            "run_properties": {
                "run_id": self.run.id,
                "run_number": self.run.number,
                "properties": self.run.get_properties(),
                "tags": self.run.get_tags(),
                "details": self.run.get_details(),
            },
            "child_runs": self._child_runs(),
            "run_metrics": self.run.get_metrics(),
            "loading": False,
        }

    def _child_runs(self) -> List[Dict[str, Any]]:
        found = _sweep_card(self.run, self.run._refresh())
        return [] if found is None else found.child_runs()

    def _look(self) -> Tuple[Rows, Optional[SweepCard], bool]:
        """Return what the card shows, of a sweep also its trials, and whether the run has ended."""
        record: RunRecord = self.run._refresh()
        sweep = _sweep_card(self.run, record)
        rows = [
            ("Run", record.id),
            ("Experiment", record.experiment),
            ("Target", record.target),
            ("Status", record.status if not record.reason else f"{record.status}: {record.reason}"),
            ("Started", record.started_at or "not yet"),
            ("Ended", record.ended_at or ""),
            ("Stages", ", ".join(f"{k} {v:.1f} s" for k, v in record.stage_seconds.items())),
        ]
        if sweep is None:
            logged = sorted(self.run.get_metrics().items())
            rows += [(name, _brief(value)) for name, value in logged]
        else:
            rows += sweep.rows()
        if record.error is not None:
            rows.append(("Error", record.error.message.partition("\n")[0]))
        rows.append(("Web View", self.run.get_portal_url()))
        return [row for row in rows if row[1]], sweep, record.status in TERMINAL

    def _renew(self, card: Any, html: Any) -> None:
        ended = False
        while not ended:
            time.sleep(_SECONDS)
            try:
                rows, sweep, ended = self._look()
            except AzureMLException:
                continue  # the service is away; the card goes on when it is back
            card.update(html(_page(rows, sweep)))

    def __repr__(self) -> str:
        return f"RunDetails({self.run!r})"


def _sweep_card(run: Any, record: RunRecord) -> Optional[SweepCard]:
    from runyard.protocol.runs import SCRIPT_RUN

    if record.run_type in (None, SCRIPT_RUN):
        return None
    from runyard.protocol.sweeps import RUN_TYPES
    from runyard.sdk.v1.sweep_card import SweepCard

    return SweepCard(run) if record.run_type in RUN_TYPES else None


def _page(rows: Rows, sweep: Optional[SweepCard]) -> str:
    return _as_html(rows) + ("" if sweep is None else sweep.html())


def _brief(value: Any) -> str:
    if not isinstance(value, list) or len(value) <= _SHOWN_VALUES:
        return str(value)
    last = ", ".join(str(item) for item in value[-_SHOWN_VALUES:])
    return f"… {last} ({len(value)} values)"


def _in_notebook() -> bool:
    """Whether a notebook kernel runs this process, without importing anything for it."""
    import sys

    return "ipykernel" in sys.modules and "IPython" in sys.modules


def _as_text(rows: Rows) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _as_html(rows: Rows) -> str:
    from html import escape

    cells = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td>{_cell(value)}</td></tr>"
        for name, value in rows
    )
    return f"<table>{cells}</table>"


def _cell(value: str) -> str:
    from html import escape

    text = escape(value)
    return f"<a href='{text}' target='_blank'>{text}</a>" if value.startswith("http") else text
