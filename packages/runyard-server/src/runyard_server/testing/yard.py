"""A scheduler in a temporary home, with environments and agents that are moved by hand.

A test submits, then speaks as the agents would: `report`, `finish`, or ends one in the engine.
"""

import hashlib
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runyard.protocol.compute import CreateCompute
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.events import EventQuery
from runyard.protocol.files import FileEntry
from runyard.protocol.jobs import AgentReply, AgentReport, FinishReport, TaskReport
from runyard.protocol.runs import QUEUED, RUNNING, RunRecord, RunSpec, SubmitRun
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.app import reconcilers
from runyard_server.core.clock import Clock
from runyard_server.core.notices import Notices, run_topic
from runyard_server.core.settings import Settings
from runyard_server.core.system import System
from runyard_server.execution import jobs
from runyard_server.operations import compute, events, runs, snapshots, workspaces
from runyard_server.scheduler.loop import Loop
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home
from runyard_server.store.logs import LogStore
from runyard_server.store.records import Records
from runyard_server.testing.databases import url_of
from runyard_server.testing.fake_backend import Engine
from runyard_server.testing.fake_environments import FakeEnvironments
from runyard_server.testing.parts import URL, fake_sites

W = "default"
# Against hanging alone: on a machine with much else to do a second of work takes many.
PATIENCE = 60.0


class OffsetClock(Clock):
    """The machine's clock, moved on by as much as a test likes."""

    def __init__(self) -> None:
        self.ahead = 0
        self._stands: int | None = None

    def now_us(self) -> int:
        """The time, moved on."""
        now = super().now_us() if self._stands is None else self._stands
        return now + self.ahead

    def stop(self) -> None:
        """Go on by `sleep` alone: how long a test takes on a busy machine counts no more."""
        self._stands = super().now_us()

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.ahead += int(seconds * 1_000_000)


class Yard:
    """The service's parts with a scheduler, and the words of a test.

    Args:
        folder: Its home.
    """

    def __init__(self, folder: Path) -> None:
        home = Home(folder)
        home.create()
        self.clock = OffsetClock()
        self.environments = FakeEnvironments()
        self.engine = Engine()
        self.system = System(
            home=home,
            records=Records(url_of(home)),
            blobs=FolderBlobs(home.blobs),
            logs=LogStore(home.run_logs),
            notices=Notices(),
            clock=self.clock,
            secret=home.secret(),
            settings=Settings(),
            url=lambda: URL,
            sites=fake_sites(home, self.engine, self.environments),
        )
        workspaces.ensure_default(self.system)
        self.scheduler = self.new_scheduler()

    def new_scheduler(self) -> Loop:
        """Make a scheduler as another process would; it is not started."""
        return reconcilers.scheduler(self.system, self.environments)

    def restart(self) -> None:
        """Another process takes the home over: nothing but the database and the engine stays."""
        self.scheduler.stop()
        self.scheduler = self.new_scheduler()
        self.scheduler.start()

    def close(self) -> None:
        """End everything."""
        # A build that waits would keep the scheduler from ending.
        self.environments.go.set()
        self.scheduler.stop()
        self.system.records.close()

    def cluster(self, name: str = "cluster", nodes: int = 2, **more: Any) -> None:
        """Create a cluster."""
        body = CreateCompute(name, "STANDARD_D2_V2", max_nodes=nodes, **more)
        compute.create(self.system, W, body=body)

    def submit(
        self,
        target: str = "local",
        *,
        pip: str = "",
        submitted_from: str | None = None,
        parent: str | None = None,
        **more: Any,
    ) -> str:
        """Submit a script; `more` are fields of RunSpec. Give the run's id.

        Args:
            target: Name of the compute target.
            pip: A package that its environment has.
            submitted_from: Id of the run whose job submits it.
            parent: Id of the run that it is a child of.
            **more: More fields of it.
        """
        data = b"print(1)"
        digest = hashlib.sha256(data).hexdigest()
        self.system.blobs.write(digest, io.BytesIO(data))
        entry = FileEntry("train.py", digest, len(data))
        snapshot = snapshots.create(self.system, W, body=CreateSnapshot([entry])).id
        definition = EnvironmentDefinition(pip=[pip] if pip else [])
        given: dict[str, Any] = {"target": target, "environment": definition, **more}
        spec = RunSpec("exp", snapshot, "train.py", **given)
        made_by: dict[str, Any] = {"submitted_from": submitted_from, "parent": parent}
        body = SubmitRun(spec, inherited={"A": "B"}, **made_by)
        return runs.submit(self.system, W, body=body).id

    def queue(self, target: str = "local", **more: Any) -> str:
        """Submit, and wait until the run is in the queue: what is prepared at once overtakes.

        Args:
            target: Name of the compute target.
            **more: More of `submit`.
        """
        run = self.submit(target, **more)
        self.when(run, lambda record: record.status in (QUEUED, RUNNING))
        return run

    def get(self, run: str) -> RunRecord:
        """Find a run."""
        return runs.get(self.system, W, run)

    def statuses(self, run: str) -> list[str]:
        """The statuses the run has gone through."""
        items = events.list_(self.system, W, run, EventQuery()).items
        return [e.status for e in items if e.status is not None]

    def messages(self, run: str) -> list[str]:
        """The messages of the run's events."""
        return [e.message for e in events.list_(self.system, W, run, EventQuery()).items]

    def until(self, run: str, *statuses: str) -> RunRecord:
        """Wait until the run has one of the statuses."""
        return self.when(run, lambda record: record.status in statuses)

    def when(self, run: str, condition: Callable[[RunRecord], bool]) -> RunRecord:
        """Wait until something holds of the run."""
        end = time.monotonic() + PATIENCE
        while True:
            # Before the look: what happens after it then ends the wait.
            mark = self.system.notices.mark()
            record = self.get(run)
            if condition(record):
                return record
            assert time.monotonic() < end, record
            self.system.notices.wait([run_topic(W, run)], 0.2, mark)

    def handle(self, run: str, purpose: str = "job", node: int = 0) -> str:
        """Wait until the run has an agent on a node; give its handle.

        Args:
            run: Id of the run.
            purpose: `job` or `salvage`.
            node: Number of the node within the run.
        """
        handle = f"{run}/{node}/1/{purpose}"
        until(lambda: handle in self.engine.agents)
        return handle

    def report(
        self,
        run: str,
        state: str = "running",
        node: int = 0,
        tasks: list[TaskReport] | None = None,
    ) -> AgentReply:
        """Speak as the agent of a node.

        Args:
            run: Id of the run.
            state: The state.
            node: Number of the node within the run.
            tasks: The state of each process: fields of TaskReport.
        """
        self.handle(run, node=node)
        body = AgentReport(state, pid=1, host="h", tasks=tasks)
        return jobs.report(self.system, W, run, str(node), body=body)

    def finish(self, run: str, outcome: str = "completed", node: int = 0, **more: Any) -> None:
        """Speak as the agent of a node for the last time, and end it.

        Args:
            run: Id of the run.
            outcome: How it ended.
            node: Number of the node within the run.
            **more: More fields of it.
        """
        body = FinishReport(outcome, **more)
        jobs.finish(self.system, W, run, str(node), body=body)
        # Whichever of the two spoke: a test need not say which agent the node has.
        for purpose in ("job", "salvage"):
            handle = f"{run}/{node}/1/{purpose}"
            if handle in self.engine.agents:
                self.engine.end(handle, 0)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)
