"""Files between here and a run, as commands move them.

A download that was interrupted goes on when it is repeated: what is here with the content that it
should have is left as it is, and so is no reason to refuse.
"""

from pathlib import Path

from runyard.client import transfer
from runyard.client.downloads import Fetch
from runyard.client.progress import Progress, takes_long
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.errors import AlreadyExists, RunFileNotFound
from runyard.protocol.files import FileRecord
from runyard.sdk import run_files
from runyard.sdk.local_paths import naming
from runyard_server.cli.sdk_calls import told

_BLOCK_BYTES = 1 << 20


def download_run(
    client: WorkspaceClient, run: str, prefix: str, to: str, overwrite: bool
) -> list[FileRecord]:
    """Bring files of a run here; those that are here already with the same content stay.

    Args:
        client: The workspace.
        run: The run's id.
        prefix: What their paths begin with.
        to: The folder; it is made.
        overwrite: Whether files that are there are replaced.

    Raises:
        RunFileNotFound: There is no such file.
        AlreadyExists: Another file is there and is not to be replaced.
    """
    found = list(client.files.list(run, prefix))
    if not found:
        raise RunFileNotFound(f"run {run} has no file that begins with {prefix!r}")
    base = Path(to).expanduser()
    fetches = [
        transfer.run_file(run, one.path, transfer.inside(base, one.path), one) for one in found
    ]
    size = sum(one.size for one in found)
    progress = Progress("Downloading", size, takes_long(len(found), size), len(found))
    with told(), naming("--to", to):
        rest = transfer.lacking(fetches, progress)
        # Once more: another download into the same folder may have brought some since.
        taken = transfer.lacking([each for each in rest if each.target.exists()])
        there = [each for each in taken if not _has_grown(client, each)]
        if there and not overwrite:
            raise AlreadyExists(
                f"{there[0].target} is there already, with another content; --overwrite replaces it"
            )
        transfer.download_many(client, rest, overwrite=True, progress=progress)
    progress.finish()
    return found


def _has_grown(client: WorkspaceClient, fetch: Fetch) -> bool:
    """Whether what is here is the beginning of a log, which has no digest."""
    if fetch.digest or not fetch.target.is_file():
        return False
    with client.open(fetch.route, *fetch.segments) as source, fetch.target.open("rb") as here:
        while block := here.read(_BLOCK_BYTES):
            # A read gives what has come by then.
            while block and (came := source.read(len(block))):
                if not block.startswith(came):
                    return False
                block = block[len(came) :]
            if block:
                return False
    return True


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
