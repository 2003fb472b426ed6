"""`RunDetails(run).show()`: a plain card about a run.

In a terminal it is text, in a notebook HTML. It shows what is known now and returns at once; call
it again for news, or follow the run with `run.wait_for_completion(show_output=True)`.
"""

from typing import Any, Dict, List, Tuple

from runyard.sdk.exceptions import UserErrorException

_SHOWN_VALUES = 3


class RunDetails:
    """A card about a run.

    Args:
        run_instance: The run.

    Raises:
        UserErrorException: It is no run.
    """

    def __init__(self, run_instance: Any) -> None:
        if not hasattr(run_instance, "get_status") or not hasattr(run_instance, "get_metrics"):
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
        rows = self._rows()
        if _in_notebook():
            from IPython.display import (  # type: ignore[import-not-found]  # only in notebooks
                HTML,
                display,
            )

            display(HTML(_as_html(rows)))
        else:
            print(_as_text(rows), flush=True)  # noqa: T201 - to show is what was asked for

    def get_widget_data(self, widget_settings: Any = None) -> Dict[str, Any]:
        """Give what the card shows as a dict: `status`, `run_id`, `run_properties`, metrics.

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
            "child_runs": [],
            "run_metrics": self.run.get_metrics(),
            "loading": False,
        }

    def _rows(self) -> List[Tuple[str, str]]:
        status = self.run.get_status()
        details = self.run.get_details()
        rows = [
            ("Run", str(self.run.id)),
            ("Experiment", str(self.run.experiment.name)),
            ("Target", str(details.get("target", ""))),
            ("Status", status),
            ("Started", details.get("startTimeUtc") or "not yet"),
        ]
        if details.get("endTimeUtc"):
            rows.append(("Ended", details["endTimeUtc"]))
        rows += [(name, _brief(value)) for name, value in sorted(self.run.get_metrics().items())]
        error = (details.get("error") or {}).get("error") or {}
        if error.get("message"):
            rows.append(("Error", str(error["message"]).splitlines()[0]))
        return [*rows, ("Web View", self.run.get_portal_url())]

    def __repr__(self) -> str:
        return f"RunDetails({self.run!r})"


def _brief(value: Any) -> str:
    if not isinstance(value, list) or len(value) <= _SHOWN_VALUES:
        return str(value)
    last = ", ".join(str(item) for item in value[-_SHOWN_VALUES:])
    return f"… {last} ({len(value)} values)"


def _in_notebook() -> bool:
    """Say whether a notebook kernel runs this process, without importing anything for it."""
    import sys

    return "ipykernel" in sys.modules and "IPython" in sys.modules


def _as_text(rows: List[Tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _as_html(rows: List[Tuple[str, str]]) -> str:
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
