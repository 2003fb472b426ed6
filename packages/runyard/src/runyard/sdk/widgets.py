"""`RunDetails(run).show()`: a card about a run.

In a terminal it is text about now: call it again for news, or follow the run with
`run.wait_for_completion(show_output=True)`. In a notebook it is HTML that is renewed until the run
has ended (see `runyard.sdk.notebook`). Both return at once. Of a sweep it shows the trials, too,
and which was best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.times import moment

if TYPE_CHECKING:
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.notebook.sweep_card import SweepCard

Rows = List[Tuple[str, str]]

_SHOWN_VALUES = 3


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
            render_lib: `anywidget` shows it by that library, where the notebook has it; the
                variable RUNYARD_WIDGET says the same for all cards.
            widget_settings: Without effect.
        """
        del widget_settings
        if not self._show_in_notebook(render_lib):
            print(self._text(), flush=True)  # noqa: T201 - to show is what was asked for

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

    def _show_in_notebook(self, render_lib: Any) -> bool:
        """Show it in the notebook, if this is one; returns whether it is shown."""
        from runyard.sdk.notebook import screen

        found = screen.here()
        if found is None:
            return False
        from runyard.sdk.notebook import cards

        return cards.show(self.run, found[1], self._brief_text, render_lib)

    @property
    def _brief_text(self) -> str:
        return f"RunDetails({self.run.id})"

    def _child_runs(self) -> List[Dict[str, Any]]:
        record: RunRecord = self.run._refresh()
        found = _sweep_card(self.run, record)
        if found is not None:
            return found.child_runs()
        # A script's run may have children too: it makes them itself, as an interactive one does.
        from runyard.protocol.runs import RunQuery

        with translated():
            children = self.run.service.runs.list(RunQuery(parent=record.id))
            return [_child(child) for child in children][::-1]

    def _text(self) -> str:
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
        text = _as_text([row for row in rows if row[1]])
        if sweep is None:
            return text + _steps_text(self.run, record)
        return f"{text}\n\n{sweep.text()}"

    def __repr__(self) -> str:
        return f"RunDetails({self.run!r})"


def _sweep_card(run: Any, record: RunRecord) -> Optional[SweepCard]:
    from runyard.protocol.runs import SCRIPT_RUN

    if record.run_type in (None, SCRIPT_RUN):
        return None
    from runyard.protocol.sweeps import RUN_TYPES
    from runyard.sdk.notebook.sweep_card import SweepCard

    if record.run_type not in RUN_TYPES:
        return None
    with translated():
        return SweepCard(run.service, run.id)


def _steps_text(run: Any, record: RunRecord) -> str:
    """The steps of a pipeline, a line each; nothing of another run."""
    if record.run_type != "azureml.PipelineRun":
        return ""
    with translated():
        nodes = run.service.pipelines.get(run.id).nodes
    lines = [
        f"{each.name}  {each.status}  {each.reason or each.reuse}".rstrip()
        for each in sorted(nodes, key=lambda each: (each.layer, each.place))
    ]
    return "\n\n" + "\n".join(lines)


def _child(record: RunRecord) -> Dict[str, Any]:
    """A run below another in the words of v1's widget."""
    return {
        "run_id": record.id,
        "name": record.name or record.id,
        "run_number": record.number,
        "run_type": record.run_type,
        "status": record.status,
        "created_time": record.created_at,
        "start_time": record.started_at or "",
        "end_time": record.ended_at or "",
        "duration": _seconds(record),
        **{f"param_{name}": value for name, value in record.params.items()},
    }


def _seconds(record: RunRecord) -> Optional[float]:
    """How long it took, None while it goes on."""
    if not record.started_at or not record.ended_at:
        return None
    return (moment(record.ended_at) - moment(record.started_at)).total_seconds()


def _brief(value: Any) -> str:
    if not isinstance(value, list) or len(value) <= _SHOWN_VALUES:
        return str(value)
    last = ", ".join(str(item) for item in value[-_SHOWN_VALUES:])
    return f"… {last} ({len(value)} values)"


def _as_text(rows: Rows) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
