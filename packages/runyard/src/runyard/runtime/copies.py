"""Data references on a node that does not see the datastores' files: copies, brought over HTTP.

    mount      a copy in the run folder; what the script has written there, files that are new or
               changed, is sent at the end, however the script ended. What it removes stays.
    download   a copy made before the script starts
    upload     a place that the script fills; it is sent when the job succeeded

Files come from the node's cache where an earlier run has brought them: path, size and time of a
file on its datastore say whether it is the same. Large folders are fetched whole, so a script that
reads little of much should mount less, or read it with `Datastore.download`.
"""

from __future__ import annotations

import hashlib
import os
from typing import (
    TYPE_CHECKING,
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
)

from runyard.client.trees import VANISHED, LeftOut, told
from runyard.protocol.batches import BATCH_BYTES, BATCH_FILES, SMALL_BYTES, frame
from runyard.protocol.errors import AlreadyExists, InvalidRequest
from runyard.protocol.paths import escaped
from runyard.protocol.timeouts import DELIVERY_SECONDS, SERVICE_AWAY_SECONDS
from runyard.runtime import data, names
from runyard.runtime.fetching import Origin, Wanted, fetch
from runyard.runtime.folder import read_json, write_json
from runyard.runtime.job import JobError
from runyard.runtime.node_cache import NodeCache
from runyard.runtime.service import patiently
from runyard.runtime.snapshot import inside
from runyard.runtime.wire import quote

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.service import JobService
    from runyard.runtime.straight import Straight

Item = Dict[str, Any]
Canceling = Callable[[], bool]

PAGE_FILES = 1000
NEAREST_FILES = 500
TAKEN = "already_exists"


class _File(NamedTuple):
    """A file of a datastore: its path there, and below the reference; "" for the reference.

    A store's tag tells versions apart whose size and second are the same.
    """

    path: str
    below: str
    size: int
    modified_at: str
    etag: str


class OnDatastore(Origin):
    """The files of one datastore.

    Args:
        service: The service.
        datastore: The datastore's name.
        straight: The way for large files past the service, if there is one.
    """

    wrong = "was changed while it was fetched: have the run started again"

    def __init__(
        self, service: JobService, datastore: str, straight: Optional[Straight] = None
    ) -> None:
        self._service = service
        self._datastore = datastore
        self._straight = straight

    def batch(self, names: List[str]) -> bytes:
        """See Origin."""
        return self._service.read_files(self._datastore, names)

    def single(self, name: str, sink: BinaryIO) -> None:
        """See Origin."""
        if self._straight is not None and self._straight.fetch(name, sink):
            return
        self._service.read_file(self._datastore, name, sink)

    def is_right(self, wanted: Wanted, stream: BinaryIO) -> bool:
        """See Origin."""
        return stream.seek(0, os.SEEK_END) == wanted.size


class Copies:
    """The references of one job on this node.

    Args:
        job: The job.
        folder: Its run folder.
        service: Where files come from and go to.
        note: Takes what the node's log is to say.
    """

    def __init__(
        self, job: Job, folder: RunFolder, service: JobService, note: Callable[[str], None]
    ) -> None:
        self._job = job
        self._folder = folder
        self._service = service
        self._note = note

    def prepare(self, item: Item, canceled: Canceling) -> str:
        """Make a reference ready; give its path.

        Args:
            item: The reference.
            canceled: Says whether to give up.

        Raises:
            JobError: There is nothing at a path, or something stands in the way.
            Canceled: The job was canceled meanwhile.
        """
        if item["mode"] == names.UPLOAD:
            return data.reserve(item, self._folder, str(item["path"]))
        found = list(self._files(item))
        if item["mode"] == names.DOWNLOAD:
            if not found:
                raise self._nothing(item)
            where = data.place(item, self._folder, _own_name(found))
            kept = not item.get("overwrite")
            fresh = [f for f in found if not (kept and os.path.exists(_target(where, f)))]
            self._fetch(item, fresh, where, canceled)
            return where
        return self._mount(item, found, canceled)

    def give_back(self, item: Item, place: str, succeeded: bool) -> List[str]:
        """Send what the script has left for a reference; give warnings.

        Args:
            item: The reference.
            place: Its path.
            succeeded: Whether the job did: otherwise nothing is uploaded, only what was written
                to mounted paths.

        Raises:
            RunyardError: The service refused for good.
            OSError: A file cannot be read; all others were sent.
        """
        if item["mode"] == names.UPLOAD and succeeded:
            if not os.path.exists(place):
                return [data.nothing_left(item, place)]
            return self._send(item, place, {}, overwrite=bool(item.get("overwrite")))
        if item["mode"] == names.MOUNT:
            place = os.path.realpath(place)
            known = read_json(self._known(item)) or {}
            there = os.path.exists(place)
            return self._send(item, place, known, overwrite=True) if there else []
        return []

    def _mount(self, item: Item, found: List[_File], canceled: Canceling) -> str:
        where = os.path.join(self._folder.data, str(item["name"]), _own_name(found)).rstrip("/")
        os.makedirs(os.path.dirname(where), exist_ok=True)
        if not found and _is_folder(item):
            os.makedirs(where, exist_ok=True)
        self._fetch(item, found, where, canceled)
        self._note(
            f"{data.called(item)} is mounted as a copy: this node does not see the datastore "
            f"{item['datastore']!r}; what is written there is sent when the run ends"
        )
        write_json(self._known(item), {f.below: _state(_target(where, f)) for f in found})
        link = str(item.get("path_on_compute") or "")
        if os.path.isabs(link) and os.path.islink(link) and not os.path.exists(link):
            # Of an earlier run, whose folder is gone.
            os.unlink(link)
        return data.mounted(item, self._folder, where)

    def _fetch(self, item: Item, files: List[_File], where: str, canceled: Canceling) -> None:
        store = str(item["datastore"])
        made = set()
        wanted = []
        for each in files:
            target = _target(where, each)
            parent = os.path.dirname(target)
            if parent not in made:
                os.makedirs(parent, exist_ok=True)
                made.add(parent)
            told = (
                self._job.workspace,
                store,
                each.path,
                str(each.size),
                each.modified_at,
                each.etag,
            )
            key = hashlib.sha256("\0".join(told).encode("utf-8", "surrogateescape")).hexdigest()
            label = f"'{each.path}' of the datastore '{store}'"
            wanted.append(Wanted(each.path, each.size, target, label, key))
        cache = NodeCache(self._job.cache)
        fetched = fetch(wanted, self._origin(item), cache, canceled)
        size = sum(each.size for each in files)
        self._note(
            f"{data.called(item)}: {len(files):,} files ({size:,} bytes), {fetched:,} fetched and "
            f"{len(files) - fetched:,} from this node's cache"
        )

    def _origin(self, item: Item) -> OnDatastore:
        return OnDatastore(self._service, str(item["datastore"]), self._straight(item))

    def _straight(self, item: Item) -> Optional[Straight]:
        """The way to the datastore's store itself, if there is one."""
        if not item.get("direct"):
            return None
        from runyard.runtime.straight import Straight

        return Straight(self._job, str(item["datastore"]))

    def _files(self, item: Item) -> Iterator[_File]:
        """The files of a reference, by path; one alone where it is a file."""
        path = _normal(item)
        if path:
            first = self._page(item, path, 1)["items"]
            if first and first[0]["path"] == path:
                yield _file(first[0], "")
                return
        prefix = f"{path}/" if path else ""
        token = ""
        while True:
            page = self._page(item, prefix, PAGE_FILES, token)
            for each in page["items"]:
                yield _file(each, str(each["path"])[len(prefix) :])
            token = str(page.get("next_page_token") or "")
            if not token:
                return

    def _page(self, item: Item, prefix: str, size: int, token: str = "") -> Dict[str, Any]:
        query = f"prefix={quote(prefix)}&page_size={size}"
        if token:
            query += f"&page_token={quote(token)}"
        store = str(item["datastore"])
        return patiently(lambda: self._service.files(store, query), SERVICE_AWAY_SECONDS)

    def _nothing(self, item: Item) -> JobError:
        from runyard.protocol.suggestions import nearest

        path = _normal(item)
        there = [str(each["path"]) for each in self._page(item, "", NEAREST_FILES)["items"]]
        near = nearest(path, there, like=0.5) or there[:5]
        hint = f"the nearest there: {', '.join(near)}" if near else "the datastore is empty"
        return JobError(
            f"{data.called(item)}: the datastore {item['datastore']!r} has nothing at '{path}'; "
            f"{hint}. Upload the data first, or correct the path"
        )

    def _known(self, item: Item) -> str:
        """The file that tells how a mounted copy was when the script began."""
        return self._folder.path(
            f"mounted-{hashlib.sha256(str(item['name']).encode()).hexdigest()}"
        )

    def _send(self, item: Item, place: str, known: Dict[str, Any], *, overwrite: bool) -> List[str]:
        straight = self._straight(item)
        sending = _Sending(self._service, str(item["datastore"]), overwrite, straight)
        root = _normal(item)
        parts, left_out = data.files(place)
        broken: Optional[OSError] = None
        for part in parts:
            source = os.path.join(place, part) if part else place
            below = escaped(part)
            try:
                if known.get(below) == _state(source):
                    continue
                sending.add("/".join(each for each in (root, below) if each), source)
            except FileNotFoundError:
                left_out.append(LeftOut(below, VANISHED))
            except OSError as error:
                # Told when all others have gone: nobody has those once the node is cleared.
                broken = broken or error
        sending.finish()
        if broken is not None:
            raise broken
        left_out += sending.refused
        warnings = [told(left_out, data.called(item))] if left_out else []
        return warnings + ([data.were_there(item, sending.kept)] if sending.kept else [])


class _Sending:
    """Files on their way to a datastore: small ones in batches.

    Args:
        service: Where to.
        datastore: Its name.
        overwrite: Whether files that are there are replaced.
        straight: The way for large ones past the service, if there is one.

    Attributes:
        kept: How many were there already and were not replaced.
        refused: Those that the service did not take, and why.
    """

    def __init__(
        self, service: JobService, datastore: str, overwrite: bool, straight: Optional[Straight]
    ) -> None:
        self._service = service
        self._straight = straight
        self._datastore = datastore
        self._overwrite = overwrite
        self._batch: List[bytes] = []
        self._bytes = 0
        self.kept = 0
        self.refused: List[LeftOut] = []

    def add(self, path: str, source: str) -> None:
        """Take a file on; a batch that is full is sent first."""
        with open(source, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > SMALL_BYTES:
                self._send_large(path, source, stream, size)
                return
            self._batch.append(frame(path, stream.read(SMALL_BYTES)))
        self._bytes += size
        if len(self._batch) >= BATCH_FILES or self._bytes >= BATCH_BYTES:
            self.finish()

    def finish(self) -> None:
        """Send what is there."""
        if not self._batch:
            return
        body = b"".join(self._batch)
        self._batch, self._bytes = [], 0
        store, over = self._datastore, self._overwrite
        for each in patiently(
            lambda: self._service.write_files(store, body, over), DELIVERY_SECONDS
        ):
            if each["code"] == TAKEN:
                self.kept += 1
            else:
                self.refused.append(LeftOut(str(each["name"]), str(each["message"])))

    def _send_large(self, path: str, source: str, stream: BinaryIO, size: int) -> None:
        store, over = self._datastore, self._overwrite
        try:
            if self._straight is not None and self._straight.send(path, source, size, over):
                return
            patiently(
                lambda: self._service.write_file(store, path, stream, size, over), DELIVERY_SECONDS
            )
        except AlreadyExists:
            self.kept += 1
        except InvalidRequest as error:
            self.refused.append(LeftOut(path, error.message))


def _file(plain: Dict[str, Any], below: str) -> _File:
    told = (str(plain.get(name, "")) for name in ("modified_at", "etag"))
    return _File(str(plain["path"]), below, int(plain["size"]), *told)


def _target(where: str, file: _File) -> str:
    return inside(where, file.below) if file.below else where


def _own_name(files: List[_File]) -> str:
    return os.path.basename(files[0].path) if files and not files[0].below else ""


def _normal(item: Item) -> str:
    """A reference's path as listings have it; "" for all of the datastore."""
    return "/".join(part for part in str(item["path"]).split("/") if part not in ("", "."))


def _is_folder(item: Item) -> bool:
    return not _normal(item) or str(item["path"]).endswith("/")


def _state(path: str) -> List[int]:
    """What changes when a file is written."""
    stat = os.stat(path)
    return [stat.st_size, stat.st_mtime_ns, stat.st_ino]
