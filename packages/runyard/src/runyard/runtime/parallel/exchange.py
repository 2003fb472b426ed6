"""What a node asks of the service: batches, with word of others and what those have returned.

What several batches have returned goes as one content, which is sent before the service is told:
then a batch is done for good. While the service is away nothing is lost, for it is asked again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Sequence

from runyard.protocol.errors import MissingBlobs
from runyard.protocol.timeouts import SERVICE_AWAY_SECONDS
from runyard.runtime.service import patiently
from runyard.runtime.snapshot import stored_content

if TYPE_CHECKING:
    from runyard.runtime.job import Job
    from runyard.runtime.service import JobService

Orders = Dict[str, Any]
Report = Dict[str, Any]


class Exchange:
    """The service as a node's process sees it.

    Args:
        job: The job.
        service: Its way to the service.
        folder: A folder for files in between.
    """

    def __init__(self, job: Job, service: JobService, folder: str) -> None:
        self._job = job
        self._service = service
        self._folder = folder

    def ask(self, wanted: int, held: Sequence[int] = (), reports: Sequence[Report] = ()) -> Orders:
        """Report how batches went and take others; the answer has the fields of BatchOrders.

        Args:
            wanted: How many batches are wanted.
            held: Numbers of those that this node has.
            reports: BatchReports; `file` is the path of what was returned, which is removed.
        """
        results = [dict(each) for each in reports]
        kept = [each for each in results if each.pop("file", "")]
        files = [str(each["file"]) for each in reports if each.get("file")]
        packed = self._packed(kept, files) if files else ""
        body = {
            "attempt": self._job.attempt,
            "wanted": wanted,
            "held": list(held),
            "results": results,
        }
        found: Orders = patiently(lambda: self._told(body, packed), SERVICE_AWAY_SECONDS)
        for path in [*files, *([packed] if packed else [])]:
            os.unlink(path)
        return found

    def tell_cut(self, digest: str, batches: int, path: str = "") -> Orders:
        """Send the list of batches; what there is already stays.

        Args:
            digest: Its digest.
            batches: How many they are.
            path: Its file; "" if the service has it.
        """
        body = {"digest": digest, "batches": batches, "attempt": self._job.attempt}

        def tell() -> Orders:
            if path:
                self._send(path, digest)
            return self._service.cut_batches(body)

        return patiently(tell, SERVICE_AWAY_SECONDS)

    def places(self) -> Iterator[Dict[str, Any]]:
        """Where the results of all batches are, in order: BatchPlaces."""
        after = -1
        while True:
            asked = after
            page = patiently(lambda: self._service.batch_results(asked), SERVICE_AWAY_SECONDS)  # noqa: B023 - it is called at once
            for each in page["items"]:
                after = int(each["number"])
                yield each
            if not page["more"]:
                return

    def content(self, digest: str) -> str:
        """A stored content as a file of this node."""
        seen = stored_content(self._job.blobs, digest)
        if seen is not None and os.path.exists(seen):
            return seen
        path = os.path.join(self._folder, digest)
        if not os.path.exists(path):
            draft = f"{path}.part"

            def fetch() -> None:
                with open(draft, "w+b") as sink:
                    self._service.read_blob(digest, sink)

            patiently(fetch, SERVICE_AWAY_SECONDS)
            os.replace(draft, path)
        return path

    def _told(self, body: Dict[str, Any], packed: str) -> Orders:
        digest = str(next((r["digest"] for r in body["results"] if r.get("digest")), ""))
        if digest and self._service.missing([digest]):
            self._send(packed, digest)
        try:
            return self._service.exchange_batches(body)
        except MissingBlobs:
            # Collected in the moment between the two; now it is held for a day.
            self._send(packed, digest)
            return self._service.exchange_batches(body)

    def _send(self, path: str, digest: str) -> None:
        with open(path, "rb") as stream:
            self._service.write_blob(digest, stream, os.fstat(stream.fileno()).st_size)

    def _packed(self, reports: List[Report], files: Sequence[str]) -> str:
        """One file of several, which the reports then name; give its path."""
        path = os.path.join(self._folder, "packed")
        digest = hashlib.sha256()
        with open(path, "w+b") as sink:
            for report, file in zip(reports, files):
                report["offset"] = sink.tell()
                with open(file, "rb") as source:
                    shutil.copyfileobj(source, sink)
                report["size"] = sink.tell() - report["offset"]
            sink.seek(0)
            for block in iter(lambda: sink.read(1 << 20), b""):
                digest.update(block)
        for report in reports:
            report["digest"] = digest.hexdigest() if report["size"] else ""
        return path
