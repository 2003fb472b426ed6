"""Environments without packages: they exist, fail, or take until a test lets them be done."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

from runyard.protocol.environments import EnvironmentDefinition, LockRecord
from runyard.protocol.errors import EnvironmentFailed, RunyardError
from runyard.protocol.jobs import JobEnvironment
from runyard_server.environments.mpi import Machine


class FakeEnvironments:
    """Stands in for `runyard_server.environments`.

    Attributes:
        made: The digests of the locks whose environments exist.
        go: Builds wait for it; set at first.
        begun: Set once a build has begun.
        builds: How many builds have begun.
        cancels: How many were canceled.
        fault: Raised by `lock` while it is set.
        notes: The notes of the locks.
        broken: Builds fail.
    """

    def __init__(self) -> None:
        self.made: set[str] = set()
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()
        self.builds = 0
        self.cancels = 0
        self.fault: RunyardError | None = None
        self.notes: list[str] = []
        self.broken = False

    def definition_hash(self, definition: EnvironmentDefinition, *, gpu: bool = False) -> str:
        """Hash the definition as it is; nodes with GPUs have locks of their own."""
        return hashlib.sha256(f"{definition!r}{gpu or ''}".encode()).hexdigest()

    def lock(
        self,
        definition: EnvironmentDefinition,
        log: Callable[[str], None],
        *,
        gpu: bool = False,
        begin: bool = False,
    ) -> LockRecord:
        """A lock of the definition's own lines.

        Args:
            definition: The environment's definition.
            log: Takes a line at a time.
            gpu: Whether it is for nodes with a GPU.
            begin: There is nothing to begin.
        """
        del begin
        log(f"locking {definition.pip}")
        if self.fault is not None:
            log(self.fault.message)
            raise self.fault
        digest, text = self.definition_hash(definition, gpu=gpu), "\n".join(definition.pip)
        return LockRecord(digest, "3.11", text, notes=list(self.notes))

    def realised(self, lock: LockRecord) -> JobEnvironment | None:
        """The environment if it was made."""
        there = lock.digest in self.made
        return JobEnvironment("/env/bin/python", "/env", lock.digest) if there else None

    def realise(
        self, lock: LockRecord, log_path: Path, cancelled: Callable[[], bool]
    ) -> JobEnvironment:
        """Make it once `go` is set.

        Args:
            lock: The lock.
            log_path: The file that takes the build log.
            cancelled: Says whether to give up.
        """
        self.builds += 1
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("a") as log:
            log.write("building\n")
        self.begun.set()
        # In short waits, for a cancel is asked for and wakes nobody.
        while not self.go.wait(0.01):
            if cancelled():
                self.cancels += 1
                raise RunyardError("the build was cancelled")
        if self.broken:
            raise EnvironmentFailed("a compiler's traceback")
        self.made.add(lock.digest)
        found = self.realised(lock)
        assert found is not None
        return found

    @property
    def machine(self) -> Machine:
        """A machine for which Open MPI has a build."""
        return Machine("linux", "x86_64", (2, 36), "")

    def check_mpi(self, interpreter: str) -> None:
        """Every interpreter has an mpirun."""

    def pythons(self) -> list[str]:
        """Two versions."""
        return ["3.11.7", "3.7.16"]

    def why(self, definition: EnvironmentDefinition, *, gpu: bool = False) -> str:
        """All that is asked for is new."""
        del gpu
        return f"with {', '.join(definition.pip)}"

    def explain(
        self, definition: EnvironmentDefinition, lock: LockRecord, *, gpu: bool = False
    ) -> list[str]:
        """Blame all that is asked for.

        Args:
            definition: The environment's definition.
            lock: The lock.
            gpu: Whether it is for nodes with a GPU.
        """
        del gpu
        return [f"{line} has no wheel for Python {lock.python}" for line in definition.pip]
