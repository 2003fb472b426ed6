"""`runyard.dataset`: a dataset by its name, which is registered or found."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from runyard.sdk.dataset_factories import Dataset
from runyard.sdk.datasets import AbstractDataset
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.workspaces import Workspace


def dataset(
    name: str,
    files: Any = None,
    version: Optional[int] = None,
    description: str = "",
    tags: Optional[Mapping[str, Any]] = None,
    workspace: Optional[Workspace] = None,
    pin: bool = False,
) -> Any:
    """Find a dataset, or register files under its name.

        raw = runyard.dataset("raw", files=(store, "raw/**/*.csv"))
        table = raw.read_csv(types={"day": "date:%d/%m/%Y"}).where("sold > 3")

    The same files and bytes as the latest version's are that version; others are the next one.

    Args:
        name: The dataset's name.
        files: `(datastore, 'a/b')`, a path with `*`, `?`, `**`, a web address, a list of these, or
            a dataset; None finds what is registered.
        version: Which version to find; None is the latest.
        description: What to write about a new version.
        tags: Texts by name of a new version.
        workspace: Where; None is that of the files, of the config file, of the job, or the embedded
            default one.
        pin: Whether the version keeps copies of its files, and stays as it is when they change.

    Raises:
        UserErrorException: There is none, or `files` and `version` are both given.
        DatasetValidationError: There are no such files.
    """
    if files is None:
        where = Workspace.from_config() if workspace is None else workspace
        return Dataset.get_by_name(where, name, "latest" if version is None else version)
    if version is not None:
        raise UserErrorException(
            "files make the next version, and version finds an earlier one: give one of the two"
        )
    found = files if isinstance(files, AbstractDataset) else Dataset.File.from_files(files)
    where = workspace or found._workspace or Workspace.from_config()
    return found.register(where, name, description, tags, create_new_version=True, pin=pin)
