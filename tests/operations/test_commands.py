"""Commands: what one node of a run has started on another, over the service."""

from collections.abc import Callable

import pytest

from runyard.protocol.errors import Forbidden, InvalidRequest, NotFound, WrongState
from runyard.protocol.files import FileEntry
from runyard.protocol.jobs import (
    CommandRecord,
    EndCommand,
    FinishReport,
    StartCommand,
    TakeCommands,
)
from runyard.protocol.routes import COMMANDS_TAKE
from runyard.protocol.runs import LauncherSpec, RunSpec, SubmitRun
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.core import tokens
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import jobs
from runyard_server.faces.native import access
from runyard_server.operations import commands, runs, snapshots
from runyard_server.store import job_nodes
from runyard_server.store import runs as rows
from runyard_server.store.job_nodes import JobNodeRow

W = "default"


@pytest.fixture
def gang(system: System, store_text: Callable[..., FileEntry]) -> str:
    """A run on two nodes."""
    snapshot = snapshots.create(system, W, body=CreateSnapshot([store_text("a.py", "1")])).id
    spec = RunSpec("exp", snapshot, "a.py", launcher=LauncherSpec("mpi"))
    run = runs.submit(system, W, body=SubmitRun(spec)).id

    def write(work: Work) -> None:
        row = rows.find(work.connection, W, run)
        assert row is not None
        names = ("two-1", "two-2")
        nodes = [JobNodeRow(row.key, n, 1, name, "starting") for n, name in enumerate(names)]
        job_nodes.add(work.connection, nodes)

    system.write(write)
    return run


def start(system: System, run: str, key: str = "k", command: str = "prted") -> CommandRecord:
    """Have a command started on the second node."""
    return commands.start(system, W, run, "1", StartCommand(command, key))


def test_a_command_goes_to_its_node_and_back(system: System, gang: str) -> None:
    """The node gets it, in order, and the asker learns how it ended."""
    first, second = start(system, gang), start(system, gang, "other", "ls")
    taken = commands.take(system, W, gang, "1", TakeCommands())
    assert taken.items == [first, second]
    assert commands.take(system, W, gang, "1", TakeCommands(first.number)).items == [second]
    assert commands.take(system, W, gang, "0", TakeCommands()).items == []
    assert commands.get(system, W, gang, "1", str(first.number)).exit_code is None
    commands.end(system, W, gang, "1", str(first.number), EndCommand(7))
    commands.end(system, W, gang, "1", str(first.number), EndCommand(0))
    assert commands.get(system, W, gang, "1", str(first.number)).exit_code == 7


def test_asking_again_starts_nothing_twice(system: System, gang: str) -> None:
    """The answer may get lost on the way, and is asked for with the same key."""
    assert start(system, gang) == start(system, gang)
    assert len(commands.take(system, W, gang, "1", TakeCommands()).items) == 1


def test_a_command_ends_with_its_node(system: System, gang: str) -> None:
    """Whoever waits for a node that is gone does not wait for ever."""
    number = str(start(system, gang).number)
    jobs.finish(system, W, gang, "1", FinishReport("failed"))
    ended = commands.get(system, W, gang, "1", number)
    assert (ended.exit_code, "two-2" in ended.message) == (255, True)
    with pytest.raises(WrongState):
        start(system, gang, "late")


def test_what_makes_no_sense_is_refused(system: System, gang: str) -> None:
    """Nodes and commands that are not there, empty and endless texts."""
    number = str(start(system, gang).number)
    with pytest.raises(InvalidRequest):
        start(system, gang, "empty", " ")
    with pytest.raises(InvalidRequest):
        start(system, gang, "", "ls")
    with pytest.raises(NotFound):
        commands.start(system, W, gang, "2", StartCommand("ls", "k"))
    with pytest.raises(NotFound):
        commands.get(system, W, gang, "0", number)


def test_another_run_neither_sends_nor_takes(system: System, gang: str) -> None:
    """A run's token reaches its own nodes only, for looking at commands too."""
    other = tokens.Caller(run="another")
    with pytest.raises(Forbidden):
        access.bound(system, COMMANDS_TAKE, other, {"workspace": W, "run": gang}, {})
