"""TensorBoards that the service runs for the studio, and the TensorBoard that it has for others.

A board shows the event files of some runs, below the path of its record and behind the studio's
login. It ends ten minutes after it was looked at last, or when a further one takes its place.
"""

from dataclasses import field
from typing import List

from runyard.protocol.records import dataclass
from runyard.protocol.route import (
    ALWAYS,
    CONTRIBUTOR,
    IN_WORKSPACE,
    READER,
    REPORTS,
    USER,
    Nothing,
    Route,
)

BOARD_STARTING, BOARD_READY, BOARD_FAILED = "starting", "ready", "failed"
PROGRAM_MAKING, PROGRAM_READY, PROGRAM_FAILED = "making", "ready", "failed"
MOST_BOARDS = 4
MOST_RUNS_OF_BOARD = 100
IDLE_BOARD_SECONDS = 600.0


@dataclass(frozen=True)
class StartBoard:
    """Show these runs; a board that shows the same goes on."""

    runs: List[str]


@dataclass(frozen=True)
class BoardRecord:
    """A board.

    Args:
        id: What names it.
        workspace: The workspace of its runs.
        runs: What it shows.
        state: `starting`, `ready` or `failed`.
        path: Where browsers find it at the service, once it is ready.
        error: Why it failed.
        started_at: When it was started.
    """

    id: str
    workspace: str
    runs: List[str]
    state: str
    path: str
    error: str = ""
    started_at: str = ""


@dataclass(frozen=True)
class BoardList:
    """The boards of a workspace, the last used first."""

    items: List[BoardRecord] = field(default_factory=list)


@dataclass(frozen=True)
class TensorboardProgram:
    """A Python of the service's machine that has TensorBoard.

    Args:
        state: `making`, `ready` or `failed`.
        interpreter: The Python, once it is ready.
        error: Why there is none.
    """

    state: str
    interpreter: str = ""
    error: str = ""


TENSORBOARD_START: Route[BoardRecord] = Route(
    "tensorboard.start",
    "POST",
    IN_WORKSPACE + "/tensorboards",
    BoardRecord,
    "Start a TensorBoard of runs in the studio.",
    body=StartBoard,
    scope=USER,
    role=CONTRIBUTOR,
    audit=ALWAYS,
)
TENSORBOARD_LIST: Route[BoardList] = Route(
    "tensorboard.list",
    "GET",
    IN_WORKSPACE + "/tensorboards",
    BoardList,
    "List the TensorBoards that run.",
    scope=USER,
    role=READER,
)
TENSORBOARD_GET: Route[BoardRecord] = Route(
    "tensorboard.get",
    "GET",
    IN_WORKSPACE + "/tensorboards/{board}",
    BoardRecord,
    "Get a TensorBoard.",
    scope=USER,
    role=READER,
)
TENSORBOARD_STOP: Route[Nothing] = Route(
    "tensorboard.stop",
    "DELETE",
    IN_WORKSPACE + "/tensorboards/{board}",
    Nothing,
    "End a TensorBoard.",
    scope=USER,
    role=CONTRIBUTOR,
    audit=ALWAYS,
)
TENSORBOARD_PROGRAM: Route[TensorboardProgram] = Route(
    "tensorboard.program",
    "POST",
    IN_WORKSPACE + "/tensorboard-program",
    TensorboardProgram,
    "Have TensorBoard's environment made, and tell how far that is.",
    scope=USER,
    role=CONTRIBUTOR,
    audit=REPORTS,
)
