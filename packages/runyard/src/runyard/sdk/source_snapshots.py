"""Source folders that are kept on the service, so that a run has its code for ever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, List

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.paths import escaped
from runyard.protocol.suggestions import nearest_scripts
from runyard.sdk import snapshot_limits
from runyard.sdk.exceptions import SnapshotException, UserErrorException, translated
from runyard.sdk.local_paths import naming

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


def take_snapshot(service: WorkspaceClient, folder: str, script: str = "") -> str:
    """Keep a folder's files on the service.

    Args:
        service: What speaks to the workspace.
        folder: The folder.
        script: A file that must be among them; "" for none.

    Returns:
        The snapshot's id.

    Raises:
        SnapshotException: The folder is missing, empty or too large.
        UserErrorException: The script is kept out by the ignore file.
    """
    from runyard.client import source_folders

    where = Path(folder).expanduser()
    try:
        with naming("the source folder", folder):
            found = source_folders.scan(where, snapshot_limits.limit())
    except (InvalidRequest, UserErrorException) as error:
        raise SnapshotException(error.message) from error
    # A snapshot has names that are no UTF-8 in their written form.
    if script and escaped(script) not in {entry.path for entry, _ in found}:
        raise UserErrorException(_no_script(where, script, [entry.path for entry, _ in found]))
    with translated():
        return source_folders.send(service, found)


def _no_script(folder: Any, script: str, names: List[str]) -> str:
    near = nearest_scripts(script, names)
    kept_out = (folder / script).is_file()
    why = (
        "is kept out of the snapshot by .amlignore or .gitignore" if kept_out else "does not exist"
    )
    return f"the script {script!r} {why} in {folder}; there are: {', '.join(near) or 'none'}"
