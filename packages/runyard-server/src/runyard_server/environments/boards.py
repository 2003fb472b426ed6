"""TensorBoards as processes of the service: at most a few, each for as long as somebody looks.

A board is `runyard tensorboard` in a process of its own, which follows its runs as any client does
and runs TensorBoard beside that; the service only knows where it listens. Both end with the
service, whatever ends that: a pipe tells them.
"""

import os
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import runyard.protocol
from runyard.protocol.errors import NotFound
from runyard.protocol.tensorboard import (
    BOARD_FAILED,
    BOARD_READY,
    BOARD_STARTING,
    IDLE_BOARD_SECONDS,
    MOST_BOARDS,
    PROGRAM_FAILED,
    PROGRAM_MAKING,
    PROGRAM_READY,
    TensorboardProgram,
)

GUARD = Path(runyard.protocol.__file__).parents[1] / "client" / "guard.py"
LOOK_SECONDS = 5.0
_ADDRESS = "http://127.0.0.1:"
STOP_SECONDS = 5.0


class Board:
    """One TensorBoard.

    Args:
        workspace: The workspace.
        runs: What it shows.
        command: What starts it: the program without its path prefix.
        variables: Its environment variables.

    Attributes:
        id: What names it: nobody can guess it.
        used: When it was looked at last, of `time.monotonic`.
    """

    def __init__(
        self,
        workspace: str,
        runs: Sequence[str],
        command: Sequence[str],
        variables: dict[str, str],
    ) -> None:
        self.id = secrets.token_hex(8)
        self.workspace = workspace
        self.runs = tuple(runs)
        self.started = self.used = time.monotonic()
        self.port = 0
        self._lines: deque[str] = deque(maxlen=20)
        self._ended = False
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", str(GUARD), *command, "--path-prefix", self.prefix],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=variables,
        )
        self._reader = threading.Thread(target=self._read, name="board", daemon=True)
        self._reader.start()

    @property
    def prefix(self) -> str:
        """Where it is below the service's address."""
        return f"/tensorboard/{quote(self.workspace, safe='')}/{self.id}"

    @property
    def state(self) -> str:
        """How far it is."""
        if self._ended:
            return BOARD_FAILED
        return BOARD_READY if self.port else BOARD_STARTING

    @property
    def error(self) -> str:
        """The last that it said, where it failed."""
        return "\n".join(self._lines) if self._ended else ""

    def touch(self) -> None:
        """Count it as looked at."""
        self.used = time.monotonic()

    def stop(self) -> None:
        """End it with all that it started."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(STOP_SECONDS)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                text = line.decode("utf-8", "replace").rstrip()
                self._lines.append(text)
                if text.startswith(_ADDRESS):
                    self.port = urlsplit(text).port or 0
        self._ended = True


class Boards:
    """The boards of a service, and TensorBoard's environment.

    Args:
        home: The state folder of the service.
        make: Makes TensorBoard's environment and gives its interpreter; it may take minutes.
        idle: Seconds after which a board that nobody looks at ends.
    """

    def __init__(
        self,
        home: Path | None = None,
        make: Callable[[], str] | None = None,
        idle: float = IDLE_BOARD_SECONDS,
    ) -> None:
        self._home = home
        self._make = make
        self._idle = idle
        self._boards: dict[str, Board] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._looks = False
        self._program: TensorboardProgram | None = None

    def program(self) -> TensorboardProgram:
        """How far TensorBoard's environment is; one that failed is tried again."""
        with self._lock:
            if self._program is None or self._program.state == PROGRAM_FAILED:
                failed, self._program = self._program, TensorboardProgram(PROGRAM_MAKING)
                threading.Thread(target=self._make_program, name="board-maker", daemon=True).start()
                # It is told once, and not to whoever asks after it.
                return failed or self._program
            if self._program.state != PROGRAM_MAKING and not self._usable():
                self._program = None
                return TensorboardProgram(PROGRAM_MAKING)
            return self._program

    def start(self, workspace: str, runs: Sequence[str]) -> Board:
        """Start a board; one that shows the same goes on, and the longest unused makes room.

        Args:
            workspace: The workspace's key in URLs.
            runs: Ids of its runs.
        """
        with self._lock:
            same = [
                board
                for board in self._boards.values()
                if (board.workspace, board.runs) == (workspace, tuple(runs))
                and board.state != BOARD_FAILED
            ]
            if same:
                same[0].used = time.monotonic()
                return same[0]
            dead = [board for board in self._boards.values() if board.state == BOARD_FAILED]
            living = sorted(self._boards.values(), key=lambda board: board.used)
            ended = dead or living[: max(0, len(living) + 1 - MOST_BOARDS)]
            for board in ended:
                del self._boards[board.id]
            board = Board(workspace, runs, self._command(workspace, runs), self._variables())
            self._boards[board.id] = board
            if not self._looks:
                self._looks = True
                threading.Thread(target=self._watch, name="boards", daemon=True).start()
        for old in ended:
            old.stop()
        return board

    def find(self, workspace: str, board: str) -> Board:
        """The board of that id; it counts as looked at.

        Raises:
            NotFound: There is none, or it has ended.
        """
        found = self._boards.get(board)
        if found is None or found.workspace != workspace:
            raise NotFound("this TensorBoard has ended; start it again from its run")
        found.used = time.monotonic()
        return found

    def of(self, workspace: str) -> list[Board]:
        """The boards of a workspace, the last used first."""
        found = [board for board in list(self._boards.values()) if board.workspace == workspace]
        return sorted(found, key=lambda board: -board.used)

    def stop(self, board: str) -> None:
        """End a board."""
        with self._lock:
            found = self._boards.pop(board, None)
        if found is not None:
            found.stop()

    def close(self) -> None:
        """End all boards."""
        self._closed.set()
        for board in list(self._boards):
            self.stop(board)

    def _command(self, workspace: str, runs: Sequence[str]) -> list[str]:
        program = [sys.executable, "-m", "runyard", "tensorboard", "show", *runs]
        return [*program, "--workspace", workspace, "--port", "0", "--no-browser"]

    def _variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "RUNYARD_URL"}
        return {**kept, "RUNYARD_HOME": str(self._home), "PYTHONUNBUFFERED": "1"}

    def _watch(self) -> None:
        while not self._closed.wait(min(LOOK_SECONDS, self._idle)):
            end = time.monotonic() - self._idle
            for board in [one for one in list(self._boards.values()) if one.used < end]:
                self.stop(board.id)
            with self._lock:
                if not self._boards:
                    self._looks = False
                    return

    def _usable(self) -> bool:
        assert self._program is not None
        return os.access(self._program.interpreter, os.X_OK)

    def _make_program(self) -> None:
        if self._make is None:
            self._program = TensorboardProgram(PROGRAM_FAILED, error="no environments are made")
            return
        try:
            self._program = TensorboardProgram(PROGRAM_READY, self._make())
        except Exception as error:  # noqa: BLE001 - whatever it was, who waits is told
            self._program = TensorboardProgram(PROGRAM_FAILED, error=str(error))
