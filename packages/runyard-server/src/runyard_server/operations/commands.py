"""Commands: how one node of a run has a program started on another, in the place of ssh.

    start   the launch agent of mpirun, on the first node, asks
    take    the agent of the other node looks for what it is to start
    end     it tells how the program ended
    get     the launch agent waits for that

All of it lies in rows, so a restart of the service loses nothing. Only the run's own token opens
what changes or hands out commands, and a run reaches its own nodes only.
"""

from runyard.protocol.errors import InvalidRequest, NotFound, WrongState
from runyard.protocol.jobs import (
    CommandPage,
    CommandRecord,
    EndCommand,
    StartCommand,
    TakeCommands,
)
from runyard.protocol.route import Nothing
from runyard_server.core import lookups
from runyard_server.core.lookups import node_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import commands
from runyard_server.store.commands import CommandRow
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.runs import RunRow

LONGEST = 64 << 10
LONGEST_KEY = 200
# What ssh says when it could not do what it should.
NOT_DONE = 255


def start(system: System, workspace: str, run: str, node: str, body: StartCommand) -> CommandRecord:
    """Write a command down for a node's agent, once for each key.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        node: Number of the node within the run.
        body: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node.
        InvalidRequest: The command, or its key, is empty or too long.
        WrongState: The run, or its part on that node, is at its end.
    """
    if not body.command.strip() or len(body.command) > LONGEST:
        raise InvalidRequest(f"a command has 1 to {LONGEST} characters, not {len(body.command)}")
    if not 1 <= len(body.key) <= LONGEST_KEY:
        raise InvalidRequest(f"the key of a command has 1 to {LONGEST_KEY} characters")

    def write(work: Work) -> CommandRow:
        row, there = node_row(work, workspace, run, node)
        if not row.active or row.cancel_requested or there.finished_at is not None:
            raise WrongState(f"nothing is started on node {node} of run {run} any more")
        # mpirun's launch agent asks again where an answer was lost; its key keeps that from
        # starting two.
        return commands.add(
            work.connection, row.key, there.node, there.attempt, body.key, body.command
        )

    return _record(system.write(write))


def take(system: System, workspace: str, run: str, node: str, body: TakeCommands) -> CommandPage:
    """The commands for a node that it has not seen.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        node: Number of the node within the run.
        body: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node.
    """

    def read(work: Work) -> list[CommandRow]:
        row, there = node_row(work, workspace, run, node)
        return commands.newer(work.connection, row.key, there.node, there.attempt, body.after)

    return CommandPage([_record(row) for row in system.read(read)])


def get(system: System, workspace: str, run: str, node: str, command: str) -> CommandRecord:
    """A command; where its node is at its end, it is at its end too.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        node: Number of the node within the run.
        command: Number of the command.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node, or the node no such command.
    """

    def read(work: Work) -> CommandRecord:
        row, there = node_row(work, workspace, run, node)
        found = _command(work, row, there, command)
        # An agent that is gone tells no end, and who waits for one must not do so for ever.
        over = not row.active or there.finished_at is not None or there.attempt != found.attempt
        if found.exit_code is None and over:
            text = f"node {there.node} ({there.node_id}) has ended"
            return CommandRecord(found.number, found.command, NOT_DONE, text)
        return _record(found)

    return system.read(read)


def end(
    system: System, workspace: str, run: str, node: str, command: str, body: EndCommand
) -> Nothing:
    """Take note of how a command ended.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        node: Number of the node within the run.
        command: Number of the command.
        body: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node, or the node no such command.
    """

    def write(work: Work) -> None:
        row, there = node_row(work, workspace, run, node)
        found = _command(work, row, there, command)
        # An agent that tells it again, after a lost answer, changes nothing.
        if found.exit_code is None:
            commands.end(work.connection, row.key, found.number, body.exit_code)

    system.write(write)
    return Nothing()


def _command(work: Work, row: RunRow, node: JobNodeRow, number: str) -> CommandRow:
    found = commands.find(work.connection, row.key, lookups.number(number))
    if found is None or found.node != node.node:
        raise NotFound(f"node {node.node} of run {row.id} has no command {number[:20]!r}")
    return found


def _record(row: CommandRow) -> CommandRecord:
    return CommandRecord(row.number, row.command, row.exit_code)
