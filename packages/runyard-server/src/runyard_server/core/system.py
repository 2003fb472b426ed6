"""What every operation is given: the parts of the service it may use.

`app` makes one `System` and wires it; tests make theirs with a fake clock. Operations are plain
functions `verb(system, …)`: no state of their own, no globals. They read and write through a unit
of work: `system.read(lambda work: rule(work, …))`, `system.write(…)`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from runyard.protocol.runs import QUEUED
from runyard_server.core.activity import Activity
from runyard_server.core.actors import Actor
from runyard_server.core.beating import BeatingRuns
from runyard_server.core.clock import Clock
from runyard_server.core.figures import Figures
from runyard_server.core.gateway import Gateway
from runyard_server.core.last_seen import LastSeen
from runyard_server.core.leading import Leading
from runyard_server.core.notices import Notices
from runyard_server.core.people import People
from runyard_server.core.refusals import Refusals
from runyard_server.core.sessions import Sessions
from runyard_server.core.sites import Sites
from runyard_server.core.studies import Studies
from runyard_server.core.work import Request, Work
from runyard_server.environments.boards import Boards
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.folders import Reading
from runyard_server.store.home import Home
from runyard_server.store.logs import LogStore
from runyard_server.store.records import Connection, Records

if TYPE_CHECKING:
    from runyard_server.core.settings import Settings

Result = TypeVar("Result")

BYTES = "application/octet-stream"


@dataclass(frozen=True)
class System:
    """The service's parts.

    Args:
        home: The state folder.
        records: The database.
        blobs: Contents by digest.
        logs: Logs of runs.
        notices: Wake-ups.
        clock: The time.
        secret: 32 random bytes from which tokens are made.
        settings: What can be set.
        url: Says where the service listens now.
        sites: Where runs can be.
        activity: What the process is doing, and how it is stopped.
        last_seen: When agents were heard of last.
        beating: Which interactive runs have a process that beats, and when it did last.
        studies: What the sweeps at work have in memory.
        gateway: What is known of the process that answers for endpoints.
        sessions: Browsers that are signed in.
        boards: TensorBoards of the studio.
        figures: What this process has counted, for whoever watches it.
        people: Everybody whom the service knows.
        refusals: Requests that were refused, until the audit log has them.
        actor: Who asks, and what the audit log is told of it; None for the service itself.
        leading: Whether this process leads, where several serve one database.
        request: The request that is being answered, where it has a key: see `idempotency`.
    """

    home: Home
    records: Records
    blobs: FolderBlobs
    logs: LogStore
    notices: Notices
    clock: Clock
    secret: bytes
    settings: "Settings"
    url: Callable[[], str]
    sites: Sites
    activity: Activity = field(default_factory=Activity)
    last_seen: LastSeen = field(default_factory=LastSeen)
    beating: BeatingRuns = field(default_factory=BeatingRuns)
    studies: Studies = field(default_factory=Studies)
    gateway: Gateway = field(default_factory=Gateway)
    sessions: Sessions = field(default_factory=Sessions)
    boards: Boards = field(default_factory=Boards)
    figures: Figures = field(default_factory=Figures)
    people: People = field(default_factory=People)
    refusals: Refusals = field(default_factory=Refusals)
    actor: Actor | None = None
    leading: Leading = field(default_factory=Leading)
    request: Request | None = None

    def acting(self, actor: Actor) -> "System":
        """The same parts, for what one person asks."""
        return self._with(actor=actor)

    def answering(self, request: Request) -> "System":
        """The same parts, for a request whose answer is kept."""
        return self._with(request=request)

    def _with(self, **changed: Any) -> "System":
        # By hand: `replace` makes all two dozen fields anew, 10 µs for each request.
        made = object.__new__(System)
        made.__dict__.update(self.__dict__)
        made.__dict__.update(changed)
        return made

    def read(self, look: Callable[[Work], Result]) -> Result:
        """What `look` finds in one moment's state of the database."""
        return self.records.read(lambda connection: look(Work(connection, self.clock)))

    def write(self, act: Callable[[Work], Result]) -> Result:
        """Do `act` in one transaction; return its result once it is on disk.

        It runs in the single writer's thread, so what takes long is done before. Whoever waits for
        what it announces is woken after the commit.

        Raises:
            Exception: What `act` raises; nothing of it is kept then, and nobody woken.
        """
        done: list[Work] = []

        def run(connection: Connection) -> Result:
            work = Work(connection, self.clock, self.request, self.actor, self.people)
            done.append(work)
            answer = act(work)
            work.tell()
            return answer

        answer = self.records.write(run)
        # Only now: a batch that fails as a whole has taken the entry with it.
        if self.actor is not None and self.actor.change is not None:
            self.actor.change.noted = True
        self._follow(done[-1])
        return answer

    def forget_others(self) -> None:
        """Drop what was heard and made in memory: another process goes on with it."""
        self.last_seen.clear()
        self.beating.clear()
        self.studies.drop_idle(0)
        self.sessions.forget_all()

    def _follow(self, work: Work) -> None:
        for row in work.ended:
            self.beating.forget(row.key)
            self.last_seen.forget(row.subject)
        for row in work.finished:
            self.figures.run_ended(row.workspace, row.status, row.stage_seconds.get(QUEUED))
        for topic in work.topics:
            self.notices.changed(topic)


@dataclass(frozen=True)
class Content:
    """A raw answer: a file the service streams, with Range.

    Args:
        path: The file.
        size: Bytes to give, from the file's start; a live file may have grown since.
        media_type: For the Content-Type header.
        live: The file may still grow.
        digest: SHA-256 of the content in hex, where it is known: the answer's ETag.
    """

    path: Path
    size: int
    media_type: str = BYTES
    live: bool = False
    digest: str | None = None

    def open(self, first: int, _end: int) -> Reading:
        """The file, from a byte on."""
        file = self.path.open("rb")
        file.seek(first)
        return file


@dataclass(frozen=True)
class RemoteContent:
    """A raw answer: a file of a store, which the service passes on, with Range.

    Args:
        size: Its bytes.
        reading: Opens it from a byte to before another.
        media_type: For the Content-Type header.
        digest: What the store calls this version of it: the answer's ETag.
        address: Signs an address of the store's own, "" where it cannot be asked by one.
    """

    size: int
    reading: Callable[[int, int], Reading]
    media_type: str = BYTES
    digest: str | None = None
    live: bool = False
    address: Callable[[], str] = str

    def open(self, first: int, end: int) -> Reading:
        """The file, from a byte to before another."""
        return self.reading(first, end)


@dataclass(frozen=True)
class Chunks:
    """A raw answer that is made while it is sent.

    Args:
        chunks: The bytes, in steps of about a megabyte; each is made in a thread.
        name: What a browser calls the file that it keeps; "" for what only programs read.
    """

    chunks: Iterator[bytes]
    name: str = ""
