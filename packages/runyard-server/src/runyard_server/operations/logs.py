"""Logs of runs: what a job prints, appended while it runs."""

from contextlib import closing

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.files import LogHits, LogMark, LogQuery, LogSearchQuery
from runyard_server.core import lookups
from runyard_server.core.notices import run_topic
from runyard_server.core.system import Content, System
from runyard_server.operations import files
from runyard_server.store import log_search
from runyard_server.store.arrived import fresh
from runyard_server.store.folders import CHUNK, Body, checked


def append(
    system: System, workspace: str, run: str, path: str, *, query: LogQuery, body: Body
) -> LogMark:
    """Append to a log at an offset, or replace it; bytes that are there already are passed over.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        path: The log's path in the run.
        query: Where the bytes stand in the log, or that they replace it.
        body: The bytes.

    Raises:
        InvalidRequest: The path cannot be a log's.
        RunNotFound: No such run.
        WrongState: Bytes before `offset` are missing; `details["size"]` is what is here.
        StorageFull: No space is left; `size` of the log tells what was kept.
    """
    if query.offset < 0 or (query.anew and query.offset):
        raise InvalidRequest(f"the offset of a log cannot be {query.offset}")
    name = checked(path)
    system.read(lambda work: lookups.run_key(work, workspace, run))
    try:
        size = system.logs.append(workspace, run, name, query.offset, body, anew=query.anew)
    finally:
        # Also when it failed half-way: what was written can be read.
        system.notices.changed(run_topic(workspace, run))
    checksum = system.logs.checksum(workspace, run, name) if query.check else None
    return LogMark(path=name, size=size, checksum=checksum)


def search(
    system: System, workspace: str, run: str, path: str, *, query: LogSearchQuery
) -> LogHits:
    """Find a text in a log, or in another text file of a run.

    A search that takes longer than two seconds answers what it has found, and where to go on.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        path: The file's path in the run.
        query: What to find.

    Raises:
        RunNotFound: No such run.
        RunFileNotFound: No such file.
        InvalidRequest: There is nothing to find, or the expression is wrong.
    """
    if not query.text:
        raise InvalidRequest("say what to find: text is empty")
    found = files.read(system, workspace, run, path)
    if isinstance(found, Content):
        return log_search.search(found.path, query)
    # A search goes back and forth in its file, which a store would send again each time.
    with closing(fresh(system.blobs.incoming, hashed=False)) as here:
        with found.open(0, found.size) as source:
            while data := source.read(CHUNK):
                here.add(data)
        here.rewind()
        return log_search.search(here.path, query)
