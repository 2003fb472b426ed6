"""Files between here and a run, as commands move them."""

from pathlib import Path

from runyard.client import transfer
from runyard.client.progress import Progress, takes_long
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.errors import AlreadyExists, RunFileNotFound
from runyard.protocol.files import FileRecord
from runyard.sdk import run_files
from runyard_server.cli.sdk_calls import told


def download_run(
    client: WorkspaceClient, run: str, prefix: str, to: str, overwrite: bool
) -> list[FileRecord]:
    """Bring files of a run here.

    Args:
        client: The workspace.
        run: The run's id.
        prefix: What their paths begin with.
        to: The folder; it is made.
        overwrite: Whether files that are there are replaced.

    Raises:
        RunFileNotFound: There is no such file.
        AlreadyExists: A file is there and is not to be replaced.
    """
    found = list(client.files.list(run, prefix))
    if not found:
        raise RunFileNotFound(f"run {run} has no file that begins with {prefix!r}")
    base = Path(to).expanduser()
    fetches = [
        transfer.run_file(run, one.path, transfer.inside(base, one.path), one) for one in found
    ]
    there = [str(fetch.target) for fetch in fetches if fetch.target.exists()]
    if there and not overwrite:
        raise AlreadyExists(f"{there[0]} is there already; --overwrite replaces it")
    size = sum(one.size for one in found)
    progress = Progress("Downloading", size, takes_long(len(found), size), len(found))
    transfer.download_many(client, fetches, overwrite=True, progress=progress)
    progress.finish()
    return found


def upload_run(
    client: WorkspaceClient, run: str, source: str, name: str | None, overwrite: bool
) -> list[FileRecord]:
    """Send a file or folder to a run.

    Args:
        client: The workspace.
        run: The run's id.
        source: The file or folder here.
        name: Where in the run; None: under its own name.
        overwrite: Whether files that are there are replaced.

    Raises:
        RunyardError: It does not exist, or a path of it is taken.
    """
    path = Path(source).expanduser()
    with told():
        place = run_files.run_path(name or path.resolve().name)
        pairs = run_files.below(path, place) if path.is_dir() else [run_files.named(place, path)]
        run_files.upload(client, run, pairs, overwrite=overwrite)
        sent = {name for name, _ in pairs}
        return [one for one in run_files.records(client, run) if one.path in sent]
