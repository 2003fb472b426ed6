"""Making environments for runs: at once where they exist, else in a thread of a pool.

`ready` is asked in the loop and must be quick: hash, one read, one look at the disk. `start` does
what may take minutes: resolve the definition, then build. Many runs may wait for one build; that
is the environments' business. A preparation that nobody wants any more is told so.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from runyard.protocol.environments import EnvironmentDefinition, LockRecord
from runyard.protocol.errors import EnvironmentFailed
from runyard.protocol.files import BUILD_LOG
from runyard.protocol.jobs import JobEnvironment
from runyard.protocol.timeouts import PREPARATIONS_CLOSE_SECONDS
from runyard_server.core.figures import BUILT, FOUND
from runyard_server.core.notices import run_topic
from runyard_server.core.sites import Site
from runyard_server.core.system import System
from runyard_server.execution import preparing
from runyard_server.execution.sites import site_of
from runyard_server.operations import environments
from runyard_server.scheduler.pool import Pool
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

# Most of them only wait: for a build that another run has begun, or for the index.
_THREADS = 32
_log = logging.getLogger(__name__)


class Locks(Protocol):
    """What the scheduler needs of `runyard_server.environments`: locks are made centrally."""

    def definition_hash(self, definition: EnvironmentDefinition, *, gpu: bool = ...) -> str:
        """The key under which a definition's lock is kept."""
        ...

    def lock(
        self,
        definition: EnvironmentDefinition,
        log: Callable[[str], None],
        *,
        gpu: bool = ...,
        begin: bool = ...,
    ) -> LockRecord:
        """Resolve a definition.

        Args:
            definition: The environment's definition.
            log: Takes a line at a time.
            gpu: Whether it is for nodes with a GPU.
            begin: Whether its environment is then made on this machine.
        """
        ...

    def why(self, definition: EnvironmentDefinition, *, gpu: bool = ...) -> str:
        """What is new about a definition that has no lock yet."""
        ...

    def explain(
        self, definition: EnvironmentDefinition, lock: LockRecord, *, gpu: bool = ...
    ) -> list[str]:
        """What may explain that the environment of a lock cannot be made.

        Args:
            definition: The environment's definition.
            lock: Its lock.
            gpu: Whether it is for nodes with a GPU.
        """
        ...


class Preparations:
    """The environments of runs that are not placed yet.

    Args:
        system: The service's parts.
        locks: Makes locks; sites make environments of them.
        token: The scheduler's token for leases.
        done: Called with a run whose environment is there now.
        again: Called with a run to look at again in a while.
    """

    def __init__(
        self,
        system: System,
        locks: Locks,
        token: str,
        done: Callable[[Subject], None],
        again: Callable[[Subject], None],
    ) -> None:
        self._system = system
        self._locks = locks
        self._token = token
        self._done = done
        self._again = again
        self._making: dict[Subject, _Making] = {}
        self._pool = Pool("prepare", _THREADS)

    def subjects(self) -> set[Subject]:
        """The runs whose environments are being made."""
        return set(self._making)

    def ready(self, definition: EnvironmentDefinition, site: Site) -> LockRecord | None:
        """A definition's lock if its environment exists on a site."""
        try:
            digest = self._locks.definition_hash(definition, gpu=_has_gpus(site))
            lock = environments.cached_lock(self._system, digest)
            return lock if lock and site.environments.realised(lock) else None
        except Exception:  # noqa: BLE001 - the slow way meets the same fault and tells the run
            return None

    def environment(self, row: RunRow) -> JobEnvironment:
        """The environment of a placed run; one that vanished meanwhile is made again."""
        lock = environments.lock(self._system, row.workspace, row.environment_lock or "")
        made = site_of(self._system, row).environments
        found = made.realised(lock)
        if found is not None:
            return found
        return made.realise(lock, BuildLog(self._system, row).path, lambda: False)

    def start(self, row: RunRow, definition: EnvironmentDefinition) -> None:
        """Make the environment of a leased run in the background."""
        if row.subject not in self._making:
            making = self._making[row.subject] = _Making(row, definition)
            self._pool.submit(partial(self._prepare, making))

    def drop(self, run: Subject) -> None:
        """Stop what is made for a run that has ended."""
        making = self._making.get(run)
        if making is not None:
            making.unwanted.set()

    def close(self) -> None:
        """Stop everything; what was leased is taken up by the next process."""
        for making in list(self._making.values()):
            making.unwanted.set()
        self._pool.close(PREPARATIONS_CLOSE_SECONDS)

    def _prepare(self, making: "_Making") -> None:
        row = making.row
        try:
            self._make(making)
            # Before the wake-up: a turn that still found it here would leave the run to this
            # thread.
            del self._making[row.subject]
            if making.unwanted.is_set():
                preparing.drop(self._system, row.subject, self._token)
            self._done(row.subject)
        except Exception as error:  # noqa: BLE001 - whatever it was, the run must tell it
            self._making.pop(row.subject, None)
            self._fail(row, error, wanted=not making.unwanted.is_set())

    def _fail(self, row: RunRow, reason: Exception, *, wanted: bool) -> None:
        _log.info("preparing run %s failed: %s", row.id, reason)
        try:
            if wanted:
                preparing.fail(self._system, row.subject, self._token, reason)
            else:
                preparing.drop(self._system, row.subject, self._token)
        except Exception:  # noqa: BLE001 - a full disk, for example: it must not be left half-way
            _log.exception("run %s could not be set to failed; trying again", row.id)
            self._again(row.subject)

    def _make(self, making: "_Making") -> None:
        log = BuildLog(self._system, making.row)
        definition = making.definition
        site = site_of(self._system, making.row)
        # While the index is asked nobody wants the processor.
        site.backend.expect()
        gpu = _has_gpus(site)
        digest = self._locks.definition_hash(definition, gpu=gpu)
        # Where a user's own interpreter is may have changed: that is looked up each time.
        own = definition.user_managed
        lock = None if own else environments.cached_lock(self._system, digest)
        why, begun = "it was not on this site any more", time.monotonic()
        if lock is None:
            why = "" if own else self._locks.why(definition, gpu=gpu)
            # Of environments that nodes make there is nothing to begin here.
            here = site.backend.capabilities().shares_files
            lock = self._locks.lock(definition, log.write, gpu=gpu, begin=here)
            environments.keep_lock(self._system, digest, lock)

        def cancelled() -> bool:
            log.tell()
            return making.unwanted.is_set()

        built = site.environments.realised(lock) is None
        if built:
            try:
                site.environments.realise(lock, log.path, cancelled)
            except EnvironmentFailed as error:
                told = [*lock.notes, *self._locks.explain(definition, lock, gpu=gpu)]
                raise EnvironmentFailed("\n".join([*told, error.message])) from error
            preparing.tell_built(
                self._system, making.row.subject, self._token, why, time.monotonic() - begun
            )
        self._system.figures.environment(BUILT if built else FOUND)
        log.tell()


def _has_gpus(site: Site) -> bool:
    """Whether frameworks of a site's nodes shall be those for GPUs."""
    return site.backend.capabilities().gpus > 0


@dataclass(frozen=True)
class _Making:
    """An environment that is made for a run."""

    row: RunRow
    definition: EnvironmentDefinition
    unwanted: threading.Event = field(default_factory=threading.Event, compare=False)


class BuildLog:
    """The build log of one run: appended to here and by the builder, told to whoever follows.

    Args:
        system: The service's parts.
        row: The run.
    """

    def __init__(self, system: System, row: RunRow) -> None:
        self._system = system
        self._topic = run_topic(row.workspace, row.id)
        self._told = 0
        self.path = system.logs.path(row.workspace, row.id, BUILD_LOG)

    def write(self, text: str) -> None:
        """Append a line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else text + "\n")
        self.tell()

    def tell(self) -> None:
        """Wake the followers if the log has grown."""
        size = self.path.stat().st_size if self.path.is_file() else 0
        if size != self._told:
            self._told = size
            self._system.notices.changed(self._topic)
