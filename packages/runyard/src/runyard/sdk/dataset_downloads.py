"""The files of a dataset brought to this machine, each whole or not at all.

Small ones travel together, from their datastore or as the contents of a pinned version; those of
the web come one by one.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from runyard.client import transfer
from runyard.client.progress import Progress
from runyard.protocol.datastores import DatastoreFile
from runyard.protocol.files import FileEntry
from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import translated

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.downloads import Fetch
    from runyard.protocol.dataset_definitions import SourceFile
    from runyard.sdk.dataset_access import DatasetAccess
    from runyard.sdk.workspaces import Workspace


def bring(
    pairs: Sequence[Tuple[SourceFile, Path]], access: DatasetAccess, workspace: Optional[Workspace]
) -> None:
    """Write files to their places, replacing what is there.

    Args:
        pairs: The files, each with its place.
        access: Opens those of the web.
        workspace: Their datastores' workspace; None where there are web files alone.
    """
    contents: List[Fetch] = []
    stores: Dict[str, List[Fetch]] = {}
    for file, place in pairs:
        if file.digest:
            entry = FileEntry(file.path, file.digest, file.size)
            contents.append(transfer.content(entry, place))
        elif file.datastore:
            listed = DatastoreFile(file.path, file.size, file.modified_at)
            fetch = transfer.datastore_file(file.datastore, listed, place)
            stores.setdefault(file.datastore, []).append(fetch)
        else:
            _from_web(access, file, place)
    if workspace is None:
        return
    for name, fetches in sorted(stores.items()):
        Datastore(workspace, name)._fetch(fetches, Progress("", 0, show=False))
    with translated():
        transfer.download_many(workspace.service, contents, overwrite=True)


def _from_web(access: DatasetAccess, file: SourceFile, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.parent / f".{os.urandom(16).hex()}.part"
    try:
        with access.opened(file) as source, draft.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        draft.replace(place)
    finally:
        if draft.exists():
            draft.unlink()
