"""A real PostgreSQL of the tests' own: on a socket in its folder, without a port.

    with PostgresServer(folder, programs) as server:
        url = server.new_database()     # of one test
        server.restart()                # as an administrator does
        server.kill()                   # as a power cut would

PostgreSQL refuses to be root, so where the tests are, another user runs it. Its socket lets
everybody in who may enter the folder.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_SECONDS = 60.0
# Tests end no machine, so what is written need not be on a disk; `durable` has it as it is.
_QUICK = ("fsync=off", "full_page_writes=off")
_SETTINGS = (
    "shared_buffers=64MB",
    "max_connections=200",
    "listen_addresses=",
    "unix_socket_permissions=0777",
    "autovacuum=off",
    "max_wal_size=4GB",
)
_USERS = ("postgres", "nobody")
_numbers = itertools.count()


class Postgres:
    """A server that is there, by the folder of its socket.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://runyard@/{database}?host={self.folder}"

    def new_database(self, template: str = "template1") -> str:
        """Make a database; give its URL.

        Args:
            template: The name of the database that it is a copy of.
        """
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self.execute("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def execute(self, database: str, statement: str) -> Any:
        """Execute a statement by itself; give the rows that it finds.

        Args:
            database: In which database.
            statement: The statement.
        """
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None


class PostgresServer(Postgres):
    """A PostgreSQL server; leave it, or call `close`, to end it and remove its files.

    Args:
        folder: Where its files are; a short path, for sockets have names of at most 107 bytes.
        programs: Where its programs are.
        durable: Whether a commit waits for the disk, as it does outside of tests.
    """

    def __init__(self, folder: Path, programs: Path, *, durable: bool = False) -> None:
        super().__init__(folder)
        self._programs = programs
        self._settings = _SETTINGS if durable else (*_SETTINGS, *_QUICK)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._user = next((u for u in _USERS if _is_user(u)), "") if os.geteuid() == 0 else ""
        if self._user:
            shutil.chown(folder, self._user)
        self._data = folder / "data"
        options = ("--auth=trust", "--username=runyard", "--encoding=UTF8", "--locale=C")
        self._run("initdb", "-D", str(self._data), *options, "--no-sync")
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

    def start(self) -> None:
        """Start it, and wait until it lets clients in.

        Raises:
            RuntimeError: It does not; with its log.
        """
        settings = [word for each in self._settings for word in ("-c", each)]
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*self._as_user(), *command, "-k", str(self.folder), *settings],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until = time.monotonic() + _SECONDS
        while not self._answers():
            if time.monotonic() > until or self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL does not start: {log.read_text('utf-8')[-2000:]}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def leave(self) -> None:
        """Have it go on when this process has ended: who ends the tests ends it by its number."""
        assert self._process is not None
        # Or Python complains of a process that nobody has waited for.
        self._process.returncode, self._process = 0, None

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it; by default at once, with whatever its clients are doing taken back."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_SECONDS)
            self._process = None

    def restart(self) -> None:
        """Stop and start it, as an administrator does."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.stop(signal.SIGQUIT)

    def close(self) -> None:
        """End it and remove its files."""
        with suppress(ProcessLookupError):
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        import psycopg

        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            return True
        return False

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user(), str(self._programs / program), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")

    def _as_user(self) -> list[str]:
        if not self._user:
            return []
        entry = pwd.getpwnam(self._user)
        ids = (f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
        return ["setpriv", *ids]


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
