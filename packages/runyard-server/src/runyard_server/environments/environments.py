"""Definition -> lock -> realised environment, each found again under the hash of its input.

    definition_hash   microseconds; what decides the outcome, in normal form
    lock              a second or more; exact versions and hashes, by uv
    realised          a look at two files: no process, no network
    realise           seconds to minutes; one build for all who ask

Thread-safe. Locks are kept by the caller, under the hash of the definition; only those made by
this process are remembered here, so that many runs that come at once with one new definition
resolve it once.
"""

import errno
import hashlib
import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from runyard.protocol import conda_locks
from runyard.protocol.compatibility import told
from runyard.protocol.environments import NOW, EnvironmentDefinition, LockRecord
from runyard.protocol.errors import RunyardError, StorageFull
from runyard.protocol.jobs import JobEnvironment
from runyard_server.environments import (
    ahead,
    building,
    compatibility,
    compiled,
    conda_accounts,
    conda_rule,
    dates,
    interpreters,
    mpi,
    pythons,
    resolver,
    selection,
    uv_program,
)
from runyard_server.environments import inputs as normal
from runyard_server.environments.builds import Builds
from runyard_server.environments.bytecode import BytecodeCompiler
from runyard_server.environments.compatibility import LockSettings
from runyard_server.environments.conda_rule import Mirrors
from runyard_server.environments.failures import EnvironmentFailed
from runyard_server.environments.history import History
from runyard_server.environments.inputs import CondaInputs, Inputs
from runyard_server.environments.interpreters import Interpreter
from runyard_server.environments.private_wheels import PrivateWheels
from runyard_server.environments.resolver import Tool
from runyard_server.environments.selection import Selected, Selection

DIGEST_LENGTH = 32
_REMEMBERED = 16
# Written last by the light half's builder.
READY = "ready.json"
USER_MANAGED = "# interpreter: "


class EnvironmentSettings(LockSettings, Protocol):
    """The settings that matter here."""

    @property
    def python_downloads(self) -> bool:
        """Whether a Python that is not on this machine may be fetched."""
        ...


class Environments:
    """The environments of one service.

    Args:
        folder: `environments/` of the state folder; exists.
        packages: `packages/` of the state folder: uv's cache, on the same file system.
        light: Folder with the light half.
        settings: What was set.
        datastores: `datastores/` of the state folder, where users' own wheels are.
    """

    def __init__(
        self,
        folder: Path,
        packages: Path,
        light: Path,
        settings: EnvironmentSettings,
        datastores: Path,
    ) -> None:
        self._folder = folder
        self._packages = packages
        self._light = light
        self._settings = settings
        self._history = History(folder / ".inputs")
        self._wheels = PrivateWheels(datastores)
        self._accounts = conda_accounts.Accounts(folder / ".accounts")
        self._bytecode = BytecodeCompiler(light)
        self._drafts = ahead.Drafts(light, folder, packages, self._history)
        self._builds = Builds()
        self._turns: dict[str, threading.Lock] = {}
        self._made: dict[str, LockRecord] = {}

    def definition_hash(self, definition: EnvironmentDefinition, *, gpu: bool = False) -> str:
        """The key of a definition's lock.

        Args:
            definition: What the user asked for.
            gpu: Whether the nodes that it is for have GPUs.

        Raises:
            EnvironmentFailed: The definition cannot be understood.
        """
        return self._inputs(definition, gpu=gpu).hash

    def lock(
        self,
        definition: EnvironmentDefinition,
        log: Callable[[str], None],
        *,
        gpu: bool = False,
        begin: bool = False,
    ) -> LockRecord:
        """Resolve a definition to exact versions.

        Args:
            definition: What the user asked for.
            log: Takes lines of the build log, the reason of a failure too.
            gpu: Whether the nodes that it is for have GPUs.
            begin: Whether its environment will be made here, so that it may be begun meanwhile.

        Raises:
            EnvironmentFailed: No set of packages or no interpreter satisfies it.
            IndexUnreachable: The package index does not answer.
        """
        try:
            inputs = self._inputs(definition, gpu=gpu)
            if definition.user_managed:
                return _as_it_is(inputs.interpreter, definition.interpreter)
            # One resolves, and the others find what it found: runs of one definition come together.
            with self._turns.setdefault(inputs.hash, threading.Lock()), self._space():
                if inputs.hash in self._made or not begin:
                    return self._by_pip_or_conda(definition, inputs, log, gpu=gpu)
                with self._drafts.during(inputs, self._tool()) as keep:
                    lock = self._by_pip_or_conda(definition, inputs, log, gpu=gpu)
                    if self.realised(lock) is None:
                        keep(lock)
                    return lock
        except RunyardError as error:
            log(f"error: {error.message}")
            raise

    def realised(self, lock: LockRecord) -> JobEnvironment | None:
        """The environment of a lock if it exists: two looks at the disk."""
        path = user_managed_interpreter(lock)
        if path:
            found = JobEnvironment(path, lock=lock.digest, python=lock.python)
            return found if os.access(path, os.X_OK) else None
        folder = self._folder / lock.digest
        python = folder / "bin" / "python"
        # The mark comes last: a folder without it is half made, by a builder that was killed.
        if not (folder / READY).exists() or not os.access(python, os.X_OK):
            return None
        return JobEnvironment(str(python), str(folder), lock.digest, lock.python, lock.requirements)

    def realise(
        self, lock: LockRecord, log_path: Path, cancelled: Callable[[], bool]
    ) -> JobEnvironment:
        """Make the environment of a lock, or wait for whoever makes it.

        Args:
            lock: What `lock` gave.
            log_path: The run's build log; what is said comes behind what is there.
            cancelled: Says whether to give up; asked several times a second.

        Raises:
            EnvironmentFailed: The interpreter is gone, or the packages cannot be installed.
            IndexUnreachable: The package index does not answer.
            StorageFull: No space is left.
            BuildCanceled: Given up.
        """
        found = self.realised(lock)
        if found is None:
            shared = self._folder / f"{lock.digest}.log"
            with self._builds.turn(lock.digest, shared, log_path, cancelled) as turn:
                found = self.realised(lock)
                if found is None:
                    turn.begin()
                    self._build(lock, log_path, cancelled)
                    found = self.realised(lock)
        if found is None:
            raise EnvironmentFailed(
                f"the interpreter of environment {lock.digest} is not on this machine any more "
                f"(Python {lock.python}); install it, or change the environment"
            )
        return found

    def why(self, definition: EnvironmentDefinition, *, gpu: bool = False) -> str:
        """What is new about a definition that has no lock yet, beside what was made before.

        Args:
            definition: What the user asked for.
            gpu: Whether the nodes that it is for have GPUs.
        """
        # A reason is shown to everybody who sees the run; addresses may hold passwords.
        return resolver.hidden(self._history.why(self._inputs(definition, gpu=gpu)))

    def explain(
        self, definition: EnvironmentDefinition, lock: LockRecord, *, gpu: bool = False
    ) -> list[str]:
        """What may explain that a lock cannot be built: pins without a wheel for its Python.

        Args:
            definition: What the user asked for.
            lock: What `lock` made of it.
            gpu: Whether the nodes that it is for have GPUs.
        """
        # Asked after a failure alone: packages that never had a wheel mostly build well.
        inputs = self._inputs(definition, gpu=gpu)
        python = pythons.find(lock.python)
        if inputs.interpreter or python is None or conda_locks.packages(lock.requirements):
            return []
        # In compatibility mode none of what is pinned was looked for.
        if told(lock.requirements):
            return []
        try:
            fetch = self._settings.python_downloads
            return selection.missed(inputs, python, self._tool(), fetch=fetch)
        except RunyardError:
            return []

    @property
    def machine(self) -> mpi.Machine:
        """The machine on which environments are made: it decides where MPI comes from."""
        return mpi.this_machine()

    def check_mpi(self, interpreter: str) -> None:
        """Check that an interpreter which the user looks after has an mpirun.

        Raises:
            InvalidRequest: There is none beside it or on PATH.
        """
        mpi.check_interpreter(interpreter, interpreters.located(interpreter), os.environ)

    def pythons(self) -> list[str]:
        """The versions of this machine's Pythons that jobs run on, newest first."""
        found = interpreters.everything()
        return [one.dotted for one in found if one.minor >= normal.OLDEST_PYTHON]

    def close(self) -> None:
        """End what is done in the background; builds that are waited for are not touched."""
        self._drafts.close()
        self._bytecode.close()

    def _inputs(self, definition: EnvironmentDefinition, *, gpu: bool, conda: str = "") -> Inputs:
        return compatibility.inputs_of(definition, self._settings, gpu=gpu, conda=conda)

    def _by_pip_or_conda(
        self,
        definition: EnvironmentDefinition,
        inputs: Inputs,
        log: Callable[[str], None],
        *,
        gpu: bool,
    ) -> LockRecord:
        """The lock; conda is asked for packages of its own that pip's index does not know."""
        try:
            return self._remembered(inputs, log)
        except EnvironmentFailed as error:
            may_ask = inputs.conda is None and self._settings.conda == conda_rule.NEEDED
            names = conda_rule.missing(definition, error.message) if may_ask else []
            if not names:
                raise
            log(f"pip's index has no {', '.join(names)}: the environment is made with conda")
            try:
                return self._remembered(
                    self._inputs(definition, gpu=gpu, conda=conda_rule.ALWAYS), log
                )
            except RunyardError as other:
                # The first reason may be all there is to it: a name with a slip in it.
                text = f"{error.message}\nconda has been asked, too: {other.message}"
                raise EnvironmentFailed(text) from error

    def _remembered(self, inputs: Inputs, log: Callable[[str], None]) -> LockRecord:
        found = self._made.get(inputs.hash)
        if found is None:
            found = self._made[inputs.hash] = self._resolved(inputs, log)
            # Dicts keep their order, so the oldest goes first.
            while len(self._made) > _REMEMBERED:
                self._made.pop(next(iter(self._made)), None)
        return found

    @contextmanager
    def _space(self) -> Iterator[None]:
        """Report a full disk as what it is."""
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise StorageFull(
                f"no space is left on the disk of '{self._folder}': remove what is not needed, or "
                "set RUNYARD_HOME to another disk"
            ) from error

    def _resolved(self, inputs: Inputs, log: Callable[[str], None]) -> LockRecord:
        # A build log is shown to everybody who sees the run; addresses may hold passwords.
        for note in inputs.notes:
            log(resolver.hidden(note))
        log(resolver.hidden(f"Environment {inputs.hash[:8]} {self._history.why(inputs)}"))
        found = self._fitting(inputs, log)
        dotted, text = found.python.dotted, found.lines
        for note in found.notes:
            log(note)
        digest = _digest(inputs.platform, dotted, text)
        if inputs.conda is not None:
            self._accounts.keep(digest, conda_accounts.of(inputs.conda))
        lock = LockRecord(digest, dotted, text, notes=list(found.notes))
        self._history.keep(inputs, lock)
        return lock

    def _fitting(self, inputs: Inputs, log: Callable[[str], None]) -> Selected:
        if not inputs.compatibility:
            return self._dated(inputs, log)
        fetch, tool = self._settings.python_downloads, self._tool()

        def locked(other: Inputs) -> Selected:
            return self._dated(other, log)

        return compatibility.lock(inputs, tool, log, locked, fetch=fetch)

    def _dated(self, inputs: Inputs, log: Callable[[str], None]) -> Selected:
        """The Python and the lock's lines, without a date that a framework implies if none fit."""
        try:
            return self._selected(inputs, log)
        except EnvironmentFailed as error:
            if not inputs.as_of:
                raise
            found, reason = self._by_table(inputs, error, log)
            if found is not None:
                return found
            dated = f"nothing fits as of {inputs.as_of}"
            if dates.is_undated(error.message):
                dated += " (the package index does not tell when its files came)"
            if not inputs.as_of_from:
                hint = f"pin what is newer exactly, or take another date ('{NOW}' for none)"
                raise EnvironmentFailed(f"{dated}: {hint}. {reason}") from error
            log(reason)
        note = f"{dated}, the date of {inputs.as_of_from}: the newest packages are used"
        found = self._selected(replace(inputs, as_of="", as_of_from=""), log)
        return replace(found, notes=(note, *found.notes))

    def _by_table(
        self, inputs: Inputs, error: EnvironmentFailed, log: Callable[[str], None]
    ) -> tuple[Selected | None, str]:
        """The same by our own table of dates, where the index tells none; else why not."""
        if not dates.is_undated(error.message):
            return None, error.message
        # Loaded where it is needed: the table is of use to few indexes.
        from runyard_server.environments import upload_dates

        bounds = upload_dates.bounds(inputs.as_of, inputs.requirements)
        try:
            found = self._selected(replace(inputs, bounds=bounds), log)
        except EnvironmentFailed as other:
            return None, other.message
        note = upload_dates.told(inputs.as_of, inputs.requirements, found.lines)
        return replace(found, notes=(note, *found.notes)), ""

    def _selected(self, inputs: Inputs, log: Callable[[str], None]) -> Selected:
        tool = self._tool()
        if inputs.conda is not None:
            return self._solved(self._located(inputs), inputs.conda, tool, log)

        def locked(wanted: Inputs, python: Interpreter, wheels: Sequence[str]) -> str:
            located = self._located(wanted)
            return self._wheels.addressed(_locked(located, python, wheels, tool, log))

        return Selection(inputs, tool, log, locked, fetch=self._settings.python_downloads).run()

    def _located(self, inputs: Inputs) -> Inputs:
        """The inputs with the paths of users' own wheels."""
        own = [self._wheels.located(each) for each in inputs.requirements]
        return replace(inputs, requirements=tuple(own))

    def _solved(
        self, inputs: Inputs, wanted: CondaInputs, tool: Tool, log: Callable[[str], None]
    ) -> Selected:
        """The Python and the lock's lines where conda gives a part of them."""
        from runyard_server.environments import conda_solving

        cache = self._packages / "conda"
        mirrors = self._mirrors(conda_accounts.of(wanted))
        solved = conda_solving.solve(inputs, wanted, cache, mirrors, log)
        major, minor, patch = (int(part) for part in solved.python.split("."))
        python = Interpreter("", (major, minor, patch))
        if not inputs.requirements:
            return Selected(python, solved.lines)
        with TemporaryDirectory(prefix="runyard-conda-") as name:
            given = conda_solving.as_wheels(solved.packages, Path(name))
            both = replace(inputs, requirements=(*inputs.requirements, *given.values()))
            try:
                pip = _locked(both, python, (), tool, log, tuple(given))
            except EnvironmentFailed as error:
                reason = conda_solving.told(error.message, solved.packages)
                raise EnvironmentFailed(reason) from error
        return Selected(python, solved.lines + self._wheels.addressed(pip))

    def _mirrors(self, accounts: Mapping[str, str]) -> Mirrors:
        return Mirrors(self._settings.conda_mirrors, accounts)

    def _build(self, lock: LockRecord, log_path: Path, cancelled: Callable[[], bool]) -> None:
        if user_managed_interpreter(lock):
            return
        conda = self._conda_program(lock)
        python = None if conda else pythons.find(lock.python)
        if python is None and conda is None:
            return
        tool = self._tool()
        folder = self._folder / lock.digest
        path = lock.python if python is None else python.path
        with self._space():
            lines = self._written(lock)
            draft = self._drafts.take(lock.digest)
            if draft is not None and draft.finish(folder, lines, log_path, cancelled):
                self._bytecode.add(folder)
                return
            command = building.command(
                self._light, folder, lines, path, tool.program, self._packages, conda
            )
            building.build(command, log_path, tool, self._folder, cancelled)
        self._bytecode.add(folder)

    def _conda_program(self, lock: LockRecord) -> Path | None:
        """The program that installs the conda packages of a lock, None where it has none."""
        if not conda_locks.packages(lock.requirements):
            return None
        from runyard_server.environments import conda_solving

        conda_solving.check_installed()
        return conda_solving.PROGRAM

    def _written(self, lock: LockRecord) -> Path:
        """Write the lock beside its environment, for the builder; many may do so at once."""
        lines = self._folder / f"{lock.digest}.txt"
        draft = self._folder / f"{lock.digest}.{secrets.token_hex(4)}.tmp"
        mirrors = self._mirrors(self._accounts.of(lock.digest))
        try:
            # Channels and mirrors may have passwords in their addresses.
            draft.touch(0o600)
            draft.write_text(mirrors.placed(self._wheels.placed(lock.requirements)), "utf-8")
            draft.replace(lines)
        finally:
            draft.unlink(missing_ok=True)
        return lines

    def _tool(self) -> Tool:
        return Tool(uv_program.program(), uv_program.variables(self._packages, os.environ))


def user_managed_interpreter(lock: LockRecord) -> str:
    """The interpreter of a lock that the user looks after; "" where we make the environment."""
    if not lock.requirements.startswith(USER_MANAGED):
        return ""
    return lock.requirements.partition("\n")[0].removeprefix(USER_MANAGED)


def _locked(
    inputs: Inputs,
    python: Interpreter,
    wheels: Sequence[str],
    tool: Tool,
    log: Callable[[str], None],
    given: Sequence[str] = (),
) -> str:
    """The lines of a lock for one Python."""
    log(
        f"resolving {len(inputs.requirements) - len(given)} requirements for Python {python.dotted}"
    )
    begun = time.monotonic()
    wanted = compiled.taken_apart(inputs.requirements, python.minor, mpi.this_machine())
    for note in wanted.notes:
        log(note)
    resolved = replace(inputs, requirements=wanted.resolved)
    lines = resolver.resolve(resolved, python, tool, wheels, given)
    lines += "".join(f"{line}\n" for line in compiled.build_lines(wanted, lines))
    count = sum(1 for line in lines.splitlines() if line[:1] not in ("", "#", "-", " "))
    log(f"resolved {count} packages in {time.monotonic() - begun:.1f} s")
    return lines


def _digest(*parts: str) -> str:
    text = "\0".join((str(normal.FORMAT), *parts))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def _as_it_is(path: str, asked: str) -> LockRecord:
    """The lock of an interpreter that is used as it is."""
    if not path:
        raise EnvironmentFailed(_nowhere(asked))
    found = interpreters.to_run_jobs(path)
    if found is None:
        raise EnvironmentFailed(
            f"{path} does not run as Python 3.7 or newer, which jobs need; give another "
            "interpreter_path"
        )
    text = f"{USER_MANAGED}{found.path}\n"
    return LockRecord(_digest("as it is", text), found.dotted, text)


def _nowhere(asked: str) -> str:
    """The error for an interpreter that is not on this machine."""
    if os.sep not in asked:
        return (
            f"there is no interpreter {asked!r}: it is no program on the PATH of the service; give "
            "its full path as interpreter_path"
        )
    return (
        f"there is no interpreter {asked!r} on {platform.node() or 'the machine'}, where the "
        "service runs: user_managed_dependencies=True uses the Python that submits, or "
        "interpreter_path; set that to a Python of this machine, or let the service make the "
        "environment (user_managed_dependencies=False)"
    )
