"""Writes a snapshot back to disk, as a folder or as a zip file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

from runyard.sdk.exceptions import translated

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.files import FileEntry

BLOCK_BYTES = 1 << 20


def restore(service: WorkspaceClient, snapshot_id: str, path: Optional[str]) -> str:
    """Write a snapshot here and give where it is; see `Run.restore_snapshot`.

    Args:
        service: The workspace's connection.
        snapshot_id: Id of the snapshot.
        path: Where to write it; None for the working folder.
    """
    from runyard.client import transfer

    target = Path(path if path is not None else f"{snapshot_id}.zip").expanduser()
    with translated():
        record = service.snapshots.get(snapshot_id)
        if target.suffix == ".zip" and not target.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(str(target), "w", zipfile.ZIP_DEFLATED) as archive:
                _fill(service, archive, record.files)
        else:
            target.mkdir(parents=True, exist_ok=True)
            fetches = [transfer.blob(entry, target) for entry in record.files]
            transfer.download_many(service, fetches, overwrite=True)
    return str(target.absolute())


def _fill(service: WorkspaceClient, archive: zipfile.ZipFile, entries: List[FileEntry]) -> None:
    """Write files into an archive, small ones fetched together."""
    from runyard.client import batches

    small, single = batches.groups([entry.size for entry in entries])
    for group in small:
        some = [entries[place] for place in group]
        contents = batches.read_blobs(service, [entry.digest for entry in some])
        for entry, content in zip(some, contents):
            if content.data is None:
                _add(service, archive, entry)
            else:
                archive.writestr(_info(entry), content.data)
    for place in single:
        _add(service, archive, entries[place])


def _info(entry: FileEntry) -> zipfile.ZipInfo:
    # Made by hand for the right to run, which a bare name would not keep.
    info = zipfile.ZipInfo(entry.path)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (0o755 if entry.executable else 0o644) << 16
    return info


def _add(service: WorkspaceClient, archive: zipfile.ZipFile, entry: FileEntry) -> None:
    with service.blobs.open(entry.digest) as source, archive.open(_info(entry), "w") as file:
        for block in iter(lambda: source.read(BLOCK_BYTES), b""):
            file.write(block)
