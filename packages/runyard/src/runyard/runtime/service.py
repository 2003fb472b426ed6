"""The requests an agent makes, by name.

Each is a row of `protocol.routes`, written out here because the table and its records are too
costly to import before a script that may end in ten milliseconds; a test compares the two.
"""

from __future__ import annotations

import json
import os
import time
from typing import (
    TYPE_CHECKING,
    Any,
    BinaryIO,
    Callable,
    Dict,
    List,
    Optional,
    TypeVar,
    Union,
    cast,
)

from runyard.client.copying import is_full
from runyard.client.sender import AWAY, TROUBLE, Destination
from runyard.protocol.errors import RunNotFound, TemporaryError
from runyard.protocol.timeouts import AGENT_TIMEOUT_SECONDS, SERVICE_FAULT_SECONDS
from runyard.runtime import names
from runyard.runtime.wire import JSON, RAW, Wire, quote

if TYPE_CHECKING:
    from runyard.runtime.job import Job

Answer = TypeVar("Answer")
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


class JobService(Destination):
    """The service as the agent of one node sees it.

    Args:
        job: Who asks.
        timeout: Seconds without a byte after which a request counts as lost.
    """

    def __init__(self, job: Job, timeout: float = AGENT_TIMEOUT_SECONDS) -> None:
        self._wire = Wire(job.url, job.token, job.connection_file, timeout)
        self._workspace = f"{names.PREFIX}/workspaces/{quote(job.workspace)}"
        self._run = f"{self._workspace}/runs/{quote(job.run)}"
        self._run_folder = job.run_folder
        self._blobs = job.blobs
        self._node = f"{self._run}/nodes/{job.node}"

    def report(self, beat: Dict[str, Any]) -> Dict[str, Any]:
        """Send an AgentReport; give the AgentReply."""
        return self._json("POST", f"{self._node}/report", beat)

    def join(self, place: Dict[str, Any], wait: float = 0.0) -> Dict[str, Any]:
        """Send a JoinGang; give the GangTable, at the latest after `wait` seconds."""
        return self._json("POST", f"{self._node}/join", place, wait)

    def orders(self, known: Dict[str, bool], wait: float) -> Dict[str, Any]:
        """Send an OrdersQuery; give the AgentReply that tells something else, or after `wait`."""
        query = "&".join(f"{name}={str(value).lower()}" for name, value in known.items())
        answer = self._ask("GET", f"{self._node}/orders?{query}", b"", wait=wait)
        return _decoded(answer)

    def start_command(self, node: int, command: Dict[str, Any]) -> Dict[str, Any]:
        """Send a StartCommand for another node; give the CommandRecord."""
        return self._json("POST", f"{self._run}/nodes/{node}/commands", command)

    def command(self, node: int, number: int) -> Dict[str, Any]:
        """The CommandRecord of a command for another node."""
        return _decoded(self._ask("GET", f"{self._run}/nodes/{node}/commands/{number}", b""))

    def take_commands(self, after: int) -> Dict[str, Any]:
        """The CommandPage of what this node has not seen."""
        return self._json("POST", f"{self._node}/commands/take", {"after": after})

    def end_command(self, number: int, exit_code: int) -> None:
        """Report how a command ended here."""
        body = {"exit_code": exit_code}
        self._ask("POST", f"{self._node}/commands/{number}/end", _encode(body))

    def cut_batches(self, cut: Dict[str, Any]) -> Dict[str, Any]:
        """Send a CutBatches; give the BatchOrders."""
        return self._json("POST", f"{self._node}/batches", cut)

    def exchange_batches(self, told: Dict[str, Any]) -> Dict[str, Any]:
        """Send an ExchangeBatches; give the BatchOrders."""
        return self._json("POST", f"{self._node}/batches/exchange", told)

    def batch_results(self, after: int) -> Dict[str, Any]:
        """A BatchPage of results of batches above a number."""
        target = f"{self._run}/batches/results?after={after}"
        return _decoded(self._ask("GET", target, b""))

    def finish(self, report: Dict[str, Any]) -> None:
        """Send the FinishReport."""
        self._ask("POST", f"{self._node}/finish", _encode(report))

    def append_log(self, path: str, offset: int, data: bytes, anew: bool = False) -> int:
        """See Destination."""
        query = f"offset={offset}&anew=true" if anew else f"offset={offset}"
        return int(self._put_log(path, query, data)["size"])

    def log_checksum(self, path: str) -> Optional[str]:
        """See Destination."""
        found: Optional[str] = self._put_log(path, "offset=0&check=true", b"").get("checksum")
        return found

    def _put_log(self, path: str, query: str, data: bytes) -> Dict[str, Any]:
        target = f"{self._run}/logs/{quote(path, safe='/')}?{query}"
        return _decoded(self._ask("PUT", target, data, kind=RAW))

    def append_lines(self, writer: str, first: int, data: bytes) -> int:
        """See Destination."""
        target = f"{self._run}/spool/{quote(writer)}?first_line={first}"
        return int(_decoded(self._ask("POST", target, data, kind=RAW))["lines"])

    def missing(self, digests: List[str]) -> List[str]:
        """Those contents that the service does not have."""
        reply = self._json("POST", f"{self._workspace}/blobs/missing", {"digests": digests})
        return [str(digest) for digest in reply["digests"]]

    def begun(self, digest: str) -> Optional[int]:
        """How many bytes of a content have come; None if it is stored."""
        reply = self._json("POST", f"{self._workspace}/blobs/missing", {"digests": [digest]})
        return int(reply.get("begun", {}).get(digest, 0)) if reply["digests"] else None

    def write_blob(self, digest: str, file: BinaryIO, size: int, offset: int = 0) -> None:
        """Store a content.

        Args:
            digest: SHA-256 of the content, in hex.
            file: The open file that holds it.
            size: Its size in bytes.
            offset: How many of them have come before.
        """
        body = _Rest(file, offset) if offset else file
        query = f"?offset={offset}" if offset else ""
        target = f"{self._workspace}/blobs/{digest}{query}"
        self._ask("PUT", target, cast("BinaryIO", body), size - offset, RAW)

    def hand_over(self, file: str, digest: str) -> bool:
        """Copy a file to where a service on this machine goes on with it; say whether it did."""
        if not self._blobs:
            return False
        from pathlib import Path

        from runyard.client.local_contents import LocalContents

        home = os.path.dirname(self._blobs)
        return LocalContents(home).hand_over(Path(file), digest, lambda _: None)

    def write_blobs(self, batch: bytes) -> List[str]:
        """Store many small contents, framed as `protocol.batches` says; give those refused."""
        answer = self._ask("POST", f"{self._workspace}/blobs/write", batch, kind=RAW)
        return [str(each["name"]) for each in _decoded(answer)["refused"]]

    def read_blobs(self, digests: List[str]) -> bytes:
        """Fetch many small contents, framed as `protocol.batches` says."""
        body = _encode({"digests": digests})
        return self._ask("POST", f"{self._workspace}/blobs/read", body)

    def read_blob(self, digest: str, sink: BinaryIO) -> None:
        """Fetch a content into an empty file open for reading and writing."""
        self._wire.fetch(f"{self._workspace}/blobs/{quote(digest)}", sink)

    def files(self, datastore: str, query: str) -> Dict[str, Any]:
        """A DatastoreFilePage; `query` is encoded."""
        target = f"{self._datastore(datastore)}/files?{query}"
        return _decoded(self._ask("GET", target, b""))

    def read_file(self, datastore: str, path: str, sink: BinaryIO) -> None:
        """Fetch a datastore's file.

        Args:
            datastore: The datastore's name.
            path: The file's path on it.
            sink: An empty file open for reading and writing.
        """
        self._wire.fetch(self._file(datastore, path), sink)

    def read_files(self, datastore: str, paths: List[str]) -> bytes:
        """Fetch many small files of a datastore, framed as `protocol.batches` says."""
        return self._ask("POST", f"{self._datastore(datastore)}/read", _encode({"paths": paths}))

    def write_file(
        self, datastore: str, path: str, file: BinaryIO, size: int, overwrite: bool
    ) -> None:
        """Write a file to a datastore, whole or not at all.

        Args:
            datastore: The datastore's name.
            path: The file's path on it.
            file: The open file that holds the bytes.
            size: How many they are.
            overwrite: Replace a file that is there; else that is refused (AlreadyExists).
        """
        target = f"{self._file(datastore, path)}?overwrite={str(overwrite).lower()}"
        self._ask("PUT", target, file, size, RAW)

    def write_files(self, datastore: str, batch: bytes, overwrite: bool) -> List[Dict[str, Any]]:
        """Write many small files to a datastore, framed as `protocol.batches` says.

        Args:
            datastore: The datastore's name.
            batch: Paths and bytes.
            overwrite: Replace files that are there.

        Returns:
            The Refusal of each file that was not written.
        """
        target = f"{self._datastore(datastore)}/write?overwrite={str(overwrite).lower()}"
        answer = self._ask("POST", target, batch, kind=RAW)
        refused: List[Dict[str, Any]] = _decoded(answer)["refused"]
        return refused

    def register(self, files: List[Dict[str, Any]], overwrite: bool = True) -> None:
        """Add stored contents to the run; the folder as it is at the end overrules.

        Args:
            files: A FileEntry for each.
            overwrite: Whether they replace files of their names; else those are a Conflict, unless
                they have the same content.
        """
        body = {"files": files, "overwrite": overwrite}
        self._json("POST", f"{self._run}/files", body)

    def add_properties(self, properties: Dict[str, str]) -> None:
        """Add properties to the run, which are written once."""
        self._ask("PATCH", self._run, _encode({"properties": properties}))

    def read_secret(self, name: str) -> str:
        """The text of a secret of the workspace."""
        answer = self._ask("POST", f"{self._workspace}/secrets/{quote(name)}/value", b"")
        return str(_decoded(answer)["value"])

    def log_parameters(self, parameters: Dict[str, str]) -> None:
        """Record parameters of the run; one that is there with another value is a Conflict."""
        self._json("POST", f"{self._run}/parameters", {"params": parameters})

    def note_changed_inputs(self, changed: List[str]) -> None:
        """Note which inputs had files that were written while the run read them."""
        self._ask("POST", f"{self._run}/changed-inputs", _encode({"names": changed}))

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _datastore(self, name: str) -> str:
        return f"{self._workspace}/datastores/{quote(name)}"

    def _file(self, datastore: str, path: str) -> str:
        return f"{self._datastore(datastore)}/files/{quote(path, safe='/')}"

    def _json(
        self, method: str, target: str, body: Dict[str, Any], wait: float = 0.0
    ) -> Dict[str, Any]:
        return _decoded(self._ask(method, target, _encode(body), wait=wait))

    def _ask(
        self,
        method: str,
        target: str,
        body: Union[bytes, BinaryIO],
        size: Optional[int] = None,
        kind: str = JSON,
        wait: float = 0.0,
    ) -> bytes:
        """Ask, unless somebody has removed the run from under us: then nothing is worth asking."""
        if not os.path.exists(self._run_folder):
            raise RunNotFound(f"the run folder {self._run_folder} is gone")
        return self._wire.ask(method, target, body, size, kind, wait)


class _Rest:
    """A file from some byte on, as a body that may be sent again."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file = file
        self._start = start

    def seek(self, _: int) -> None:
        self._file.seek(self._start)

    def read(self, size: int) -> bytes:
        return self._file.read(size)


def patiently(ask: Callable[[], Answer], seconds: float) -> Answer:
    """Ask again and again while the service is away, for `seconds` at the longest.

    A service that answers, but is in trouble of its own (an internal error, a full disk), is
    asked for some seconds only.

    Raises:
        RunyardError: The service refused for good, or the time is over.
        OSError: This node's disk is full, which is no matter of the service's.
    """
    begun = time.monotonic()
    trouble_since: Optional[float] = None
    pause = SHORTEST_PAUSE
    while True:
        try:
            return ask()
        except AWAY as error:
            if isinstance(error, OSError) and is_full(error):
                raise
            if time.monotonic() + pause > begun + seconds:
                raise TemporaryError(f"given up after {seconds:.0f} s: {error}") from error
            trouble_since = None
        except TROUBLE:
            trouble_since = trouble_since or time.monotonic()
            if time.monotonic() + pause > trouble_since + SERVICE_FAULT_SECONDS:
                raise
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _decoded(answer: bytes) -> Dict[str, Any]:
    try:
        found: Dict[str, Any] = json.loads(answer.decode("utf-8"))
    except ValueError:
        # A proxy's page, for example: a thread that fell over it would tell and bring nothing more.
        raise TemporaryError("what answers at the service's address is not the service") from None
    return found


def _encode(plain: Dict[str, Any]) -> bytes:
    text = json.dumps(plain, separators=(",", ":"))
    if "\\ud" in text:
        # Nobody is there to be told that a text cannot be sent: better written out than lost.
        from runyard.protocol import escapes

        text = json.dumps(escapes.written_out(plain), separators=(",", ":"))
    return text.encode("ascii")
