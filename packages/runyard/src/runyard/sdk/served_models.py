"""What an endpoint is given to serve: registered models, or files here that are registered first.

A local file or folder becomes the next version of the model named like the endpoint; the same
files again are the version that there is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, NamedTuple, Optional, Sequence, Tuple, Union

from runyard.client import transfer
from runyard.protocol.errors import ModelNotFound
from runyard.protocol.paths import escaped
from runyard.sdk import flavors, model_files
from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.model_orders import order
from runyard.sdk.models import Model

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.models import ModelRecord
    from runyard.sdk.workspaces import Workspace


class Local(NamedTuple):
    """A file or folder here that is to be registered: its path, and name and path of each file."""

    path: str
    files: List[Tuple[str, Path]]


def find(workspace: Workspace, given: Any, name: str, *, alone: bool = False) -> List[ModelRecord]:
    """The records, with their files, of what is to be served.

    Args:
        workspace: The workspace.
        given: A Model, `name`, `name:version`, a local file or folder, a list of these, or None.
        name: What a local one is registered as.
        alone: It is served without a script, so its files must tell how.

    Raises:
        UserErrorException: There is no such model or path, or it is something else; nothing has
            been registered.
    """
    if given is None:
        return []
    wanted = given if isinstance(given, (list, tuple)) else [given]
    # All are looked for before the first is sent: a slip in one leaves nothing behind.
    there = [_find(workspace.service, each) for each in wanted]
    return [
        each if not isinstance(each, Local) else _registered(workspace.service, each, name, alone)
        for each in there
    ]


def _find(service: WorkspaceClient, given: Any) -> Union[ModelRecord, Local]:
    if isinstance(given, Model):
        with translated():
            return service.models.get(given.id)
    if not isinstance(given, (str, os.PathLike)) or not os.fspath(given):
        raise UserErrorException(
            f"model is {given!r}; give a Model, the name of a registered one, or a file or folder"
        )
    text = os.fspath(given)
    if not isinstance(given, str) or _is_path(text):
        return Local(text, model_files.local(text, None))
    with translated():
        try:
            return service.models.get(text)
        except ModelNotFound as error:
            if Path(text).exists():
                return Local(text, model_files.local(text, None))
            raise UserErrorException(
                f"{error.message}; and there is no file or folder {text!r} here ({Path.cwd()})"
            ) from error


def _is_path(text: str) -> bool:
    """Whether a text can mean a path alone: names of models have no slashes."""
    return "/" in text or os.sep in text or text in (".", "..") or text.startswith("~")


def _registered(service: WorkspaceClient, local: Local, name: str, alone: bool) -> ModelRecord:
    """Register local files, unless the model's newest version has the same."""
    path, files = local
    # Running the cell of a notebook again makes no version and sends nothing.
    there = _newest(service, name)
    if there is not None and _has(there, path, files):
        return there
    flavor = flavors.of_files(each for each, _ in files)
    if alone and not flavor:
        raise UserErrorException(flavors.why_none(path, [each for each, _ in files]))
    framework = flavors.framework_of(flavor)
    # What is installed here has most likely written the file, and a pickle is read by its own
    # version alone.
    version = flavors.installed_version(flavor) if framework else ""
    made = order(name, "", None, None, None, framework, version)
    with translated():
        # What registering answers has no files.
        return service.models.get(model_files.register(service, made, path, files).id)


def _newest(service: WorkspaceClient, name: str) -> Optional[ModelRecord]:
    with translated():
        try:
            return service.models.get(name)
        except ModelNotFound:
            return None


def _has(record: ModelRecord, path: str, files: Sequence[Tuple[str, Path]]) -> bool:
    """Whether a version has the files at a local path, and no others."""
    root = Path(path).expanduser().resolve()
    inside = f"{escaped(root.name)}/" if root.is_dir() else ""
    sizes = {inside + name: where.stat().st_size for name, where in files}
    # Reading large files is worth while only where their sizes say that they may be the same.
    if sizes != {each.path: each.size for each in record.files}:
        return False
    digests = {each.path: each.digest for each in record.files}
    found = transfer.parallel(lambda each: transfer.describe(each[1], each[0]).digest, files)
    return all(digests[inside + name] == digest for (name, _), digest in zip(files, found))
