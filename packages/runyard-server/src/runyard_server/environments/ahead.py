"""Environments that are begun while their versions are still being resolved.

Resolving mostly waits for the package index, and linking files waits for nothing. So where a
definition is like one of before, a builder makes the virtual environment meanwhile, with what both
have; once the lock is there it brings the rest (`runyard.runtime.drafts`). A draft that comes to
nothing costs nobody more than its work: the environment is then made from the beginning.
"""

import json
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import IO

from runyard.protocol.environments import LockRecord
from runyard_server.environments import building, compiled, lines, pythons
from runyard_server.environments.failures import BuildCanceled
from runyard_server.environments.history import History, facts
from runyard_server.environments.inputs import Inputs
from runyard_server.environments.resolver import Tool

_FOLDER = ".drafts"


@dataclass(frozen=True)
class Like:
    """An environment of before that a new one is like.

    Args:
        lock: Digest of its lock.
        python: Its Python.
        without: Its packages that the new one has otherwise.
    """

    lock: str
    python: str
    without: Sequence[str]


class Draft:
    """One environment that was begun.

    Args:
        folder: Where it is made.
        like: What it is begun with.
        command: Begins it.
        tool: The builder's variables.
    """

    def __init__(self, folder: Path, like: Like, command: list[str], tool: Tool) -> None:
        self._folder = folder
        self.python = like.python
        self._reason: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the draft
        self._process = building.start(command, tool, folder.parent, self._reason, ordered=True)

    def finish(
        self, folder: Path, requirements: Path, log_path: Path, cancelled: Callable[[], bool]
    ) -> bool:
        """Have it brought to a lock, and put into its place.

        Args:
            folder: Its place.
            requirements: File with the lock's lines.
            log_path: Takes the build log, behind what is there.
            cancelled: Says whether to give up.

        Returns:
            Whether it is made; else it is to be made from the beginning.

        Raises:
            StorageFull: The disk is full.
            IndexUnreachable: The package index does not answer.
            BuildCanceled: It was given up.
        """
        log_path.parent.mkdir(parents=True, exist_ok=True)
        places = {"folder": folder, "requirements": requirements, "log": log_path}
        order = {name: str(place.absolute()) for name, place in places.items()}
        # A builder that has given up reads no more, and its exit status says so.
        with suppress(BrokenPipeError):
            self._order((json.dumps(order) + "\n").encode())
        with self._reason:
            try:
                building.watch(self._process, cancelled)
            except BuildCanceled:
                rmtree(self._folder, ignore_errors=True)
                raise
            status = self._process.returncode
            # Either would stop a builder that begins anew, too. All else may come of what was
            # begun, or of a kill, and says nothing of the lock.
            if status in (building.DISK_FULL, building.UNREACHABLE):
                raise building.failure(status, self._reason)
            return bool(status == 0)

    def discard(self) -> None:
        """Let the builder know that nobody wants it; it removes what it has made."""
        with suppress(BrokenPipeError):
            self._order(b"")
        # Not waited for: it may be linking, and looks for its order when that is done.
        threading.Thread(target=self._ended, name="discard-draft", daemon=True).start()

    def _ended(self) -> None:
        with self._reason:
            self._process.wait()

    def _order(self, text: bytes) -> None:
        assert self._process.stdin is not None
        with self._process.stdin as stream:
            stream.write(text)


class Drafts:
    """The environments that one service has begun.

    Args:
        light: Folder with the light half.
        folder: `environments/` of the state folder.
        packages: Folder of downloaded packages.
        history: What was made before.
    """

    def __init__(self, light: Path, folder: Path, packages: Path, history: History) -> None:
        self._light = light
        self._folder = folder
        self._packages = packages
        self._history = history
        self._guard = threading.Lock()
        self._waiting: dict[str, Draft] = {}

    @contextmanager
    def during(self, inputs: Inputs, tool: Tool) -> Iterator[Callable[[LockRecord], None]]:
        """Have the environment of a definition begun while its lock is made.

        Args:
            inputs: The definition in normal form.
            tool: uv.

        Yields:
            What is to be told the lock, unless its environment is there.
        """
        draft, kept = self._begun(inputs, tool), False

        def keep(lock: LockRecord) -> None:
            nonlocal kept
            if draft is not None and draft.python == lock.python:
                self._keep(lock.digest, draft)
                kept = True

        try:
            yield keep
        finally:
            if draft is not None and not kept:
                draft.discard()

    def take(self, digest: str) -> Draft | None:
        """The draft of a lock, for whoever makes the environment."""
        with self._guard:
            return self._waiting.pop(digest, None)

    def close(self) -> None:
        """Discard what nobody has taken."""
        with self._guard:
            left, self._waiting = list(self._waiting.values()), {}
        for draft in left:
            draft.discard()

    def _begun(self, inputs: Inputs, tool: Tool) -> Draft | None:
        """Begin an environment; None where none of before is like it."""
        like = _like(inputs, self._history)
        python = None if like is None else pythons.find(like.python)
        if like is None or python is None or python.dotted != like.python:
            return None
        place = self._folder / _FOLDER / secrets.token_hex(8)
        place.parent.mkdir(exist_ok=True)
        there = self._folder / f"{like.lock}.txt"
        given = {
            "folder": str(place.absolute()),
            "like": str(there.absolute()),
            "without": list(like.without),
            "python": python.path,
            "uv": tool.program,
            "cache": str(self._packages.absolute()),
        }
        command = [*building.program(self._light), "draft", json.dumps(given)]
        # Without processes, files or threads to spare the lock is made all the same.
        with suppress(OSError, RuntimeError):
            return Draft(place, like, command, tool)
        return None

    def _keep(self, digest: str, draft: Draft) -> None:
        with self._guard:
            other = self._waiting.pop(digest, None)
            self._waiting[digest] = draft
        if other is not None:
            other.discard()


def _like(inputs: Inputs, history: History) -> Like | None:
    """The environment that has all that a definition asks for, but for versions and additions."""
    if inputs.conda is not None or inputs.compatibility or compiled.any_of(inputs.requirements):
        return None
    before = history.nearest(inputs)
    if before is None or not before.lock:
        return None
    wanted = facts(inputs)
    gone, come = before.facts - wanted, wanted - before.facts
    changed = set(map(lines.package, come))
    # Another index, platform or day may mean other packages throughout; and what nobody asks for
    # any more may have brought most of what is there.
    if not come <= set(inputs.requirements) or not set(map(lines.package, gone)) <= changed:
        return None
    return Like(before.lock, before.python, sorted(changed))
