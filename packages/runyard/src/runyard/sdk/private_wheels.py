"""Wheels of one's own: kept on the workspace's datastore, installed from there by environments.

The address has the SHA-256 of the file, so that what is installed is what was added.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from runyard.client import callers
from runyard.sdk.exceptions import UserErrorException

# Distribution and version, maybe a build, then Python, ABI and platform.
_NAME = re.compile(r"[\w.]+(?:-[\w.+!]+){4,5}\.whl")


def add(workspace: Any, file_path: str, *, exist_ok: bool) -> str:
    """Send a wheel to a workspace; give its address, which is a pip requirement.

    Args:
        workspace: The workspace.
        file_path: The wheel.
        exist_ok: Give the address of the one that is there under this name.

    Raises:
        UserErrorException: The file is missing or no wheel, or there is one of its name.
    """
    from runyard.protocol.datastores import BLOB_STORE, FILE_STORE
    from runyard.protocol.environments import PRIVATE_WHEELS, wheel_address

    path = Path(file_path).expanduser()
    _check(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    store = workspace.get_default_datastore()
    if store.name not in (BLOB_STORE, FILE_STORE):
        # The service makes environments of wheels that lie in its own folders.
        store = workspace.datastores[BLOB_STORE]
    name = f"{PRIVATE_WHEELS}/{path.name}"
    there = _digest_of(store, name)
    if there is None:
        store.upload_files([path], target_path=PRIVATE_WHEELS, show_progress=False)
    elif not exist_ok:
        raise UserErrorException(
            f"workspace {workspace.name!r} has a wheel {path.name!r} already; pass exist_ok=True "
            "to use that one, or give yours another version"
        )
    elif there != digest:
        callers.warn(
            f"the wheel {path.name!r} of workspace {workspace.name!r} has other contents than "
            f"{file_path!r}, and is used: give yours another version to have it installed"
        )
    return wheel_address(workspace.service.id, store.name, path.name, there or digest)


def _check(path: Path) -> None:
    if not path.is_file():
        raise UserErrorException(
            f"there is no wheel {str(path)!r} (looked from {Path.cwd()}); check the path"
        )
    if not _NAME.fullmatch(path.name):
        raise UserErrorException(
            f"{path.name!r} is no name of a wheel, such as 'mine-1.0-py3-none-any.whl'; make one "
            "with `python -m pip wheel --no-deps .` and keep the name it gets"
        )
    if not zipfile.is_zipfile(path):
        raise UserErrorException(f"{str(path)!r} is no wheel: its contents are no zip archive")


def _digest_of(store: Any, name: str) -> Any:
    """The SHA-256 of a file on a datastore, None where there is none."""
    # Asked of all that begins so, for another wheel's name may begin with this one's.
    if name not in {row.path for row in store._files(name)}:
        return None
    with tempfile.TemporaryDirectory() as folder:
        store.download(folder, prefix=name, show_progress=False)
        return hashlib.sha256(Path(folder, name).read_bytes()).hexdigest()
