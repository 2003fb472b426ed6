"""Datasets that runs make: a folder of a datastore that the script fills."""

from __future__ import annotations

import copy
import re
import uuid
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

from runyard.sdk.dataset_inputs import DIRECT, DatasetConsumptionConfig
from runyard.sdk.datasets import halves
from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from runyard.protocol.datasets import RunOutput
    from runyard.sdk.workspaces import Workspace

MOUNT, UPLOAD = "mount", "upload"
PLACE = "dataset/{run-id}/{output-name}"
_STORE = "workspaceblobstore"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class OutputFileDatasetConfig:
    """A folder that a run makes; the argument is its path, which exists when the script begins.

    Args:
        name: The name in the job; made if not given.
        destination: `(datastore, 'path')`; `{run-id}` and `{output-name}` in the path stand for
            them. None: `dataset/{run-id}/{output-name}` of `workspaceblobstore`.
        source: Where in the job; None lets the agent choose.
        partition_format: What the paths below it spell.

    Raises:
        UserErrorException: The name or the destination cannot be one.
    """

    def __init__(
        self,
        name: Optional[str] = None,
        destination: Any = None,
        source: Optional[str] = None,
        partition_format: Optional[str] = None,
    ) -> None:
        self._destination = _destination(destination)
        self.name = _named(name, self._destination[1])
        self.destination = destination
        self.source = source
        # The step that makes it; copies share the list, and with it that step.
        self._producer: List[Any] = []
        self._mode = MOUNT
        self._part = ""
        self._overwrite = False
        self._registered: Dict[str, Any] = {}
        self._definition: Dict[str, Any] = {"kind": "file"}
        if partition_format is not None:
            self._definition["partition"] = partition_format

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, mode={self._mode!r})"

    def __str__(self) -> str:
        return f"${{{self.name}}}"

    @property
    def arg_val(self) -> str:
        """What stands for it within a text among arguments: `f"--out={output.arg_val}"`."""
        return str(self)

    @property
    def _input_name(self) -> str:
        """Its name as an input: the output's, and which part it is."""
        return self.name + self._part

    @property
    def mode(self) -> str:
        """`mount` or `upload`."""
        return self._mode

    def as_mount(self, disable_metadata_cache: bool = False) -> Any:
        """The same, its files on the datastore as they are written, also of a run that fails."""
        del disable_metadata_cache
        return self._with(_mode=MOUNT)

    def as_upload(self, overwrite: bool = False, source_globs: Optional[List[str]] = None) -> Any:
        """The same, its files copied when the run has succeeded.

        Args:
            overwrite: Whether files that are there are replaced.
            source_globs: Not offered: the folder is copied whole.
        """
        if source_globs:
            raise UserErrorException(
                "source_globs is not offered: have the script write what is wanted alone there"
            )
        return self._with(_mode=UPLOAD, _overwrite=bool(overwrite))

    def register_on_complete(
        self, name: str, description: Optional[str] = None, tags: Optional[Mapping[str, Any]] = None
    ) -> Any:
        """The same, registered as the next version of a dataset when the run has succeeded.

        Args:
            name: The dataset's name.
            description: What to write about it.
            tags: Texts by name.

        Raises:
            ValueError: The name is empty.
        """
        if not name or not isinstance(name, str):
            raise ValueError(f"name must be a text, not {name!r}")
        texts = {str(key): str(value) for key, value in (tags or {}).items()}
        told = {"register": name, "description": description or "", "tags": texts}
        return self._with(_registered=told)

    def read_delimited_files(self, *args: Any, **kwargs: Any) -> Any:
        """The same as a dataset of records; see Dataset.Tabular.from_delimited_files."""
        return self._as_table("from_delimited_files", args, kwargs)

    def read_parquet_files(self, *args: Any, **kwargs: Any) -> Any:
        """The same as a dataset of records; see Dataset.Tabular.from_parquet_files."""
        return self._as_table("from_parquet_files", args, kwargs)

    def as_input(self, name: Optional[str] = None) -> DatasetConsumptionConfig:
        """The same as the input of another step of a pipeline.

        Args:
            name: The input's name; None is the output's, with `_1` or `_2` for a part of it.
        """
        mode = DIRECT if isinstance(self, OutputTabularDatasetConfig) else MOUNT
        return DatasetConsumptionConfig(name or self._input_name, self, mode)

    def to_record(self, workspace: Workspace) -> RunOutput:
        """Write it as a run's specification holds it.

        Args:
            workspace: The run's workspace.
        """
        from runyard.protocol.datasets import RunOutput

        del workspace
        datastore, path = self._destination
        return RunOutput(
            name=self.name,
            datastore=datastore,
            path=path,
            mode=self._mode,
            path_on_compute=self.source or "",
            overwrite=self._overwrite,
            definition=self._definition,
            **self._registered,
        )

    def _with(self, **changes: Any) -> Any:
        found = copy.copy(self)
        vars(found).update(changes)
        return found

    def _as_table(self, factory: str, args: Any, kwargs: Dict[str, Any]) -> Any:
        from runyard.sdk.tabular_factories import TabularDatasetFactory

        glob = kwargs.pop("path_glob", None)

        # Made of any address: nothing is looked at, and the run puts its own place there.
        given = {"validate": False, **kwargs}
        if factory == "from_delimited_files":
            given["infer_column_types"] = False
        made = getattr(TabularDatasetFactory, factory)("https://localhost/output", *args, **given)
        found = OutputTabularDatasetConfig.__new__(OutputTabularDatasetConfig)
        vars(found).update(vars(self))
        found._definition = {k: v for k, v in made._definition.items() if k != "sources"}
        if glob:
            found._definition["path_glob"] = str(glob)
        return found


class OutputTabularDatasetConfig(OutputFileDatasetConfig):
    """A folder that a run makes, read as records."""

    def keep_columns(self, columns: Any) -> Any:
        """The same with these columns alone."""
        return self._stepped({"keep": [columns] if isinstance(columns, str) else list(columns)})

    def drop_columns(self, columns: Any) -> Any:
        """The same without these columns."""
        return self._stepped({"drop": [columns] if isinstance(columns, str) else list(columns)})

    def random_split(self, percentage: float, seed: Optional[int] = None) -> Tuple[Any, Any]:
        """The same in two parts, about at a share; as inputs they are called `_1` and `_2`.

        Raises:
            ValueError: The share is not from 0 to 1.
        """
        parts = zip(("_1", "_2"), halves(percentage, seed))
        first, second = (self._stepped(step)._with(_part=self._part + n) for n, step in parts)
        return first, second

    def _stepped(self, step: Dict[str, Any]) -> Any:
        steps = [*self._definition.get("steps", []), step]
        return self._with(_definition={**self._definition, "steps": steps})


def _destination(given: Any) -> Tuple[str, str]:
    if given is None:
        return _STORE, PLACE
    is_pair = isinstance(given, tuple) and len(given) == 2  # noqa: PLR2004 - a pair
    if not is_pair or not isinstance(given[0], Datastore) or not given[1]:
        raise UserErrorException(f"destination must be (datastore, 'a/path'), not {given!r}")
    store: Datastore = given[0]
    return store.name, str(given[1])


def _named(name: Optional[str], path: str) -> str:
    if name is None:
        # By chance, as in v1: two outputs to the default place must not be one.
        return f"output_{uuid.uuid4().hex[:8]}"
    if _NAME.fullmatch(name) is None:
        raise UserErrorException(
            f"{name!r} cannot name an output ({path}): letters, digits and '_', not beginning with "
            "a digit"
        )
    return name
