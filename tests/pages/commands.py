"""`runyard` on the reader's path, forked from an interpreter that has loaded it.

Half of what the commands of all pages took was loading them: a hundred times half a second of
processors. The program that the shell finds hands its files, folder, variables and words to the
tests, which fork the real command, and ends as that does.
"""

import json
import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

from runyard_server.testing.forking import LARGEST_REQUEST, ForkServer

FORK_SERVER = ForkServer(
    *("runyard_server.cli.program", "runyard_server.cli.runs", "runyard_server.cli.models"),
    *("runyard_server.cli.tables", "runyard_server.cli.target"),
)
# What is ended by a signal to itself is started as ever.
PROGRAM = """#!{python} -IS
import json, os, socket, sys
if "serve" in sys.argv:
    os.execv({real!r}, [{real!r}, *sys.argv[1:]])
line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
line.connect({address!r})
asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(line, [asked], [0, 1, 2])
sys.exit(int(line.recv(16)))
"""


class Commands:
    """Answers the program that stands for `runyard`; a `with` block.

    Args:
        folder: An empty folder with a short path, for the program and its socket.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def __enter__(self) -> Self:
        address = self.folder / "line"
        self._line.bind(str(address))
        self._line.listen(16)
        real = str(Path(sys.executable).with_name("runyard"))
        program = self.folder / "runyard"
        program.write_text(PROGRAM.format(python=sys.executable, real=real, address=str(address)))
        program.chmod(0o755)
        threading.Thread(target=self._answer, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # A thread that waits for the next one is not woken by the end of the file alone.
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()

    def _answer(self) -> None:
        with suppress(OSError):
            while True:
                asking, _ = self._line.accept()
                threading.Thread(target=_run, args=(asking,), daemon=True).start()


def _run(asking: socket.socket) -> None:
    """Run one command, and tell its status."""
    with asking:
        text, files, _, _ = socket.recv_fds(asking, LARGEST_REQUEST, 3)
        words, folder, environ = json.loads(text)
        process = FORK_SERVER.start("runyard", words, Path(folder), environ, files)
        for each in files:
            os.close(each)
        asking.send(str(process.wait()).encode())
