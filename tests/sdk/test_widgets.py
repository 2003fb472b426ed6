"""RunDetails shows what is known and returns at once."""

from __future__ import annotations

from typing import Any

import pytest

from runyard.protocol.runs import RunError, RunRecord
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.v1.telemetry import set_diagnostics_collection
from runyard.sdk.widgets import RunDetails


class FakeRun:
    """A run that has logged something."""

    id = "tf-mnist_1_aa"
    number = 3

    def __init__(self, status: str = "Failed") -> None:
        self.status = status

    def _refresh(self) -> RunRecord:
        return RunRecord(
            id=self.id,
            workspace="w",
            experiment="tf-mnist",
            number=3,
            status=self.status,
            target="gpucluster",
            created_at="2026-01-01T00:00:00Z",
            reason="waiting for 2 nodes" if self.status == "Queued" else None,
            stage_seconds={"Preparing": 1.25},
            error=RunError("UserError", "User program failed with <x>\nmore"),
        )

    def get_status(self) -> str:
        return self.status

    def get_details(self) -> dict[str, Any]:
        return {"status": self.status}

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
    assert "Preparing 1.2 s" in out
    assert "… 0.2, 0.3, 0.4 (4 values)" in out
    assert "User program failed with <x>\n" in out
    assert "http://127.0.0.1:1/runs/x" in out


def test_widget_data_has_the_run_and_those_below_it(experiment):
    """Programs read the card's content from it, and follow the runs that a run has made."""
    run = experiment.start_logging(snapshot_directory=None)
    children = [run.child_run(name=f"fold {number}") for number in range(2)]
    children[0].log_parameter("rate", 0.5)
    children[0].complete()
    run.log("final", 0.5)
    data = RunDetails(run).get_widget_data()
    assert (data["status"], data["run_metrics"]["final"]) == ("Running", 0.5)
    first, second = data["child_runs"]
    assert (first["run_id"], first["name"]) == (children[0].id, "fold 0")
    assert (first["status"], first["param_rate"]) == ("Completed", "0.5")
    assert first["duration"] >= 0
    assert (second["status"], second["duration"]) == ("Running", None)
    run.complete()


def test_only_runs_are_shown():
    """Anything else is refused with a word."""
    with pytest.raises(UserErrorException, match="RunDetails shows a run"):
        RunDetails("run")


def test_diagnostics_are_nothing(capsys):
    """The one documented no-op: silent, whatever it is told."""
    assert set_diagnostics_collection(send_diagnostics=True) is None
    assert capsys.readouterr() == ("", "")


def test_waiting_runs_say_why(capsys):
    """A queued run names what it waits for."""
    RunDetails(FakeRun("Queued")).show()
    assert "Queued: waiting for 2 nodes" in capsys.readouterr().out
