"""Datasets as inputs of runs: under which name, and how the job gets at them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, Mapping, NoReturn, Optional

from runyard.sdk.exceptions import NotOfferedYet, UserErrorException

if TYPE_CHECKING:
    from runyard.protocol.datasets import RunInput
    from runyard.sdk.workspaces import Workspace

# Written out, as in `runtime.names`: the protocol's records would make a job's start slower.
DIRECT, MOUNT, DOWNLOAD = "direct", "mount", "download"
_MODES = (DIRECT, MOUNT, DOWNLOAD)
_VARIABLE = "AZUREML_DATASET_ENVIRONMENT_VARS"
_OUTPUTS = "AZUREML_DATASET_FILE_OUTPUTS"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Consumable:
    """What can be the input of a run: see `sdk.datasets`.

    Attributes:
        has_files: Whether there are files that a job could see below a path.
    """

    has_files = True

    @property
    def name(self) -> Optional[str]:
        """The name that it is registered under."""
        raise NotImplementedError

    @property
    def version(self) -> Optional[int]:
        """The version that it is registered as."""
        raise NotImplementedError

    def _ensure_saved(self, workspace: Workspace) -> str:
        """Have the service keep the definition; give its id."""
        raise NotImplementedError


class DatasetConsumptionConfig:
    """A dataset of a run.

    Args:
        name: The name in the job: a variable, and a key of `run.input_datasets`.
        dataset: A dataset, or (workspace, name) or (workspace, name, version) of a registered one;
            without a version it is the latest when the run starts.
        mode: `direct` gives the job the dataset itself, `mount` and `download` its files' path.
        path_on_compute: Where the files are to be: absolute, or below the working folder.

    Raises:
        UserErrorException: The name or the mode cannot be one, or the mode does not fit.
    """

    def __init__(
        self, name: str, dataset: Any, mode: str = DIRECT, path_on_compute: Optional[str] = None
    ) -> None:
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise UserErrorException(
                f"{name!r} cannot name an input: letters, digits and '_', not beginning with a "
                "digit"
            )
        self.name = name
        self.dataset = dataset
        self.mode = _checked(str(mode).lower(), dataset)
        self.path_on_compute = path_on_compute

    def __repr__(self) -> str:
        return f"DatasetConsumptionConfig(name={self.name!r}, mode={self.mode!r})"

    def __str__(self) -> str:
        # What a text among arguments is replaced by in the job, as a data reference's is.
        return f"${self.name}"

    @property
    def arg_val(self) -> str:
        """What stands for it within a text among arguments: `f"--data={dataset.arg_val}"`."""
        return f"${{{self.name}}}"

    def as_hdfs(self) -> NoReturn:
        """Refuse: there is no HDFS."""
        raise NotOfferedYet("DatasetConsumptionConfig.as_hdfs", "as_mount() or as_download()")

    def as_mount(self, path_on_compute: Optional[str] = None) -> DatasetConsumptionConfig:
        """The same input, its files seen without a copy."""
        return DatasetConsumptionConfig(self.name, self.dataset, MOUNT, path_on_compute)

    def as_download(self, path_on_compute: Optional[str] = None) -> DatasetConsumptionConfig:
        """The same input, its files copied before the script starts."""
        return DatasetConsumptionConfig(self.name, self.dataset, DOWNLOAD, path_on_compute)

    def as_direct(self) -> DatasetConsumptionConfig:
        """The same input, the dataset itself."""
        return DatasetConsumptionConfig(self.name, self.dataset)

    def to_record(self, workspace: Workspace) -> RunInput:
        """Write it as a run's specification holds it; the service keeps the definition from now on.

        Args:
            workspace: The run's workspace.
        """
        from runyard.protocol.datasets import RunInput

        place = self.path_on_compute or ""
        return RunInput(self.name, _named(self.dataset, workspace), self.mode, place)


class InputDatasets(Mapping[str, Any]):
    """What a run reads: paths by name, and datasets where the mode is direct.

    Args:
        modes: The mode of each input, by name.
        load: Gives the dataset of a name, as the run has resolved it.
        noted: Datasets that the script has made or found itself, by the names it has for them.
    """

    def __init__(
        self,
        modes: Mapping[str, str],
        load: Callable[[str], Any],
        noted: Optional[Dict[str, Any]] = None,
    ) -> None:
        self._modes = dict(modes)
        self._load = load
        self._noted: Dict[str, Any] = {} if noted is None else noted
        self._loaded: Dict[str, Any] = {}

    def __setitem__(self, name: str, dataset: Any) -> None:
        if not isinstance(dataset, Consumable):
            raise UserErrorException(
                f"input {name!r} must be a dataset, not {type(dataset).__name__}"
            )
        self._noted[name] = dataset

    def __getitem__(self, name: str) -> Any:
        if name in self._noted:
            return self._noted[name]
        if name not in self._modes:
            there = ", ".join(map(repr, self))
            raise KeyError(
                f"this run has no input {name!r}; it has {there or 'none'}. Pass "
                f"dataset.as_named_input({name!r}) among the arguments of its script"
            )
        if self._modes[name] != DIRECT:
            return os.environ[name]
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._modes, **self._noted})

    def __len__(self) -> int:
        return len({**self._modes, **self._noted})

    def __repr__(self) -> str:
        return f"InputDatasets({ {**self._modes, **dict.fromkeys(self._noted, DIRECT)}!r})"


def job_modes() -> Dict[str, str]:
    """The mode of each input of this job, by name."""
    pairs = [each.partition(":") for each in os.environ.get(_VARIABLE, "").split(",") if each]
    return {name: mode.lower() for name, _, mode in pairs}


def output_paths() -> Dict[str, str]:
    """Where a job makes its outputs, by name."""
    names = [name for name in os.environ.get(_OUTPUTS, "").split(";") if name]
    return {name: os.environ[name] for name in names if name in os.environ}


def _checked(mode: str, dataset: Any) -> str:
    if mode not in _MODES:
        instead = "; there is no HDFS here" if mode == "hdfs" else ""
        raise UserErrorException(f"mode {mode!r} is none of {', '.join(_MODES)}{instead}")
    if isinstance(dataset, Consumable) and not dataset.has_files and mode != DIRECT:
        raise UserErrorException(
            f"a TabularDataset has no files to {mode}; pass dataset.as_named_input(name) alone and "
            "call run.input_datasets[name].to_pandas_dataframe() in the script"
        )
    return mode


def _named(dataset: Any, workspace: Workspace) -> str:
    """What names a dataset in a run's specification."""
    if isinstance(dataset, Consumable):
        # On the very object that the user holds: notebooks read its id afterwards.
        id_ = dataset._ensure_saved(workspace)
        return f"{dataset.name}:{dataset.version}" if dataset.name else id_
    if isinstance(dataset, tuple) and len(dataset) in (2, 3):
        return ":".join(str(part) for part in dataset[1:] if part != "latest")
    if hasattr(dataset, "register_on_complete"):
        raise UserErrorException(
            "an output is the input of another step in a pipeline; without one, register it "
            "(register_on_complete) and pass (workspace, name) to the next run: "
            "DatasetConsumptionConfig(name, (workspace, dataset), mode='mount')"
        )
    raise UserErrorException(
        f"an input's dataset must be a Dataset or (workspace, name[, version]), not {dataset!r}"
    )
