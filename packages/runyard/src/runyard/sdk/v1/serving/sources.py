"""The code of a web service on its way to the service: a script, or a folder with a script in it.

    source_directory=None     score.py                the working folder: score.py
    source_directory="a/b"    b/score.py, b/…         the working folder: b/score.py, b/…
    dependencies=["x.py"]     score.py, x.py          2019: files and folders beside the script

Where it came from is kept with the deployment, so that `reload` finds it again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

from runyard.sdk.exceptions import UserErrorException, WebserviceException, translated

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


@dataclass(frozen=True)
class Source:
    """Where code is.

    Args:
        script: The script: a path in `directory`, else one of this machine.
        directory: The folder that is sent whole; "" sends the script alone.
        dependencies: Files and folders that go beside the script, of this machine.
    """

    script: str
    directory: str = ""
    dependencies: List[str] = field(default_factory=list)

    @property
    def entry(self) -> str:
        """The script's path within the code that is sent."""
        if self.directory:
            return Path(os.path.normpath(self.script)).as_posix()
        return Path(self.script).name

    @property
    def path(self) -> str:
        """Where the script is on this machine."""
        return str(Path(self.directory, self.script))

    @property
    def folder(self) -> str:
        """The folder of the working folder in which the code lies; "" is that one itself."""
        return Path(os.path.normpath(self.directory)).name if self.directory else ""

    def to_json(self) -> Dict[str, Any]:
        """What is kept with the deployment."""
        return {
            "script": self.script,
            "directory": self.directory,
            "dependencies": list(self.dependencies),
        }

    @staticmethod
    def from_json(kept: Dict[str, Any]) -> Source:
        """Read what was kept."""
        return Source(kept["script"], kept["directory"], list(kept["dependencies"]))


def of_config(config: Any) -> Source:
    """The source that an InferenceConfig names."""
    if config.source_directory:
        return Source(config.path_within(config.entry_script), config.source_directory)
    return Source(os.path.abspath(config.entry_script))  # noqa: PTH100 - keeps links as they are


def send(service: WorkspaceClient, source: Source) -> str:
    """Keep code on the service, and give the snapshot's id.

    Args:
        service: What speaks to the workspace.
        source: Where the code is.

    Raises:
        SnapshotException: The folder is missing, empty or too large.
        UserErrorException: The script is kept out by the ignore file.
        WebserviceException: A file is gone.
    """
    # Late, like what is below: the SDK is imported in each job, and code is sent from few.
    from runyard.sdk.source_snapshots import take_snapshot

    if source.directory:
        return take_snapshot(service, source.directory, source.entry)
    from runyard.client import source_folders, transfer

    with translated():
        found = [(transfer.describe(path, name), path) for name, path in _files(source)]
        return source_folders.send(service, found)


def _files(source: Source) -> List[Tuple[str, Path]]:
    found = {source.entry: Path(source.script)}
    for dependency in source.dependencies:
        for name, path in _below(dependency):
            # In the working folder the second would take the place of the first.
            if found.setdefault(name, path) != path:
                raise UserErrorException(
                    f"dependencies name two files {name!r}: {found[name]} and {path}"
                )
    for path in found.values():
        if not path.is_file():
            raise WebserviceException(f"{path} does not exist (any more)")
    return sorted(found.items())


def _below(dependency: str) -> List[Tuple[str, Path]]:
    from runyard.client import source_folders

    path = Path(dependency)
    if path.is_dir():
        return source_folders.everything(path, path.name)
    return [(path.name, path)]
