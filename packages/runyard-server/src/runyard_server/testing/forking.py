"""Programs by fork from an interpreter that has loaded them: real processes that start in no time.

Importing is the larger half of what a start of the service takes, and most of a command's time.
Where a test is about something else, a fork server has imported once what the program needs. What
is forked has a session, files, variables and a working folder of its own, and runs the program as
`python -m` does. It is not the child of whoever asked: its end shows at a pidfd, and the fork
server tells its exit status.

    fork_server = ForkServer("runyard_server.cli.program")
    process = fork_server.start("runyard", ["--version"], folder, os.environ, files)
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

LARGEST_REQUEST = 1 << 17
# What these say is read by an interpreter before it runs anything.
_READ_AT_THE_START = ("PYTHON", "LD_")


class ForkServer:
    """An interpreter that has loaded modules; it is started when the first process is wanted.

    Args:
        *modules: What it loads.
    """

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._guard = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._variables = _read_at_the_start(os.environ)

    def start(
        self,
        module: str,
        words: Sequence[str],
        folder: Path,
        environ: Mapping[str, str],
        files: Sequence[int],
        *,
        anew: bool = False,
    ) -> "subprocess.Popen[bytes] | ForkedProcess":
        """Run `python -m` module; by fork where an interpreter of these variables is the same.

        Args:
            module: The module.
            words: What follows it on the command line.
            folder: The working folder.
            environ: All its variables.
            files: The descriptors of its input, its output and its errors.
            anew: Whether to start Python anew all the same.

        Raises:
            EOFError: The fork server cannot load its modules.
        """
        same = _read_at_the_start(environ) == self._variables and hasattr(os, "pidfd_open")
        if same and not anew:
            given = {"words": words, "folder": str(folder), "environ": dict(environ)}
            pid = self._ask({"module": module, **given}, files)
            return ForkedProcess(self, pid, [module, *words])
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, *words],
            cwd=folder,
            env=environ,
            stdin=files[0],
            stdout=files[1],
            stderr=files[2],
            # A Ctrl-C is for the tests, which stop it in order.
            start_new_session=True,
        )

    def status(self, pid: int) -> int | None:
        """The wait status of a process that has ended, once; None as long as it lives."""
        found: int | None = self._ask({"pid": pid})
        return found

    def close(self) -> None:
        """End the fork server; what was forked goes on."""
        with self._guard:
            if self._line is not None and self._process is not None:
                self._line.close()
                self._process.wait()
            self._line = self._process = None

    def _ask(self, asked: dict[str, Any], files: Sequence[int] = ()) -> Any:
        with self._guard:
            if self._line is None:
                self._line = self._open()
            socket.send_fds(self._line, [json.dumps(asked).encode()], files)
            told = self._line.recv(LARGEST_REQUEST)
        if not told:
            raise EOFError(f"the fork server of {', '.join(self._modules)} has ended")
        return json.loads(told)

    def _open(self) -> socket.socket:
        # Whole messages, so that descriptors arrive with the request that they belong to.
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, *self._modules],
                stdin=theirs.fileno(),
                start_new_session=True,
            )
        atexit.register(self.close)
        return ours


class ForkedProcess:
    """A forked process, with the methods of `subprocess.Popen` that tests use.

    Args:
        server: Where it was forked.
        pid: Its process id.
        args: Its words, for messages.

    Attributes:
        returncode: Its exit status, negative for a signal; None as far as nobody has looked.
    """

    def __init__(self, server: ForkServer, pid: int, args: Sequence[str]) -> None:
        self.pid = pid
        self.args = args
        self.returncode: int | None = None
        self._server = server
        # Only the fork server can make the number free for another process, when it is asked.
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Its exit status, None as long as it lives."""
        if self.returncode is None:
            status = self._server.status(self.pid)
            if status is not None:
                os.close(self._handle)
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and give its exit status.

        Raises:
            TimeoutExpired: It lives after so many seconds.
        """
        if self.returncode is None:
            end = select.poll()
            end.register(self._handle, select.POLLIN)
            end.poll(None if timeout is None else timeout * 1000)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it the hard way."""
        self.send_signal(signal.SIGKILL)


def _read_at_the_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in environ if name.startswith(_READ_AT_THE_START)}


def _serve(line: socket.socket) -> dict[str, Any] | None:
    """Fork as is asked; the request in a forked process, None once nobody asks any more."""
    while True:
        text, files, _, _ = socket.recv_fds(line, LARGEST_REQUEST, 3)
        if not text:
            return None
        asked: dict[str, Any] = json.loads(text)
        if "pid" in asked:
            pid, status = os.waitpid(asked["pid"], os.WNOHANG)
            answer = status if pid else None
        else:
            answer = os.fork()
            if answer == 0:
                line.detach()
                _become(asked, files)
                return asked
            for each in files:
                os.close(each)
        line.send(json.dumps(answer).encode())


def _become(asked: dict[str, Any], files: Sequence[int]) -> None:
    """Have the session, the files, the variables and the folder of another process."""
    os.setsid()
    for number, each in enumerate(files):
        os.dup2(each, number)
        os.close(each)
    _renew_streams()
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["folder"])


def _renew_streams() -> None:
    """Open the standard streams anew: those of before know whether another file can be sought."""
    sys.stdin = _text(io.BufferedReader(io.FileIO(0, closefd=False)), sys.stdin)
    sys.stdout = _text(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), sys.stdout)
    sys.stderr = _text(io.BufferedWriter(io.FileIO(2, "w", closefd=False)), sys.stderr)
    # Errors are seen at once, whatever they are written into.
    sys.stderr.reconfigure(line_buffering=True)


def _text(file: io.BufferedReader | io.BufferedWriter, before: TextIO) -> io.TextIOWrapper:
    """A stream of texts as an interpreter opens it, with the encoding of the one before."""
    return io.TextIOWrapper(file, before.encoding, before.errors, line_buffering=file.isatty())


def _main() -> None:
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.collect()
    # What is there stays as it is: the forks share its pages as long as no collector marks them.
    gc.freeze()
    asked = _serve(socket.socket(fileno=0))
    if asked is not None:
        sys.argv[1:] = asked["words"]
        # From here on a process like any other, with a traceback, `atexit` and all.
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
