"""A model's files: from here into the registry, and back."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from runyard.protocol.paths import escaped
from runyard.sdk.exceptions import WebserviceException, translated
from runyard.sdk.local_paths import naming

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.files import FileEntry
    from runyard.protocol.models import ModelRecord, RegisterModel


def local(path: str, child_paths: Optional[Sequence[str]]) -> List[Tuple[str, Path]]:
    """List the files of a local model as (name below the model's folder, path).

    Raises:
        WebserviceException: There is nothing at the path, or below one of the child paths.
    """
    with naming("model_path", path):
        root = Path(path).expanduser()
        if root.is_file():
            return [(escaped(root.name), root)]
        there = root.is_dir()
        if root.exists() and not there:
            raise WebserviceException(
                f"{path!r} is a pipe, a socket or a device; copy what it gives into a file"
            )
    if not there:
        raise WebserviceException(
            f'Error, provided model path "{path}" cannot be found (looked from {Path.cwd()})'
        )
    from runyard.client import source_folders

    with translated(), naming("model_path", path):
        named = source_folders.everything(root)
    for child in child_paths or ():
        if not any(_is_below(name, child) for name, _ in named):
            raise WebserviceException(f"nothing below {path!r} matches child path {child!r}")
    if child_paths:
        named = [pair for pair in named if any(_is_below(pair[0], child) for child in child_paths)]
    if not named:
        raise WebserviceException(f"the folder {path!r} has no files")
    return named


def _is_below(name: str, child: str) -> bool:
    base = PurePosixPath(child).as_posix().strip("/")
    return name == base or name.startswith(base + "/")


def register(
    service: WorkspaceClient,
    made: RegisterModel,
    model_path: str,
    files: Sequence[Tuple[str, Path]],
) -> ModelRecord:
    """Send local files and register them.

    Args:
        service: What speaks to the workspace.
        made: The order, without its files.
        model_path: Where they are here, for its name and for messages.
        files: Name below the model's folder, and path, of each.

    Returns:
        The record of the new version.
    """
    from dataclasses import replace

    from runyard.client import transfer
    from runyard.client.progress import Progress, takes_long

    with naming("model_path", model_path):
        total = sum(path.stat().st_size for _, path in files)
    count = len(files)
    progress = Progress(f"Sending {count} files", total, takes_long(count, total), count)
    # `..` and `.` have no name of their own.
    top_name = escaped(Path(model_path).expanduser().resolve().name)

    def refer(entries: List[FileEntry]) -> ModelRecord:
        return service.models.register(replace(made, path=top_name, files=entries))

    with translated(), naming("model_path", model_path):
        record = transfer.store_and_refer(service, files, refer, progress)
    progress.finish()
    return record


def download(
    service: WorkspaceClient,
    record: ModelRecord,
    target_dir: str,
    exist_ok: bool,
    goes_on: bool = False,
) -> str:
    """Bring a model's files here; see `Model.download`.

    Args:
        service: What speaks to the workspace.
        record: The model, with its files.
        target_dir: The folder; it is made.
        exist_ok: Replace files that are there.
        goes_on: Those that are there with the same content do not count, as after a download that
            was interrupted; in v1 they do.

    Returns:
        The path of the model's file or folder.

    Raises:
        WebserviceException: A file is there and `exist_ok` is not given.
    """
    from runyard.client import transfer
    from runyard.client.progress import Progress, takes_long

    base = Path(target_dir).expanduser()
    with translated():
        fetches = [transfer.blob(entry, base) for entry in record.files]
    count = len(fetches)
    show = takes_long(count, record.size)
    progress = Progress(f"Downloading {record.id}", record.size, show, count)
    with naming("target_dir", target_dir):
        if goes_on:
            fetches = transfer.lacking(fetches, progress)
        # All are looked for before the first is written: a refusal leaves nothing half replaced.
        taken = [fetch for fetch in fetches if fetch.target.exists()]
        # Once more: another download into the same folder may have brought some since.
        there = [str(fetch.target) for fetch in (transfer.lacking(taken) if goes_on else taken)]
    if there and not exist_ok:
        raise WebserviceException(
            f"{there[0]} exists already{_others(there)}; give exist_ok=True to replace it, or "
            "another target_dir"
        )
    with translated(), naming("target_dir", target_dir):
        transfer.download_many(service, fetches, overwrite=True, progress=progress)
    progress.finish()
    return str(base / top(record))


def _others(paths: Sequence[str]) -> str:
    return f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""


def top(record: ModelRecord) -> str:
    """Find the one file or folder in which all files of a model are; "" if there is none."""
    tops = {entry.path.split("/", maxsplit=1)[0] for entry in record.files}
    return tops.pop() if len(tops) == 1 else ""
