"""A real ssh server of a test's own: on a port of its own, with host and user keys of its own.

    with SshServer(folder, "/usr/sbin/sshd") as server:
        server.options()        # of a site whose one machine it is
        server.stop()           # nobody answers any more; connections that are there go on

Whoever runs the tests is the user that may log in, by a key, and by nothing else.
"""

import getpass
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from runyard.protocol import procfs
from runyard_server.testing import programs

_SECONDS = 10.0
_SETTINGS = """\
ListenAddress {address}:{port}
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/user_key.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
LogLevel ERROR
MaxStartups 100
"""


class SshServer:
    """An ssh server; leave it, or call `close`, to end it with all its connections.

    Args:
        folder: Where its files are.
        program: sshd, by its full path.
        address: Where it listens.
        enter: Gives the command that runs one where that address is.
    """

    def __init__(
        self,
        folder: Path,
        program: str,
        address: str = "127.0.0.1",
        enter: Callable[[list[str]], list[str]] = list,
    ) -> None:
        self._folder = folder
        self._program = program
        self._address = address
        self._enter = enter
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.port = programs.free_port()
        self.user = getpass.getuser()
        self.identity = folder / "user_key"
        self.known_hosts = folder / "known_hosts"
        self.new_host_key()
        _make_key(self.identity)
        self.known_hosts.write_text(self.known(), "utf-8")
        settings = _SETTINGS.format(port=self.port, folder=folder, address=address)
        (folder / "sshd_config").write_text(settings, "utf-8")
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def host(self) -> str:
        """The machine, as settings name it."""
        return f"{self.user}@{self._address}:{self.port}"

    def known(self) -> str:
        """The lines of a file of known hosts."""
        kind, key = (self._folder / "host_key.pub").read_text("utf-8").split()[:2]
        names = (self._address, "localhost")
        return "".join(f"[{name}]:{self.port} {kind} {key}\n" for name in names)

    def options(self, *hosts: str) -> dict[str, Any]:
        """The options of a site that has this machine, or others by name, as its own."""
        return {
            "hosts": list(hosts) or [self.host],
            "identity": str(self.identity),
            "known_hosts": str(self.known_hosts),
        }

    def new_host_key(self) -> None:
        """Have another key from the next start on, as a machine that was set up anew."""
        (self._folder / "host_key").unlink(missing_ok=True)
        _make_key(self._folder / "host_key")

    def start(self) -> None:
        """Answer; after `stop` at the same port."""
        # Debian's sshd wants it, and only its service makes it.
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        command = [self._program, "-D", "-e", "-f", str(self._folder / "sshd_config")]
        command = self._enter(command)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        programs.until(self._answers, lambda: f"sshd does not answer: {self._said()}", _SECONDS)

    def stop(self) -> None:
        """Answer nobody any more; connections go on, as when the server is restarted."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_SECONDS)
            self._process = None

    def cut(self) -> None:
        """End every connection at once, and answer nobody."""
        sessions = [] if self._process is None else list(_below(self._process.pid))
        self.stop()
        for pid in sessions:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End the server and its connections."""
        self.cut()

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise programs.ProgramFailed(f"sshd has ended: {self._said()}")
        with suppress(OSError), socket.create_connection((self._address, self.port), 1):
            return True
        return False

    def _said(self) -> str:
        return (self._folder / "log").read_text("utf-8")


def _below(pid: int) -> Iterator[int]:
    """The processes of sshd below one."""
    for entry in Path(procfs.PROC).iterdir():
        fields = procfs.stat(entry.name) if entry.name.isdigit() else []
        if fields and int(fields[procfs.PARENT]) == pid:
            yield int(entry.name)
            yield from (each for each in _below(int(entry.name)) if _is_sshd(each))


def _is_sshd(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"{procfs.PROC}/{pid}/comm").read_text("utf-8").startswith("sshd")
    return False


def _make_key(path: Path) -> None:
    programs.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path))
