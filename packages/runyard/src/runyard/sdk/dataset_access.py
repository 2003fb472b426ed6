"""The files of a dataset from where the script runs: listed, opened, fetched from the web.

Without a workspace there can be web files alone.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Iterator, List, Mapping, Optional

from runyard.client import callers
from runyard.client.answers import WEB_SECONDS
from runyard.client.buffering import buffered
from runyard.protocol.dataset_definitions import VERSION, SourceFile, files_of
from runyard.protocol.dataset_paths import Listed
from runyard.protocol.errors import NotFound
from runyard.sdk.exceptions import DatasetExecutionError, translated

if TYPE_CHECKING:
    from runyard.protocol.datasets import DatasetFile, UrlContent
    from runyard.sdk.workspaces import Workspace

BLOCK_BYTES = 1 << 20
_NOT_MODIFIED = 304


class DatasetAccess:
    """Lists and opens the files of datasets.

    Args:
        workspace: The workspace of their datastores; None for web files alone.
    """

    def __init__(self, workspace: Optional[Workspace]) -> None:
        self._workspace = workspace

    def files(self, definition: Mapping[str, Any]) -> List[SourceFile]:
        """The files that a definition means now."""
        with translated():
            return files_of(definition, self._listed, self._pinned)

    def opened(self, file: SourceFile) -> BinaryIO:
        """Open a file for reading in a `with` block.

        Raises:
            DatasetExecutionError: It cannot be had.
        """
        if file.digest:
            with translated():
                return buffered(self._service().blobs.open(file.digest))
        if file.url:
            return self._web(file.url)
        with translated():
            return buffered(self._service().datastores.open(file.datastore, file.path))

    def store_web_files(self, definition: Mapping[str, Any]) -> None:
        """Fetch the web files of a definition and have their contents stored.

        Jobs have no network as a rule: what they are to find is fetched before they begin. What
        cannot be fetched and is stored from before stays as it is, with a warning.

        Raises:
            DatasetExecutionError: One can neither be fetched nor is stored.
        """
        for source in definition["sources"]:
            if "url" in source and VERSION not in source:
                self._store(source["url"])

    def _store(self, url: str) -> None:
        from runyard.protocol.datasets import NoteUrl

        service = self._service()
        known = self._noted(url)
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "content")
            digest, size = hashlib.sha256(), 0
            try:
                if known is not None and self._is_still(known):
                    return
                with self._web(url) as answer, place.open("wb") as sink:
                    etag = _etag(answer)
                    for block in iter(lambda: answer.read(BLOCK_BYTES), b""):
                        sink.write(block)
                        digest.update(block)
                        size += len(block)
            except OSError as error:
                raise DatasetExecutionError(
                    f"{url!r} could not be fetched ({error}); try again",
                    inner_exception=error,
                ) from error
            told = digest.hexdigest()
            with translated():
                if service.blobs.missing([told]):
                    with place.open("rb") as stream:
                        service.blobs.write(told, stream, size)
                service.datasets.note_url(NoteUrl(url, told, size, etag))

    def _web(self, url: str) -> BinaryIO:
        """Open a web file; what is stored of it where the address cannot be reached."""
        # Looked up now: proxies, mirrors and tests put another function in its place.
        import urllib.request

        try:
            # Answers of other openers may have `read` alone.
            answer = urllib.request.urlopen(url, timeout=WEB_SECONDS)  # noqa: S310 - see sources_of
            return buffered(answer)
        except OSError as error:
            stored = self._stored(url)
            if stored is None:
                raise DatasetExecutionError(
                    f"{url!r} could not be fetched ({error}), and nothing of it is stored",
                    inner_exception=error,
                ) from error
            # In a job it is what is meant, for jobs have no network as a rule.
            if "RUNYARD_RUN_ID" not in os.environ:
                callers.warn(f"{url!r} cannot be reached ({error}): what is stored of it is read")
            return stored

    def _noted(self, url: str) -> Optional[UrlContent]:
        """What is known of a web file that was fetched before."""
        with translated():
            try:
                found: UrlContent = self._service().datasets.url(url)
            except NotFound:
                return None
        return found

    def _is_still(self, known: UrlContent) -> bool:
        """Whether a web file is what it was, by the mark that its server gave it then."""
        import urllib.error
        import urllib.request

        if not known.etag or self._service().blobs.missing([known.digest]):
            return False
        headers = {"If-None-Match": known.etag}
        request = urllib.request.Request(known.url, headers=headers)  # noqa: S310 - see sources_of
        try:
            with urllib.request.urlopen(request, timeout=WEB_SECONDS):  # noqa: S310 - see sources_of
                # It is another one, or the server knows no marks: it is read by who asks next.
                return False
        except urllib.error.HTTPError as error:
            error.close()
            return error.code == _NOT_MODIFIED
        except OSError:
            # Told by who reads it, with what is stored at hand.
            return False

    def _stored(self, url: str) -> Optional[BinaryIO]:
        known = None if self._workspace is None else self._noted(url)
        if known is None:
            return None
        with translated():
            try:
                return buffered(self._service().blobs.open(known.digest))
            except NotFound:
                return None

    def _listed(self, datastore: str, prefix: str) -> Iterator[Listed]:
        for file in self._service().datastores.files(datastore, prefix):
            yield Listed(file.path, file.size, file.modified_at)

    def _pinned(self, version: str) -> Iterator[DatasetFile]:
        return iter(self._service().datasets.files(version))

    def _service(self) -> Any:
        if self._workspace is None:
            raise DatasetExecutionError(
                "this dataset has no workspace yet; register it, or pass it to a run"
            )
        return self._workspace.service


def _etag(answer: BinaryIO) -> str:
    headers = getattr(getattr(answer, "raw", None), "headers", None)
    found = headers.get("ETag") if headers is not None and hasattr(headers, "get") else None
    return str(found or "")
