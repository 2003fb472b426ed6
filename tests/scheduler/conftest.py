"""A running scheduler whose agents and environments are moved by hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol import timeouts
from runyard.protocol.endpoints import (
    CreateEndpoint,
    DeploymentSpec,
    EndpointQuery,
    EndpointRecord,
)
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import NotFound
from runyard.protocol.feed import FeedQuery
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.core.lifecycle import append_events, moved
from runyard_server.core.work import Work
from runyard_server.execution.serving import advance
from runyard_server.operations import endpoints, feed, snapshots
from runyard_server.store import runs as run_rows
from runyard_server.store.subjects import ENDPOINT, Subject
from runyard_server.testing.fake_gateway import FakeGateway
from runyard_server.testing.parts import store_text
from runyard_server.testing.yard import W, Yard, until


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """A running scheduler; environments without packages are quick to make."""
    # Here a break is a busy machine: after one that had slept every agent would have its time anew,
    # and what a test says has been silent for long would not be given up.
    monkeypatch.setattr(timeouts, "STALL_SECONDS", 3600.0)
    # What a look at the world outside finds, most of these tests wait for: a second each time.
    monkeypatch.setattr(timeouts, "TICK_SECONDS", 0.1)
    made = Yard(tmp_path / "home")
    made.scheduler.start()
    yield made
    made.close()


class Serving:
    """A yard with a fake gateway, and the words of these tests."""

    def __init__(self, yard: Yard, *, eager: bool = False) -> None:
        self.yard = yard
        self.gateway = FakeGateway(yard.system.home.root, eager=eager)

    def all(self) -> list[EndpointRecord]:
        return endpoints.list_(self.yard.system, W, EndpointQuery()).items

    def run(self, run: str) -> None:
        """Have a replica's agent be at work, though no scheduler looks after runs."""

        def write(work: Work) -> None:
            row = run_rows.find(work.connection, W, run)
            if row is not None and row.status == "Starting":
                append_events(work, row, [moved("Preparing"), moved("Queued"), moved("Running")])

        self.yard.system.write(write)

    def spec(self, text: str = "def run(x): return x", **more: Any) -> DeploymentSpec:
        entry = store_text(self.yard.system, "score.py", text)
        snapshot = snapshots.create(self.yard.system, W, CreateSnapshot([entry])).id
        environment = EnvironmentDefinition(user_managed=True, interpreter="/usr/bin/python3")
        given: dict[str, Any] = {"entry_script": "score.py", "environment": environment, **more}
        return DeploymentSpec(snapshot=snapshot, **given)

    def create(self, name: str = "iris", **more: Any) -> EndpointRecord:
        given = {"spec": self.spec(), **more}
        return endpoints.create(self.yard.system, W, CreateEndpoint(name, **given))

    def get(self, name: str = "iris") -> EndpointRecord:
        return endpoints.get(self.yard.system, W, name)

    def replicas(self, name: str = "iris", count: int = 1, deployment: str = "main") -> list[str]:
        until(lambda: len(self.gateway.replicas_of(name, deployment)) == count)
        return self.gateway.replicas_of(name, deployment)

    def is_there(self, name: str) -> bool:
        try:
            self.get(name)
        except NotFound:
            return False
        return True

    def told(self) -> list[str]:
        found = feed.list_(self.yard.system, W, FeedQuery(subject_kind="endpoint"))
        return [event.kind for event in found.items if event.kind != "status"]

    def serve(self, name: str = "iris", **more: Any) -> str:
        """Make an endpoint with one replica that answers; give the replica."""
        self.create(name, **more)
        (run,) = self.replicas(name)
        self.yard.report(run)
        self.gateway.ready(run)
        self.until_done(name)
        return run

    def look_again(self, name: str = "iris") -> None:
        """Have all steps be taken that are to be taken of an endpoint now."""
        advance(self.yard.system, Subject(ENDPOINT, W, name))

    def until_done(self, name: str = "iris") -> None:
        """Wait until what was asked of it last has ended."""
        until(lambda: is_over(self.get(name)))


def is_over(record: EndpointRecord) -> bool:
    """Whether what was asked of an endpoint last has ended."""
    return record.operation is not None and record.operation.state != "Running"


@pytest.fixture
def serving(yard: Yard) -> Iterator[Serving]:
    made = Serving(yard)
    yield made
    # First who would start another one.
    yard.scheduler.stop()
    made.gateway.close()
