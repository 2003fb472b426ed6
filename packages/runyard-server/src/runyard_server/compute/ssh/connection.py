"""One kept connection to a machine, by the system's own ssh program.

The first request makes a master connection, later ones go through it and cost milliseconds. It is
found by its socket, ends by itself a minute after the last request, and is ended and made anew by
each service that starts: a tunnel of an earlier one may lead to a port where nobody listens.

Host keys are checked, always; nothing is ever asked. What a machine is told goes over its input:
command lines can be read by everybody there.
"""

import hashlib
import os
import shlex
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from runyard.protocol.errors import RunyardError, TemporaryError
from runyard_server.compute.light import Light
from runyard_server.compute.ssh import faults, program
from runyard_server.compute.ssh.machines import Machine

CONNECT_SECONDS = 10
_REQUEST_SECONDS = 30.0
_TAKE_SECONDS = 600.0
_LOCAL_SECONDS = 5.0
# A connection through which nothing comes for three times as long has been lost.
_ALIVE_SECONDS = 5
_PERSIST_SECONDS = 60


@dataclass(frozen=True)
class Access:
    """How the machines of a site are reached; see the options of `SshBackend`.

    Args:
        identity: File of the private key; "" leaves it to ssh.
        known_hosts: File of the host keys; "" is the user's own.
        python: The interpreter there.
        folder: The folder there.
        light: The light half, here.
        tunnel: Gives what `ssh -R` makes a port there lead to: (port there, address here);
            None where the service is reached without.
        gateway: Gives the port of the gateway, which such a tunnel leads to, too; 0 for none.
    """

    identity: str
    known_hosts: str
    python: str
    folder: str
    light: Light
    tunnel: Callable[[], tuple[int, str] | None]
    gateway: Callable[[], int]


@dataclass(frozen=True)
class Figures:
    """What a machine has."""

    cpus: int = 1
    memory_gb: float = 0.0
    gpus: int = 0


class Connection:
    """The way to one machine.

    Args:
        machine: The machine.
        access: How it is reached.
        sockets: Folder for the master's socket; its path is short.

    Attributes:
        fault: Why the last attempt to reach it failed; "" when it did not.
        tried: When that was, by the monotonic clock; 0 before the first.
        figures: What the machine has, None before it was asked.
    """

    def __init__(self, machine: Machine, access: Access, sockets: Path) -> None:
        self.machine = machine
        self.fault = ""
        self.tried = 0.0
        self.figures: Figures | None = None
        self._access = access
        self._sockets = sockets
        # By machine and not %C: that is longer, and two users of one machine have two.
        self._socket = sockets / hashlib.sha256(str(machine).encode()).hexdigest()[:12]
        self._lock = threading.Lock()
        self._ready = False
        self._forwarded = 0

    @property
    def is_up(self) -> bool:
        """Whether the machine was reached when that was tried last."""
        return self._ready and not self.fault

    def ensure(self) -> None:
        """Make the connection, unless it is there.

        Raises:
            TemporaryError: The machine cannot be reached now, or is not as it must be; with what to
                do about that.
        """
        with self._lock:
            try:
                if not (self._ready and self._is_there()):
                    self._ready = False
                    self._connect()
                    self._ready = True
            except RunyardError as error:
                self.fault = error.message
                raise
            else:
                self.fault = ""
            finally:
                self.tried = time.monotonic()

    def ask(self, verb: str, *words: str, given: Any = None) -> dict[str, Any]:
        """Have the machine do something, and give its answer; `ensure` comes first.

        Args:
            verb: A verb of `runyard.runtime.hosted`.
            words: Its arguments.
            given: What it reads.

        Raises:
            TemporaryError: The machine cannot be reached now, or refuses.
        """
        data = b"" if given is None else msgspec.json.encode(given)
        return self._answer(self.command(verb, *words), data, _REQUEST_SECONDS)

    def forward(self) -> None:
        """Have the gateway reached from the machine as well, once there is one."""
        port = self._access.gateway()
        if not port or port == self._forwarded or self._access.tunnel() is None:
            return
        self._forwarded = port
        there = ["-R", f"127.0.0.1:{port}:127.0.0.1:{port}"]
        with suppress(OSError, subprocess.TimeoutExpired):
            # Its failure is told by the replicas, which cannot dial the gateway then.
            subprocess.run(
                self._ssh("-S", str(self._socket), "-O", "forward", *there),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LOCAL_SECONDS,
                check=False,
            )

    def command(self, verb: str, *words: str) -> list[str]:
        """The command that has a verb done through the connection."""
        return self._through(self._line(verb, *words))

    def address(self) -> str:
        """Where other machines reach it: what ssh connects to by the user's configuration."""
        with suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(
                self._ssh("-G"),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LOCAL_SECONDS,
                check=False,
                text=True,
            )
            for line in done.stdout.splitlines():
                key, _, value = line.partition(" ")
                if key == "hostname":
                    return _numeric(value)
        return _numeric(self.machine.name.strip("[]"))

    def close(self) -> None:
        """End the connection; what was started through it goes on."""
        with self._lock:
            self._ready = False
            self._control("exit")
            with suppress(OSError):
                # Of the last connection of its site.
                self._sockets.rmdir()

    def _line(self, verb: str, *words: str) -> str:
        name, _ = program.packed()
        there = f"{_shell(self._access.folder)}/programs/{name}"
        arguments = " ".join(shlex.quote(word) for word in (verb, *words))
        return f"exec {_shell(self._access.python)} -S -E {there} {arguments}"

    def _through(self, line: str) -> list[str]:
        """The command that has a shell there run a line."""
        return [*self._ssh("-S", str(self._socket)), line]

    def _connect(self) -> None:
        self._forwarded = 0
        # Of an earlier service, whose tunnel leads elsewhere.
        self._control("exit")
        tunnel = self._access.tunnel()
        for last in (False, True):
            code, said = self._open(tunnel)
            if code == 0:
                break
            if tunnel is None or last or not faults.is_forwarding(said):
                raise TemporaryError(self._told(said))
            # Its server may keep the port for a connection that was lost hours ago.
            self._open(None)
            self._install()
            self._answer(self.command("free", str(tunnel[0])), b"", _REQUEST_SECONDS)
            self._control("exit")
        self._install()

    def _open(self, tunnel: tuple[int, str] | None) -> tuple[int, str]:
        """Start the master; give ssh's status and what it said."""
        forward = []
        if tunnel is not None:
            forward = ["-o", "ExitOnForwardFailure=yes"]
            forward += ["-R", f"127.0.0.1:{tunnel[0]}:{tunnel[1]}"]
        options = ["-o", "ControlMaster=yes", "-o", f"ControlPersist={_PERSIST_SECONDS}"]
        words = self._ssh("-f", "-N", *options, "-S", str(self._socket), *forward)
        for folder in (self._sockets.parent, self._sockets):
            _make_private(folder)
        # A file, for the master keeps it open when it goes into the background.
        with tempfile.TemporaryFile() as said:
            try:
                done = subprocess.run(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    timeout=CONNECT_SECONDS * 2,
                    # Ctrl-C in the service's terminal is not meant for it.
                    start_new_session=True,
                    check=False,
                )
                code = done.returncode
            except subprocess.TimeoutExpired:
                return 1, f"no answer within {CONNECT_SECONDS * 2} s"
            except OSError as error:
                raise TemporaryError(f"ssh cannot be started on this machine: {error}") from error
            said.seek(0)
            return code, said.read().decode("utf-8", "replace")

    def _install(self) -> None:
        """See to it that our program and the light half are there; ask what the machine has."""
        folder, light = self._access.folder, self._access.light
        name, data = program.packed()
        kept = _kept(f"{folder}/programs", name)
        line = f"{kept} && {self._line('probe', folder, light.zip_name)}"
        found = self._answer(self._through(line), data, _REQUEST_SECONDS)
        if not found["light"]:
            line = _kept(f"{folder}/light", light.zip_name)
            code, _, said = self._run(self._through(line), light.zip.read_bytes(), _TAKE_SECONDS)
            if code:
                raise TemporaryError(f"{self.machine}: {said.strip() or f'exit code {code}'}")
        self.figures = Figures(found["cpus"], found["memory_gb"], found["gpus"])

    def _answer(self, words: list[str], data: bytes, seconds: float) -> dict[str, Any]:
        _, out, said = self._run(words, data, seconds)
        try:
            found: dict[str, Any] = msgspec.json.decode(out, type=dict[str, Any])
        except msgspec.DecodeError:
            raise TemporaryError(self._told(said or f"it answered {out[:200]!r}")) from None
        if "error" in found:
            raise TemporaryError(f"{self.machine}: {found['error']}")
        return found

    def _run(self, words: list[str], data: bytes, seconds: float) -> tuple[int, bytes, str]:
        try:
            done = subprocess.run(
                words, input=data, capture_output=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            self._ready = False
            raise TemporaryError(
                f"{self.machine} has not answered within {seconds:.0f} s"
            ) from None
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")

    def _is_there(self) -> bool:
        return self._control("check")

    def _control(self, what: str) -> bool:
        """Ask the master something; say whether there is one."""
        if not self._socket.exists():
            return False
        with suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(
                self._ssh("-S", str(self._socket), "-O", what),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LOCAL_SECONDS,
                check=False,
            )
            if done.returncode == 0:
                return True
        with suppress(OSError):
            self._socket.unlink()
        return False

    def _ssh(self, *more: str) -> list[str]:
        access, machine = self._access, self.machine
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": str(CONNECT_SECONDS),
            "ServerAliveInterval": str(_ALIVE_SECONDS),
            "ServerAliveCountMax": "3",
            "ForwardAgent": "no",
            "ForwardX11": "no",
        }
        if access.known_hosts:
            options["UserKnownHostsFile"] = access.known_hosts
            options["GlobalKnownHostsFile"] = os.devnull
        if access.identity:
            options |= {"IdentityFile": access.identity, "IdentitiesOnly": "yes"}
        words = ["ssh", "-T", *more]
        for name, value in options.items():
            words += ["-o", f"{name}={value}"]
        words += ["-l", machine.user] if machine.user else []
        words += ["-p", str(machine.port)] if machine.port else []
        return [*words, machine.name.strip("[]")]

    def _told(self, said: str) -> str:
        return faults.told(self.machine, said, self._access.known_hosts or "~/.ssh/known_hosts")


def _make_private(folder: Path) -> None:
    """Make a folder of this user's alone: who could put a socket there would be told all we say."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise TemporaryError(
            f"{folder} is another user's, or no folder, and the connections of ssh would be found "
            "there: have it removed, or start the service with another TMPDIR"
        )
    folder.chmod(0o700)


def _numeric(name: str) -> str:
    """An address in figures: some kinds of MPI compare networks."""
    try:
        return socket.gethostbyname(name)
    except OSError:
        return name


def _kept(folder: str, name: str) -> str:
    """A shell's line that keeps what comes as a file, whole or not at all, unless it is there."""
    place = f"{_shell(folder)}/{name}"
    draft = f"{_shell(folder)}/.{name}.$$"
    make = f"umask 077 && mkdir -p {_shell(folder)} && cat >{draft} && mv {draft} {place}"
    return f"{{ [ -s {place} ] || {{ {make}; }}; }}"


def _shell(path: str) -> str:
    """A path as a word of a shell's command line, with a home folder that is filled in there."""
    return f'"$HOME"/{shlex.quote(path[2:])}' if path.startswith("~/") else shlex.quote(path)
