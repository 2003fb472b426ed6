"""Datastores: where data is kept, put there and brought back.

Each workspace has `workspaceblobstore` (its default) and `workspacefilestore`; buckets and
containers are registered (`sdk.datastore_registering`). A job gets at them by data references
(`sdk.data`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple, Union

from runyard.client import callers
from runyard.protocol.errors import DatastoreNotFound
from runyard.protocol.paths import escaped
from runyard.protocol.suggestions import nearest
from runyard.sdk.data import DataReference
from runyard.sdk.datastore_registering import RegisteredStores
from runyard.sdk.exceptions import NotOfferedYet, UserErrorException, translated
from runyard.sdk.local_paths import naming

if TYPE_CHECKING:
    from runyard.client.downloads import Fetch
    from runyard.client.progress import Progress
    from runyard.protocol.datastores import DatastoreRecord
    from runyard.sdk.workspaces import Workspace

FILE_TYPE = "AzureFile"


class Datastore(RegisteredStores):
    """A datastore of a workspace; the constructor is a factory that gives the right class.

    Args:
        workspace: The workspace.
        name: The datastore's name; None is the workspace's default.

    Raises:
        UserErrorException: There is no datastore of that name; the message lists those there are.
    """

    _record: DatastoreRecord
    workspace: Workspace

    def __new__(  # noqa: PYI034 - the class is that of the datastore's type
        cls,
        workspace: Workspace,
        name: Optional[str] = None,
        *cloud: Any,
        _record: Optional[DatastoreRecord] = None,
        **settings: Any,
    ) -> Datastore:
        """Make an object of the class that the datastore's type has."""
        if cloud or settings:
            raise NotOfferedYet(
                f"{cls.__name__} with a container, an account or keys",
                "Datastore.register_azure_blob_container(…), or Datastore.get(workspace, name)",
            )
        record = _record or _read(workspace, name)
        kind = AzureFileDatastore if record.datastore_type == FILE_TYPE else AzureBlobDatastore
        found = object.__new__(kind)
        found.workspace = workspace
        found._record = record
        return found

    def __init__(
        self,
        workspace: Workspace,
        name: Optional[str] = None,
        *cloud: Any,
        _record: Optional[DatastoreRecord] = None,
        **settings: Any,
    ) -> None:
        """Do nothing: `__new__` has filled the object."""

    def __getnewargs__(self) -> Tuple[Any, ...]:
        # copy and pickle would else call __new__ without a workspace.
        return (self.workspace, self.name)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(name={self.name!r}, container_name={self.container_name!r}, "
            f"account_name={self.account_name!r})"
        )

    def _repr_html_(self) -> str:
        from runyard.sdk import cards

        cells = {
            "Name": self.name,
            "Workspace": self.workspace.name,
            "Type": self.datastore_type,
            "Default": "yes" if self.is_default else "no",
        }
        return cards.row(cells)

    @property
    def name(self) -> str:
        """The name in its workspace."""
        return self._record.name

    @property
    def datastore_type(self) -> str:
        """`AzureBlob` or `AzureFile`, as v1 users know them."""
        return self._record.datastore_type

    @property
    def account_name(self) -> str:
        """The storage account, as v1 users know it."""
        return self._record.account_name

    @property
    def container_name(self) -> str:
        """The container or share, as v1 users know it."""
        return self._record.container_name

    @property
    def protocol(self) -> str:
        """How it is reached: `file` for a folder of the service, `http` or `https` for a store."""
        return self._record.protocol

    @property
    def endpoint(self) -> str:
        """The address of a store that is not at its provider's own, "" of all others."""
        return self._record.endpoint

    @property
    def is_default(self) -> bool:
        """Whether it is the workspace's default."""
        return self._record.is_default

    @property
    def account_key(self) -> Optional[str]:
        """None: keys stay with the service."""
        return None

    @property
    def sas_token(self) -> Optional[str]:
        """None: tokens stay with the service."""
        return None

    @staticmethod
    def get(workspace: Workspace, datastore_name: str) -> Datastore:
        """Get a datastore by name.

        Raises:
            UserErrorException: There is none of that name.
        """
        return Datastore(workspace, datastore_name)

    @staticmethod
    def get_default(workspace: Workspace) -> Datastore:
        """Get the workspace's default datastore."""
        return Datastore(workspace)

    @staticmethod
    def _list(workspace: Workspace) -> Dict[str, Datastore]:
        with translated():
            rows = workspace.service.datastores.list()
        return {row.name: Datastore(workspace, row.name, _record=row) for row in rows}

    def path(
        self, path: Optional[str] = None, data_reference_name: Optional[str] = None
    ) -> DataReference:
        """Refer to a path on this datastore.

        Args:
            path: The path; None is the root.
            data_reference_name: Its name in the job's environment.
        """
        return DataReference(self, data_reference_name, path)

    def as_mount(self) -> DataReference:
        """Refer to the root, seen in the job without a copy."""
        return self.path().as_mount()

    def as_download(self, path_on_compute: Optional[str] = None) -> DataReference:
        """Refer to the root, copied to the job before it starts."""
        return self.path().as_download(path_on_compute)

    def as_upload(self, path_on_compute: Optional[str] = None) -> DataReference:
        """Refer to the root, filled from the job after its end."""
        return self.path().as_upload(path_on_compute)

    def upload(
        self,
        src_dir: Union[str, Path],
        target_path: Optional[str] = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Send a folder's files, in parallel; each arrives whole or not at all.

        One that was killed goes on when it is called again, also within a large file.

        Args:
            src_dir: The local folder.
            target_path: Where on the datastore; None is its root.
            overwrite: Replace files that are there; otherwise they are left alone.
            show_progress: Show a bar on a terminal, one line elsewhere.

        Returns:
            A reference to `target_path`.

        Raises:
            UserErrorException: `src_dir` is no folder.
        """
        from runyard.client import source_folders

        with naming("src_dir", src_dir):
            root = Path(src_dir).expanduser()
            # `stat` raises for what is not there, so that `naming` can say which argument it was.
            if not root.is_dir() and root.stat():
                raise UserErrorException(f"src_dir {str(src_dir)!r} is a file: use upload_files")
            with translated():
                pairs = [(path, name) for name, path in source_folders.everything(root)]
            return self._upload(pairs, target_path, overwrite, show_progress)

    def upload_files(
        self,
        files: Sequence[Union[str, Path]],
        relative_root: Optional[str] = None,
        target_path: Optional[str] = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Send single files.

        Args:
            files: Local paths.
            relative_root: Paths below it are kept from there on; None keeps the names alone
                (below the files' common folder).
            target_path: Where on the datastore; None is its root.
            overwrite: Replace files that are there; otherwise they are left alone.
            show_progress: Show a bar on a terminal, one line elsewhere.

        Raises:
            UserErrorException: A file does not exist, or lies outside `relative_root`.
        """
        if isinstance(files, (str, Path)):
            raise UserErrorException(f"files must be a list of paths, not {files!r}")
        paths = [Path(path).expanduser() for path in files]
        with naming("files", None):
            missing = [str(path) for path in paths if not path.is_file()]
        if missing:
            raise UserErrorException(
                f"these do not exist or are no files (looked from {Path.cwd()}): "
                f"{', '.join(missing)}"
            )
        with naming("files", None):
            pairs = _named(paths, relative_root)
            return self._upload(pairs, target_path, overwrite, show_progress)

    def download(
        self,
        target_path: Union[str, Path],
        prefix: Optional[str] = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> int:
        """Bring files here, keeping their whole path below `target_path`.

        One that was killed goes on when it is called again, also within a large file.

        Args:
            target_path: The local folder.
            prefix: Only files whose path begins with it.
            overwrite: Replace local files; otherwise they are left alone.
            show_progress: Show a bar on a terminal, one line elsewhere.

        Returns:
            The number of files brought.
        """
        with naming("target_path", target_path):
            root = Path(target_path).expanduser()
            return self._bring(root, prefix, overwrite, show_progress)

    def _bring(
        self,
        root: Path,
        prefix: Optional[str],
        overwrite: bool,
        show_progress: bool,
        above: str = "",
    ) -> int:
        from runyard.client import transfer
        from runyard.client.progress import Progress

        rows = self._files((prefix or "").lstrip("/"))
        if above and prefix != above:
            # One file: others lie beside it whose names begin with its own.
            rows = [row for row in rows if row.path == prefix]
        if not rows and prefix:
            callers.warn(self._nothing(prefix))
        # What is above the files on the datastore is not made here, where it is named.
        places = [_local(root, row.path[len(above) :]) for row in rows]
        found = [transfer.datastore_file(self.name, *pair) for pair in zip(rows, places)]
        fetches = [fetch for fetch in found if overwrite or not fetch.target.exists()]
        total = sum(fetch.size for fetch in fetches)
        count = len(fetches)
        progress = Progress(f"Downloading {_files(count)}", total, show_progress, count)
        # What was to be left alone is not among them.
        self._fetch(fetches, progress)
        progress.finish()
        return count

    def _fetch(self, fetches: List[Fetch], progress: Progress) -> None:
        """Bring files of it to their places, replacing what is there."""
        from runyard.client import transfer

        with translated():
            if self._record.direct:
                from runyard.client import direct

                direct.download_many(self.workspace.service, self.name, fetches, progress)
                return
            transfer.download_many(
                self.workspace.service, fetches, overwrite=True, progress=progress
            )

    def delete_file(self, path: str) -> None:
        """Remove a file.

        Raises:
            UserErrorException: There is none at that path; the message names the nearest.
        """
        with translated():
            self.workspace.service.datastores.remove(self.name, path)

    def set_as_default(self) -> None:
        """Make this the workspace's default datastore."""
        self.workspace.set_default_datastore(self.name)

    def unregister(self) -> None:
        """Forget a registered datastore; its files stay in their store.

        Raises:
            UserErrorException: It is the workspace's default, or a folder of the service.
        """
        with translated():
            self.workspace.service.datastores.unregister(self.name)

    def _upload(
        self,
        pairs: Sequence[Tuple[Path, str]],
        target_path: Optional[str],
        overwrite: bool,
        show_progress: bool,
    ) -> DataReference:
        from runyard.client import batches, transfer
        from runyard.client.progress import Progress

        base = (target_path or "").strip("/")
        # v1 scripts write "." for the root.
        base = "" if base == "." else base
        placed = [(path, f"{base}/{name}" if base else name) for path, name in pairs]
        if not overwrite and placed:
            there = {row.path for row in self._files(base)}
            placed = [(path, name) for path, name in placed if name not in there]
        files = batches.sized((name, path) for path, name in placed)
        there_already = len(pairs) - len(placed)
        passed = f" ({there_already} there already)" if there_already else ""
        title, total = f"Uploading {_files(len(files))}{passed}", sum(file.size for file in files)
        progress = Progress(title, total, show_progress, len(files))
        with translated():
            if self._record.direct:
                from runyard.client import direct

                direct.write_files(self.workspace.service, self.name, files, overwrite, progress)
            else:
                transfer.write_files(
                    self.workspace.service, self.name, files, overwrite=overwrite, progress=progress
                )
        progress.finish()
        return self.path(base or None)

    def _files(self, prefix: str) -> List[Any]:
        with translated():
            return list(self.workspace.service.datastores.files(self.name, prefix))

    def _nothing(self, prefix: str) -> str:
        tops = sorted({row.path.split("/", maxsplit=1)[0] for row in self._files("")})
        near = nearest(prefix.split("/", maxsplit=1)[0], tops) or tops[:10]
        there = f"it has {', '.join(near)}" if near else "it is empty"
        return f"nothing on datastore {self.name!r} begins with {prefix!r}; {there}"


class AzureBlobDatastore(Datastore):
    """A datastore that v1 users know as a blob container."""


class AzureFileDatastore(Datastore):
    """A datastore that v1 users know as a file share."""


def _read(workspace: Workspace, name: Optional[str]) -> DatastoreRecord:
    with translated():
        wanted = name or workspace.default_datastore_name
        try:
            return workspace.service.datastores.get(wanted)
        except DatastoreNotFound as error:
            names = [row.name for row in workspace.service.datastores.list()]
            near = nearest(wanted, names, 1)
            like = f" did you mean {near[0]!r}?" if near else ""
            raise UserErrorException(
                f"no datastore {wanted!r} in workspace {workspace.name!r}; there are: "
                f"{', '.join(names)}.{like}"
            ) from error


def _named(paths: Sequence[Path], relative_root: Optional[str]) -> List[Tuple[Path, str]]:
    """Name each file as it is called below the target path."""
    if relative_root is None:
        parents = [str(path.resolve().parent) for path in paths]
        root = Path(os.path.commonpath(parents)) if parents else Path()
    else:
        root = Path(relative_root).expanduser().resolve()
    # By real paths: `..` and links would else make names that lead out of the datastore.
    named = []
    for path in paths:
        whole = path.resolve()
        if root != whole.parent and root not in whole.parents:
            raise UserErrorException(f"{path} does not lie below relative_root {relative_root!r}")
        named.append((path, escaped(whole.relative_to(root).as_posix())))
    return named


def _local(root: Path, name: str) -> Path:
    from runyard.client import transfer

    return transfer.inside(root, name)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
