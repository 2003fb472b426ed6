"""`./outputs` into the history: by content, so that what the service has is not sent again.

It is done when the script has ended, also when it failed or was canceled. Which files there are,
and under which names they are kept, is `client.trees`' matter; what cannot be kept is told as a
warning, and the others are kept.
"""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Dict, List, Optional, Tuple, Union

from runyard.client import copying
from runyard.client.trees import SHOWN, VANISHED, LeftOut, Walk, told
from runyard.protocol.errors import Conflict, InvalidRequest, WrongState
from runyard.runtime.service import patiently

if TYPE_CHECKING:
    from runyard.runtime.service import JobService

TRIES = 3
HANDED_BYTES = 4 << 20
OUTPUTS = "outputs"
CHANGED = "it was changed while it was read"
FIRST_SECONDS = 1.0
NEXT_SECONDS = 2.0

Entry = Dict[str, Any]


def _nobody(_text: str) -> None:
    """Report nothing."""


def collect(
    folder: str,
    service: JobService,
    warn: Callable[[str], None],
    patience: float,
    tell: Callable[[str], None] = _nobody,
    node: int = 0,
) -> int:
    """Send and register every file below `folder`; give their count.

    A node that is not the first leaves its name to a file of another one that has other bytes, and
    has its own kept under a name with its number.

    Args:
        folder: The job's `outputs`.
        service: Where to.
        warn: Told of what could not be kept.
        patience: Seconds to wait for a service that is away.
        tell: Told from time to time how far this is, where it takes long.
        node: Which node of the run this is.

    Raises:
        RunyardError: The service refused for good (its disk is full, the run is gone).
    """
    walk = Walk(folder, OUTPUTS)
    left_out = walk.left_out
    if walk.files:
        sending = _Sending(service, left_out, patience, node)
        progress = _Progress(len(walk.files), tell)
        for place, name in [(place, name) for name, place in walk.files]:
            sending.add(place, name)
            progress.show(sending.done)
        sending.finish()
        if sending.renamed:
            warn(_told_renamed(sending.renamed, node))
    if left_out:
        warn(told(left_out, "the run's outputs"))
    return len(walk.files)


def beside(path: str, node: int) -> str:
    """The name of a node's file where another node has one of that name: `a-node1.txt`."""
    stem, ending = os.path.splitext(path)
    return f"{stem}-node{node}{ending}"


def _told_renamed(paths: List[str], node: int) -> str:
    shown = ", ".join(f"'{path}' as '{beside(path, node)}'" for path in paths[:SHOWN])
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return (
        f"node {node} has files of the same names as other nodes with other contents; kept beside "
        f"them: {shown}{more}"
    )


class _Progress:
    """Logs how many files are kept: soon at first, more rarely the longer it takes."""

    def __init__(self, total: int, tell: Callable[[str], None]) -> None:
        self._total = total
        self._tell = tell
        self._told = 0
        self._begun = time.monotonic()
        self._next = self._begun + FIRST_SECONDS

    def show(self, done: int) -> None:
        now = time.monotonic()
        if now >= self._next and done > self._told:
            self._told = done
            self._tell(f"{done:,} of {self._total:,} output files are kept")
            self._next = now + max(NEXT_SECONDS, (now - self._begun) / 10)


class _Sending:
    """Files on their way: a batch is put together, sent and registered; then comes the next.

    Small files are in memory from being read until they are sent; large ones are read again.

    Args:
        service: Where to.
        left_out: Gets what could not be kept.
        patience: Seconds to wait for a service that is away.
        node: Which node of the run this is.

    Attributes:
        done: Files of which nothing more is to be done.
        renamed: The names that files of other nodes have.
    """

    def __init__(
        self, service: JobService, left_out: List[LeftOut], patience: float, node: int = 0
    ) -> None:
        self.done = 0
        self.renamed: List[str] = []
        self._node = node
        self._service = service
        self._left_out = left_out
        self._patience = patience
        self._entries: Dict[str, Entry] = {}
        self._small: Dict[str, bytes] = {}
        self._bytes = 0

    def add(self, file: str, name: str) -> None:
        """Take a file on; a batch that is full is sent first."""
        from runyard.protocol.batches import BATCH_BYTES, BATCH_FILES

        if len(self._entries) >= BATCH_FILES or self._bytes >= BATCH_BYTES:
            self.finish()
        self._read(file, name)

    def finish(self) -> None:
        """Send what is there; what has changed meanwhile is read and sent again, a few times."""
        for _ in range(TRIES):
            batch, lost = self._entries, self._send()
            self._entries, self._small, self._bytes = {}, {}, 0
            self.done += len(batch) - len(lost)
            for file in lost:
                self._read(file, str(batch[file]["path"]))
            if not self._entries:
                return
        self.done += len(self._entries)
        self._left_out += [LeftOut(str(e["path"]), CHANGED) for e in self._entries.values()]
        self._entries, self._small, self._bytes = {}, {}, 0

    def _read(self, file: str, name: str) -> None:
        """Describe a file by content; what cannot be read is done with."""
        try:
            entry, data = _described(file, name)
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            reason = VANISHED if gone else f"cannot be read ({error.strerror})"
            self._left_out.append(LeftOut(name, reason))
            self.done += 1
            return
        self._entries[file] = entry
        if data is not None:
            self._small[entry["digest"]] = data
            self._bytes += len(data)

    def _send(self) -> List[str]:
        """Store and register files; give those that have another content by now."""
        # Of equal files one is sent.
        by_digest = {str(entry["digest"]): file for file, entry in self._entries.items()}
        if not by_digest:
            return []
        missing = patiently(lambda: self._service.missing(list(by_digest)), self._patience)
        small = [digest for digest in missing if digest in self._small]
        # Refused is what has another digest there: damaged on its way, or changed meanwhile.
        lost = set(self._send_small(small))
        for digest in missing:
            if digest not in self._small and not self._send_large(by_digest[digest], digest):
                lost.add(digest)
        kept = [e for e in self._entries.values() if e["digest"] not in lost]
        self._register(kept)
        return [file for file, entry in self._entries.items() if entry["digest"] in lost]

    def _register(self, entries: List[Entry]) -> None:
        """Add files to the run; one that the service refuses does not take the others with it."""
        if not entries:
            return
        # What is there with another content is what a script has stored itself, or another node.
        over = self._node == 0
        try:
            patiently(lambda: self._service.register(entries, over), self._patience)
        except (Conflict, InvalidRequest) as error:
            if len(entries) > 1:
                half = len(entries) // 2
                self._register(entries[:half])
                self._register(entries[half:])
                return
            path = str(entries[0]["path"])
            if over or not isinstance(error, Conflict) or self._is_renamed(path):
                self._left_out.append(LeftOut(path, error.message))
                return
            self.renamed.append(path)
            self._register([{**entries[0], "path": beside(path, self._node)}])

    def _is_renamed(self, path: str) -> bool:
        return any(beside(each, self._node) == path for each in self.renamed)

    def _send_small(self, digests: List[str]) -> List[str]:
        from runyard.protocol.batches import Content, join

        if not digests:
            return []
        body = join([Content(digest, self._small[digest]) for digest in digests])
        return patiently(lambda: self._service.write_blobs(body), self._patience)

    def _send_large(self, file: str, digest: str) -> bool:
        """Send one content; say whether it is there now."""
        try:
            with open(file, "rb") as stream:
                large = _Large(self._service, digest, stream)
                if large.size >= HANDED_BYTES and self._service.hand_over(file, digest):
                    large.there = large.size
                patiently(large.send, self._patience)
        except (OSError, InvalidRequest):
            # Whoever describes it anew tells what is the matter with it.
            return False
        return True


class _Large:
    """A file that is sent by itself, after a break from where it broke off.

    Attributes:
        size: Its size in bytes.
        there: How many of them have come; None: the service is asked.
    """

    def __init__(self, service: JobService, digest: str, stream: BinaryIO) -> None:
        self._service = service
        self._digest = digest
        self._stream = stream
        self.size = os.fstat(stream.fileno()).st_size
        self.there: Optional[int] = 0

    def send(self) -> None:
        """Send what has not come."""
        start = self._service.begun(self._digest) if self.there is None else self.there
        self.there = None
        if start is None:
            # All of it had come, and the answer was lost.
            return
        try:
            self._service.write_blob(self._digest, self._stream, self.size, start)
        except WrongState:
            # Somebody else sends the same, or the rest was swept.
            self._service.write_blob(self._digest, self._stream, self.size)


def _described(file: str, name: str) -> Tuple[Entry, Optional[bytes]]:
    """Read a file; give its entry, and its content if it is small."""
    import hashlib

    from runyard.protocol.batches import SMALL_BYTES

    digest = hashlib.sha256()
    with open(file, "rb", buffering=0) as stream:
        executable = bool(os.fstat(stream.fileno()).st_mode & stat.S_IXUSR)
        data: Optional[bytes] = stream.read(SMALL_BYTES + 1)
        size = _digested(digest, data or b"")
        if size > SMALL_BYTES:
            data = None
            size += sum(_digested(digest, block) for block in copying.blocks(stream))
    entry = {"path": name, "digest": digest.hexdigest(), "size": size, "executable": executable}
    return entry, data


def _digested(digest: Any, block: Union[bytes, memoryview]) -> int:
    digest.update(block)
    return len(block)
