"""TensorBoards of runs in the studio, and the environment that they run in."""

import time

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.tensorboard import (
    MOST_RUNS_OF_BOARD,
    BoardList,
    BoardRecord,
    StartBoard,
    TensorboardProgram,
)
from runyard_server.core import lookups
from runyard_server.core.clock import iso
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.environments.boards import Board


def start(system: System, workspace: str, body: StartBoard) -> BoardRecord:
    """Start a board; one that shows the same runs goes on.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: The runs.

    Raises:
        RunNotFound: No such run.
        InvalidRequest: No runs, or more than a board shows.
    """
    runs = list(dict.fromkeys(body.runs))
    if not 0 < len(runs) <= MOST_RUNS_OF_BOARD:
        raise InvalidRequest(f"a TensorBoard shows 1 to {MOST_RUNS_OF_BOARD} runs, not {len(runs)}")

    def look(work: Work) -> None:
        for run in runs:
            lookups.run_key(work, workspace, run)

    system.read(look)
    return _record(system, system.boards.start(workspace, runs))


def list_(system: System, workspace: str) -> BoardList:
    """The boards of a workspace, the last used first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
    """
    return BoardList([_record(system, board) for board in system.boards.of(workspace)])


def get(system: System, workspace: str, board: str) -> BoardRecord:
    """A board.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        board: Its id.

    Raises:
        NotFound: There is none, or it has ended.
    """
    return _record(system, system.boards.find(workspace, board))


def stop(system: System, workspace: str, board: str) -> None:
    """End a board; one that has ended is no error.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        board: Its id.
    """
    for found in system.boards.of(workspace):
        if found.id == board:
            system.boards.stop(board)


def program(system: System, workspace: str) -> TensorboardProgram:
    """Have TensorBoard's environment made, and tell how far that is.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
    """
    del workspace
    return system.boards.program()


def _record(system: System, board: Board) -> BoardRecord:
    age = time.monotonic() - board.started
    return BoardRecord(
        id=board.id,
        workspace=board.workspace,
        runs=list(board.runs),
        state=board.state,
        path=f"{board.prefix}/",
        error=board.error,
        started_at=iso(system.clock.now_us() - int(age * 1e6)),
    )
