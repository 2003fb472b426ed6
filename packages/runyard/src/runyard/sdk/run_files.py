"""Files of a run: listed, brought here, sent there, and registered as a model."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Iterable, List, Optional, Sequence, Tuple

from runyard.protocol import paths
from runyard.protocol.errors import RunFileNotFound
from runyard.protocol.paths import escaped
from runyard.protocol.suggestions import nearest
from runyard.sdk.exceptions import ModelPathNotFoundException, UserErrorException, translated
from runyard.sdk.local_paths import naming, target_of

if TYPE_CHECKING:
    from runyard.client.trees import LeftOut
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.files import FileEntry, FileRecord

# Streams may be larger than the memory.
BLOCK_BYTES = 1 << 20
NEAREST = 5


def records(service: WorkspaceClient, run_id: str, prefix: str = "") -> List[FileRecord]:
    """List a run's files whose path begins with `prefix`, by path.

    Args:
        service: The workspace's connection.
        run_id: Id of the run.
        prefix: What their paths begin with.
    """
    with translated():
        return list(service.files.list(run_id, prefix))


def download(service: WorkspaceClient, run_id: str, name: str, target: Optional[str]) -> None:
    """Write one file of a run here.

    Args:
        service: The workspace's client.
        run_id: The run.
        name: The file's path in the run.
        target: A path; a folder if it is one or ends in a slash. None is the current folder.

    Raises:
        UserErrorException: The run has no such file; the message lists the nearest.
    """
    from runyard.client import transfer

    base = name.rstrip("/").split("/")[-1]
    with translated(), naming("output_file_path", target or base):
        place = target_of(target, base)
        try:
            transfer.download(service, transfer.run_file(run_id, name, place), overwrite=True)
        except RunFileNotFound as error:
            raise UserErrorException(_no_file(service, run_id, name)) from error


def content(service: WorkspaceClient, run_id: str, name: str, offset: int = 0) -> bytes:
    """Read the bytes of a file of a run from `offset` on.

    Args:
        service: The workspace's connection.
        run_id: Id of the run.
        name: The file's path in the run.
        offset: The first byte that is wanted.
    """
    with translated(), service.files.open(run_id, name, offset) as source:
        return source.read()


def download_many(
    service: WorkspaceClient,
    pairs: Sequence[Tuple[str, Path]],
    run_id: str,
    rows: Iterable[FileRecord],
) -> None:
    """Write many files of a run to their places, in parallel and small ones together.

    Args:
        service: The workspace's client.
        pairs: (path in the run, local place).
        run_id: The run.
        rows: The run's files as they were listed.
    """
    from runyard.client import transfer
    from runyard.client.progress import Progress, takes_long

    known = {row.path: row for row in rows}
    fetches = [transfer.run_file(run_id, name, place, known[name]) for name, place in pairs]
    total = sum(fetch.size for fetch in fetches)
    count = len(fetches)
    progress = Progress(f"Downloading {count} files", total, takes_long(count, total), count)
    with translated():
        transfer.download_many(service, fetches, overwrite=True, progress=progress)
    progress.finish()


def places(
    names: Sequence[str],
    folder: Optional[str],
    paths: Optional[Sequence[str]],
    prefix: str,
    append_prefix: bool,
) -> List[Tuple[str, Path]]:
    """Choose where each file of a `download_files` goes.

    Args:
        names: The files' paths in the run.
        folder: The folder here.
        paths: The place of each; None for its own path below the folder.
        prefix: What their paths begin with.
        append_prefix: Whether the prefix is part of the place here.
    """
    from runyard.client import transfer

    if paths is not None:
        if len(paths) != len(names):
            raise UserErrorException(
                f"output_paths has {len(paths)} entries for {len(names)} files: {list(names)}"
            )
        return [(name, target_of(path, name.split("/")[-1])) for name, path in zip(names, paths)]
    base = Path(folder or ".").expanduser()
    cut = 0 if append_prefix else len(prefix)
    # A prefix that is a file's whole name leaves nothing to call it by.
    shown = [(name, name[cut:].lstrip("/") or name.split("/")[-1]) for name in names]
    return [(name, transfer.inside(base, short)) for name, short in shown]


def upload(
    service: WorkspaceClient,
    run_id: str,
    pairs: Sequence[Tuple[str, Path]],
    overwrite: bool = False,
) -> None:
    """Send local files to a run; the same content under the same name is no conflict.

    Args:
        service: The workspace's client.
        run_id: The run.
        pairs: (path in the run, local file).
        overwrite: Another content under a name replaces the one that is there.

    Raises:
        UserErrorException: A name is there with another content, or is no relative path.
    """
    from runyard.client import transfer
    from runyard.client.progress import Progress, takes_long

    if not pairs:
        return
    with translated():
        total, count = sum(path.stat().st_size for _, path in pairs), len(pairs)
        progress = Progress(f"Uploading {count} files", total, takes_long(count, total), count)

        def refer(entries: List[FileEntry]) -> None:
            progress.finish()
            # Contents first: a run never names a file whose bytes are not there.
            service.files.register(run_id, entries, overwrite)

        transfer.store_and_refer(service, pairs, refer, progress)


def upload_what_can_be(
    service: WorkspaceClient, run_id: str, pairs: Sequence[Tuple[str, Path]]
) -> List[LeftOut]:
    """Send local files to a run, replacing what is there; give those that cannot be kept.

    Those that vanish, change or cannot be read are found by halves, and stop no other.

    Args:
        service: The workspace's connection.
        run_id: Id of the run.
        pairs: Path in the run, and local file.
    """
    from runyard.client.trees import LeftOut

    try:
        upload(service, run_id, pairs, overwrite=True)
    except (OSError, UserErrorException) as error:
        # One that cannot be kept makes all of a list fail.
        if len(pairs) > 1:
            half = len(pairs) // 2
            return [
                *upload_what_can_be(service, run_id, pairs[:half]),
                *upload_what_can_be(service, run_id, pairs[half:]),
            ]
        ((name, path),) = pairs
        if isinstance(error, OSError):
            return [LeftOut(name, f"cannot be read ({error.strerror})", str(path))]
        return [LeftOut(name, error.message, str(path))]
    return []


def upload_one(service: WorkspaceClient, run_id: str, name: str, source: Any) -> None:
    """Send one file, given as a path or as an open stream.

    Args:
        service: The workspace's connection.
        run_id: Id of the run.
        name: The file's path in the run.
        source: A local path, or a stream that is read from where it is.

    Raises:
        UserErrorException: There is no such file, it is neither, or a stream has no name of its
            own to have in a folder.
    """
    if isinstance(source, (str, os.PathLike)):
        upload(service, run_id, [named(name, source)])
        return
    checked = run_path(name)
    if not hasattr(source, "read"):
        raise UserErrorException(
            f"path_or_stream must be a path or an open file, not a {type(source).__name__}"
        )
    if _is_folder(name):
        raise UserErrorException(
            f"{name!r} is a folder, and a stream has no name: give one like {checked + '/file'!r}"
        )
    # Contents are sent by size and digest, which are known once all of a stream was read.
    with tempfile.TemporaryDirectory(prefix="runyard-") as folder:
        path = Path(folder) / "stream"
        with path.open("wb") as file:
            _copy(source, file)
        upload(service, run_id, [(checked, path)])


def _copy(source: Any, target: BinaryIO) -> None:
    for block in iter(lambda: source.read(BLOCK_BYTES), None):
        # A stream of texts gives "" at its end, one of bytes b"".
        if not block:
            return
        target.write(block.encode("utf-8") if isinstance(block, str) else block)


def named(name: Any, path: Any) -> Tuple[str, Path]:
    """Choose where a local file goes in a run, and tell its place here.

    A name that ends in a slash is a folder, in which the file keeps its own name, as with `cp`.

    Raises:
        UserErrorException: There is no such file, or the name is no path in a run.
    """
    if not _is_folder(name):
        return run_path(name), existing(path)
    found = existing(path)
    return run_path(f"{name}{escaped(found.name)}"), found


def _is_folder(name: Any) -> bool:
    return isinstance(name, str) and name.endswith(("/", "\\"))


def existing(path: Any) -> Path:
    """Find a local file's path.

    Raises:
        UserErrorException: There is no such file.
    """
    with naming("the file", path):
        found = Path(path).expanduser()
        if found.is_dir():
            raise UserErrorException(f"the file {str(path)!r} is a folder: use upload_folder")
        if not found.is_file() and found.stat():
            raise UserErrorException(
                f"the file {str(path)!r} is a pipe, a socket or a device; copy what it gives into "
                "a file, or pass an open stream"
            )
    return found


def below(folder: Path, name: str) -> List[Tuple[str, Path]]:
    """List all files below a local folder with their paths in the run, by name."""
    from runyard.client import source_folders

    with translated():
        return source_folders.everything(folder, name.strip("/"))


def run_path(name: Any) -> str:
    """Normalize a path in a run: without `./`, with forward slashes.

    Raises:
        UserErrorException: It is absolute, empty, or leads out of the run.
    """
    # As os.path.join makes them on Windows.
    text = str(name).replace("\\", "/") if isinstance(name, (str, os.PathLike)) else ""
    try:
        parts = paths.parts(text)
    except ValueError:
        raise UserErrorException(
            f"{name!r} is no path in a run; give one like 'outputs/model.pkl'"
        ) from None
    return "/".join(parts)


def live(service: WorkspaceClient, run_id: str, path: str) -> None:
    """Send what lies at a path of this job's working folder, so that it can be registered now.

    Outputs are otherwise collected at the end of the job.

    Args:
        service: The workspace's connection.
        run_id: Id of the run.
        path: The path in the working folder.
    """
    local = Path(path) if path else Path()
    if local.is_file():
        upload(service, run_id, [(path, local)], overwrite=True)
    elif local.is_dir() and path:
        upload(service, run_id, below(local, path), overwrite=True)


def no_model_path(path: str, names: Iterable[str]) -> ModelPathNotFoundException:
    """Make the error for a model path that matches nothing, with the nearest there are."""
    there = sorted(names)
    folders = sorted(
        {"/".join(n.split("/")[:i]) for n in there for i in range(1, n.count("/") + 1)}
    )
    near = nearest(path, [*there, *folders], NEAREST) or there[:10]
    listed = ", ".join(near) if near else "none"
    return ModelPathNotFoundException(
        f"Could not locate the provided model_path {path} in the set of files uploaded to the "
        f"run; nearest of the run's {len(there)} files: {listed}"
    )


def _no_file(service: WorkspaceClient, run_id: str, name: str) -> str:
    names = [record.path for record in records(service, run_id)]
    near = nearest(name, names, NEAREST) or names[:10]
    listed = ", ".join(near) if near else "it has none"
    return f"run {run_id} has no file {name!r}; nearest: {listed}"
