"""The workers of a node, as its process sees them: started, given batches, killed, started anew."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any, Dict, List, NamedTuple, Optional

from runyard.runtime.parallel import WORKER
from runyard.runtime.parallel.channel import Channel, Message

_TAIL_BYTES = 2000
_LINES = 4
# For `init()`, and for each part of what is read: a model is fetched and loaded, and a Parquet file
# comes whole before its first record, so either may take longer than `run()` with a batch.
PATIENCE_SECONDS = 600.0


class Setup(NamedTuple):
    """What all workers of a node are told.

    Args:
        words: The script and its arguments.
        node: The node's name, for the folders of logs.
        logs: The folder of logs.
        folder: Where they leave what batches returned.
        inputs: Names of the inputs that are cut up.
        tables: The tables as the list of batches has them; [] of files.
        keeps: Whether what is returned is kept.
        level: From which level on the script's logger writes.
        output: The folder of the output, "" for none.
        seconds: For how long `run()` may work on a batch.
    """

    words: List[str]
    node: str
    logs: str
    folder: str
    inputs: List[str]
    tables: List[Dict[str, Any]]
    keeps: bool
    level: str
    output: str
    seconds: float


class Worker:
    """One worker; when its process has died, `start` makes another.

    Args:
        index: Its place among the workers of the node.
        setup: What it is told.

    Attributes:
        is_ready: Whether its `init()` has ended well.
        order: The batch that it has.
        deadline: When it is ended for what it is at, by the monotonic clock; None while it rests.
        begun: When the batch was given.
    """

    def __init__(self, index: int, setup: Setup) -> None:
        self._index = index
        self._setup = setup
        self._process: Optional[subprocess.Popen[bytes]] = None
        self.channel: Optional[Channel] = None
        self.is_ready = False
        self.order: Optional[Message] = None
        self._stage = ""
        self.deadline: Optional[float] = None
        self._seconds = 0.0
        self.begun = 0.0
        self._said = 0

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"process {self._index} of {self._setup.node}"

    def start(self) -> None:
        """Start its process, which begins with `init()`."""
        ours, theirs = socket.socketpair()
        with self._log("stdout") as out, self._log("stderr") as err, theirs:
            # What an earlier process said is not this one's last word.
            self._said = os.fstat(err.fileno()).st_size
            self._process = subprocess.Popen(
                [sys.executable, "-c", WORKER, str(theirs.fileno()), *self._setup.words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=(theirs.fileno(),),
                # What the script starts is killed with it.
                start_new_session=True,
            )
        self.channel, self.is_ready = Channel(ours), False
        self.order = None
        setup = self._setup
        self._enter("init()", max(setup.seconds, PATIENCE_SECONDS))
        self._send(
            {
                "inputs": setup.inputs,
                "tables": setup.tables,
                "keeps": setup.keeps,
                "folder": setup.folder,
                "level": setup.level,
                "output": setup.output,
                "log": self._path("entry_script_log", "log"),
            }
        )

    def give(self, order: Message) -> None:
        """Send it a batch."""
        self.order, self.begun = order, time.monotonic()
        self.enter_reading()
        self._send(order)

    def enter_reading(self) -> None:
        """Note that its batch is still read: it may pass over many records before its own."""
        self._enter("reading the batch", max(self._setup.seconds, PATIENCE_SECONDS))

    def enter_run(self) -> None:
        """Note that `run()` has its batch."""
        self._enter("run()", self._setup.seconds)

    def rest(self) -> None:
        """Note that it has nothing to do."""
        self.order = self.deadline = None

    @property
    def lateness(self) -> str:
        """Why it is ended, "" while it is in time."""
        if self.deadline is None or self.deadline > time.monotonic():
            return ""
        return f"{self._stage} took longer than {self._seconds:g} s and was ended"

    def _enter(self, stage: str, seconds: float) -> None:
        self._stage, self._seconds = stage, seconds
        self.deadline = time.monotonic() + seconds

    @property
    def is_dead(self) -> bool:
        """Whether its process has ended, even if a child of that keeps the channel open."""
        return self._process is not None and self._process.poll() is not None

    def kill(self, patience: float = 0.0) -> str:
        """End its process with all that it has started; give how it ended, in words.

        Args:
            patience: Seconds for a process that is ending, or its own end would not be told.
        """
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        if self.channel is not None:
            self.channel.close()
        self.channel, self.is_ready = None, False
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"{self.name} {how}{self._last_words()}"

    def _send(self, message: Message) -> None:
        # One that has died is seen when nothing comes from it any more.
        with suppress(OSError):
            assert self.channel is not None
            self.channel.send(message)

    def _last_words(self) -> str:
        with suppress(OSError), open(self._path("stderr", "stderr.txt"), "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(self._said, stream.tell() - _TAIL_BYTES))
            lines = stream.read().decode("utf-8", "replace").rstrip().splitlines()[-_LINES:]
            return ": " + "\n".join(lines) if lines else ""
        return ""

    def _log(self, kind: str) -> Any:
        path = self._path(kind, f"{kind}.txt")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return open(path, "ab")

    def _path(self, kind: str, ending: str) -> str:
        name = f"process{self._index:03d}.{ending}"
        return os.path.join(self._setup.logs, "user", kind, self._setup.node, name)
