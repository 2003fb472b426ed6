"""What watches a service: figures as Prometheus's own parser reads them, and readiness."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.runs import FailRun, StartRun
from runyard_server.core import tokens
from runyard_server.core.figures import BUILT, FOUND
from runyard_server.core.lifecycle import append_events, moved
from runyard_server.core.lookups import run_row
from runyard_server.core.settings import Settings
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.new_runs import Named, add, new_row
from runyard_server.faces import limits
from runyard_server.faces.application import create_app
from runyard_server.faces.monitoring import face
from runyard_server.faces.monitoring.face import MonitoringFace
from runyard_server.faces.native.face import NativeFace
from runyard_server.operations import metrics, runs, watching
from runyard_server.operations.experiments import ensured
from runyard_server.testing import asking, parts
from runyard_server.testing.asking import Answer
from runyard_server.testing.clocks import TickingClock

W = "default"
Figures = dict[str, dict[tuple[str, ...], float]]


class Watched:
    """A service that is asked without a network."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.token = tokens.user_token(system.secret)
        bounds = limits.of(Settings(), 1024)
        self.app, _ = create_app(system, bounds, [NativeFace(), MonitoringFace()])

    def ask(self, path: str, token: str = "", method: str = "GET") -> Answer:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return asking.ask(self.app, method, path, headers=headers)

    def figures(self) -> Figures:
        """The value of each sample, by its name and the values of its labels."""
        answer = self.ask("/metrics", self.token)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        found: Figures = {}
        for family in text_string_to_metric_families(answer.body.decode()):
            for sample in family.samples:
                found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
        return found


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A service whose clock moves by itself."""
    with parts.parts(tmp_path / "home", TickingClock()) as system:
        yield Watched(system)


def queued(system: System) -> str:
    """A job that waits in a queue."""
    row = replace(new_row(W, "job", "e", status="Starting", target="local"), active=True)

    def write(work: Work) -> None:
        made = add(work, row, ensured(work, W, "e"), "{}", Named({}, {}, {}))
        append_events(work, made, [moved("Preparing"), moved("Queued")])

    system.write(write)
    return row.id


def test_figures_tell_what_goes_on(watched: Watched) -> None:
    """Prometheus reads runs by state, their ends, requests and delays, each counted once."""
    system = watched.system
    first, second = (runs.start(system, W, body=StartRun("e")).id for _ in range(2))
    for _ in range(2):
        runs.fail(system, W, first, body=FailRun("no"))
    logged = system.clock.now_us() - 3_000_000
    line = json.dumps({"n": "loss", "k": "scalar", "v": 1, "t": logged}).encode()
    metrics.append(system, W, second, "w", query=SpoolQuery(), body=io.BytesIO(line + b"\n"))
    system.figures.environment(FOUND)
    system.figures.environment(BUILT, 2)
    for run in (first, first, "none"):
        watched.ask(f"/api/v1/workspaces/{W}/runs/{run}", watched.token)
    found = watched.figures()
    assert (found["runyard_runs"][W, "Running"], found["runyard_runs"][W, "Queued"]) == (1, 0)
    assert found["runyard_runs_ended_total"] == {(W, "Failed"): 1}
    assert found["runyard_environments_total"] == {("found",): 1, ("built",): 2}
    asked = found["runyard_http_requests_total"]
    assert (asked["runs.get", "200"], asked["runs.get", "404"]) == (2, 1)
    assert found["runyard_http_request_seconds_count"]["runs.get",] == 3
    assert found["runyard_log_lag_seconds_count"] == {(): 1}
    assert 3 < found["runyard_log_lag_seconds_sum"][()] < 30
    assert found["process_resident_memory_bytes"][()] > 1 << 20
    assert found["runyard_disk_free_bytes"][()] > 0


def test_a_queue_is_told_while_it_waits(watched: Watched) -> None:
    """An alert comes before the job that waits has ended, and its wait is counted at the end."""
    assert watched.figures()["runyard_run_queue_oldest_seconds"] == {(): 0}
    run = queued(watched.system)
    found = watched.figures()
    assert found["runyard_runs"][W, "Queued"] == 1
    assert found["runyard_run_queue_oldest_seconds"][()] > 0
    watched.system.write(
        lambda work: append_events(work, run_row(work, W, run), [moved("Running"), moved("Failed")])
    )
    found = watched.figures()
    assert found["runyard_run_queue_oldest_seconds"] == {(): 0}
    assert found["runyard_run_queue_seconds_count"] == {(): 1}
    assert found["runyard_run_queue_seconds_sum"][()] > 0


def test_figures_are_for_the_service_s_token(watched: Watched) -> None:
    """They name workspaces and tell how busy people are: no stranger's business, and no job's."""
    run = runs.start(watched.system, W, body=StartRun("e")).id
    of_run = tokens.run_token(watched.system.secret, W, run)
    for token, status in (("", 401), ("wrong", 401), (of_run, 401), (watched.token, 200)):
        answer = watched.ask("/metrics", token)
        assert (answer.status, b"runyard_runs" in answer.body) == (status, status == 200)
    assert watched.ask("/metrics", watched.token, "POST").status == 405


def test_anybody_may_ask_whether_it_is_ready(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A balancer without a token learns yes or no; why not is told to who has one."""
    monkeypatch.setattr(face, "_KEPT_SECONDS", 0.0)
    for path in ("/healthz", "/readyz"):
        assert (watched.ask(path).status, watched.ask(path, "wrong").status) == (200, 401)
    monkeypatch.setattr(watching, "PLENTY_BYTES", 1 << 62)
    monkeypatch.setattr(watching, "_TURN_SECONDS", -1.0)
    watched.system.figures.turned()
    watched.system.records.close()
    answer = watched.ask("/readyz")
    assert (answer.status, answer.body) == (503, b"not ready\n")
    told = watched.ask("/readyz", watched.token)
    assert told.status == 503
    reasons = told.body.decode().splitlines()
    wanted = ("the database does not answer", "bytes are free", "the scheduler has not gone round")
    assert all(text in reason for text, reason in zip(wanted, reasons, strict=True))
    assert watched.ask("/healthz").status == 200


def test_strangers_cannot_keep_the_database_busy(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many who ask within a second whether it is ready, one has it looked."""
    # A busy machine may need longer than that second between the two.
    monkeypatch.setattr(face, "_KEPT_SECONDS", 60.0)
    assert watched.ask("/readyz").status == 200
    watched.system.records.close()
    assert watched.ask("/readyz").status == 200


def test_nobody_is_told_ready_before_the_first_look(watched: Watched) -> None:
    """A balancer that asks twice at the start sends nobody to a service whose database is away."""
    watched.system.records.close()
    answers = asking.ask_at_once(watched.app, "/readyz", 3)
    assert [one.status for one in answers] == [503, 503, 503]
