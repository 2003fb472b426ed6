"""RunDetails shows what is known and returns at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.v1.telemetry import set_diagnostics_collection
from runyard.sdk.v1.widgets import RunDetails, _as_html


class FakeRun:
    """A run that has logged something."""

    id = "tf-mnist_1_aa"
    number = 3
    experiment = SimpleNamespace(name="tf-mnist")

    def get_status(self) -> str:
        return "Failed"

    def get_details(self) -> dict[str, Any]:
        return {
            "target": "gpucluster",
            "startTimeUtc": "2026-01-01T00:00:00Z",
            "error": {"error": {"message": "User program failed with <x>\nmore"}},
        }

    def get_metrics(self) -> dict[str, Any]:
        return {"acc": [0.1, 0.2, 0.3, 0.4], "final": 0.5}

    def get_portal_url(self) -> str:
        return "http://127.0.0.1:1/runs/x"

    def get_properties(self) -> dict[str, str]:
        return {}

    get_tags = get_properties


def test_card_in_a_terminal(capsys):
    """Status, metrics so far, the error's first line and where to look."""
    RunDetails(FakeRun()).show()
    out = capsys.readouterr().out
    assert "Failed" in out
    assert "… 0.2, 0.3, 0.4 (4 values)" in out
    assert "User program failed with <x>\n" in out
    assert "http://127.0.0.1:1/runs/x" in out


def test_card_in_a_notebook_is_escaped():
    """What a run says cannot become part of the page."""
    text = _as_html([("Error", "<script>"), ("Web View", "http://x")])
    assert "<script>" not in text
    assert "href='http://x'" in text


def test_widget_data_has_the_run():
    """Programs read the card's content from it."""
    data = RunDetails(FakeRun()).get_widget_data()
    assert (data["status"], data["run_metrics"]["final"]) == ("Failed", 0.5)


def test_only_runs_are_shown():
    """Anything else is refused with a word."""
    with pytest.raises(UserErrorException, match="RunDetails shows a run"):
        RunDetails("run")


def test_diagnostics_are_nothing(capsys):
    """The one documented no-op: silent, whatever it is told."""
    assert set_diagnostics_collection(send_diagnostics=True) is None
    assert capsys.readouterr() == ("", "")
