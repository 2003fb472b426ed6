"""The door to environments: hash, lock, look, realise."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runyard.protocol.environments import EnvironmentDefinition, LockRecord
from runyard.protocol.errors import EnvironmentFailed
from runyard.protocol.jobs import JobEnvironment
from runyard_server.environments import interpreters, rebuilds, tool
from runyard_server.environments.locking import compile_lock, platform_tag
from runyard_server.environments.requirements import request

READY = "ready.json"
POLL_SECONDS = 0.1
GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Environments:
    """The environments of one state folder. Safe to use from many threads.

    Args:
        folder: Where environments lie, each under its lock's digest.
        packages: uv's cache, on the same file system.
    """

    folder: Path
    packages: Path

    def definition_hash(self, definition: EnvironmentDefinition) -> str:
        """Give the key under which a definition's lock is kept; quick, nothing is started."""
        return hashlib.sha256(json.dumps(_inputs(definition), sort_keys=True).encode()).hexdigest()

    def lock(self, definition: EnvironmentDefinition, log: Callable[[str], None]) -> LockRecord:
        """Resolve a definition to exact versions.

        Args:
            definition: What was asked for.
            log: Takes lines for the build log.

        Raises:
            EnvironmentFailed: It cannot be done; the message ends with the reason, which was also
                logged.
        """
        try:
            if definition.user_managed:
                return _user_managed(definition)
            return self._locked(definition, log)
        except EnvironmentFailed as error:
            log(error.message)
            raise

    def realised(self, lock: LockRecord) -> JobEnvironment | None:
        """Give the environment of a lock if it is there; two looks at the disk."""
        if Path(lock.python).is_absolute():
            there = Path(lock.python).exists()
            return JobEnvironment(interpreter=lock.python, lock=lock.digest) if there else None
        folder = self.folder / lock.digest
        return self._environment(lock) if (folder / READY).exists() else None

    def realise(
        self, lock: LockRecord, log_path: Path, cancelled: Callable[[], bool]
    ) -> JobEnvironment:
        """Make the environment of a lock, or wait for the one who makes it.

        Args:
            lock: What to install.
            log_path: The build log; the builder's output is appended.
            cancelled: Asked often; true ends this build (another who waits takes it up).

        Raises:
            EnvironmentFailed: It could not be made, or was cancelled.
        """
        found = self.realised(lock)
        if found is not None:
            return found
        if Path(lock.python).is_absolute():
            raise EnvironmentFailed(f"the interpreter {lock.python} is not there any more")
        command = self._command(lock)
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("ab") as output, tempfile.TemporaryFile() as errors:
            status = _run(command, output, errors, cancelled)
            errors.seek(0)
            reason = errors.read().decode("utf-8", "replace").strip()
        if status is None:
            raise EnvironmentFailed("the build was cancelled")
        found = self.realised(lock)
        if status != 0 or found is None:
            raise EnvironmentFailed(reason or f"the builder ended with status {status}")
        return found

    def _locked(self, definition: EnvironmentDefinition, log: Callable[[str], None]) -> LockRecord:
        since = time.monotonic()
        wish = request(definition, log)
        if definition.docker_image:
            log(f"no container engine is used: {definition.docker_image!r} is passed over")
        for line in rebuilds.explain(self.folder, _inputs(definition)):
            log(line)
        python = interpreters.find(interpreters.wanted(wish.python), self.packages, log)
        log(f"Resolving {len(wish.lines)} requirements for Python {python.version}")
        lock = compile_lock(definition, wish, python, self.packages)
        count = sum(1 for line in lock.requirements.splitlines() if "==" in line or " @ " in line)
        log(f"Resolved to {count} packages in {time.monotonic() - since:.1f} s")
        rebuilds.remember(self.folder, self.definition_hash(definition), _inputs(definition))
        return lock

    def _environment(self, lock: LockRecord) -> JobEnvironment:
        folder = self.folder / lock.digest
        return JobEnvironment(
            interpreter=str(folder / "bin" / "python"),
            folder=str(folder),
            lock=lock.digest,
            python=lock.python,
            requirements=lock.requirements,
        )

    def _command(self, lock: LockRecord) -> list[str]:
        """Give the builder's command; the lock is written beside the environment for it."""
        python = interpreters.find(lock.python, self.packages, lambda _line: None)
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = self.folder / f"{lock.digest}.txt"
        temporary = lines.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}")
        temporary.write_text(lock.requirements, "utf-8")
        temporary.replace(lines)
        folder = str(self.folder / lock.digest)
        command = [sys.executable, "-m", "runyard.runtime", "realise", "--folder", folder]
        command += ["--requirements", str(lines), "--python", python.path]
        return [*command, "--uv", tool.program(), "--cache", str(self.packages)]


def _inputs(definition: EnvironmentDefinition) -> dict[str, object]:
    """Give all that decides about a lock, by name."""
    if definition.user_managed:
        return {"interpreter": definition.interpreter}
    wish = request(definition, lambda _line: None)
    return {
        "platform": platform_tag(),
        "Python": interpreters.wanted(wish.python),
        "packages": list(wish.lines),
        "options": list(wish.options),
        "index": definition.index_url,
        "as of": definition.as_of,
    }


def _user_managed(definition: EnvironmentDefinition) -> LockRecord:
    """Lock an interpreter that the user cares for: its path is all there is to know."""
    path = _which(definition.interpreter)
    if path is None:
        raise EnvironmentFailed(
            f"the interpreter {definition.interpreter!r} is not on this machine; give the path of "
            "one that is, or let the environment be made (user_managed_dependencies=False)"
        )
    # Not resolved: the link inside a virtual environment is what makes it that environment.
    absolute = str(Path(path).absolute())
    return LockRecord(
        digest=hashlib.sha256(f"user-managed {absolute}".encode()).hexdigest(),
        python=absolute,
        requirements="",
    )


def _which(interpreter: str) -> str | None:
    return shutil.which(Path(interpreter).expanduser(), path=interpreters.search_path())


def _run(
    command: list[str], output: BinaryIO, errors: BinaryIO, cancelled: Callable[[], bool]
) -> int | None:
    """Run a builder; give its exit status, or None when it was cancelled."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **tool.variables(Path(command[-1]), os.environ)},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        start_new_session=True,
    )
    while True:
        try:
            return process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if cancelled():
                _end(process)
                return None


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, grace in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            continue
        return
