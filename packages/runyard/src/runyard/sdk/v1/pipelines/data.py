"""The data between steps, and parameters: what stands among a step's inputs, outputs, arguments.

A `PipelineData` belongs to the one step that lists it among its outputs; whoever lists it among
inputs comes after that step. It lies on its datastore at `azureml/<run id of the step>/<name>`.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from runyard.sdk.data import DataPath
from runyard.sdk.dataset_inputs import DIRECT, DOWNLOAD, MOUNT
from runyard.sdk.datasets import AbstractDataset, halves
from runyard.sdk.tabular_factories import TabularDatasetFactory

if TYPE_CHECKING:
    from runyard.sdk.datastores import Datastore

_NAME = re.compile(r"\w+")
_OUTPUT_MODES = ("mount", "upload")
_VALUES = (int, str, bool, float, DataPath, AbstractDataset)


class PipelineParameter:
    """A value that each submission of a pipeline may choose.

    Args:
        name: Its name.
        default_value: An int, str, bool, float, DataPath or Dataset; values are of its kind.

    Raises:
        ValueError: The default is of another type.
    """

    def __init__(self, name: str, default_value: Any) -> None:
        if not isinstance(default_value, _VALUES):
            raise refusal(
                f"the default value of parameter {name!r} is of the type "
                f"{type(default_value).__name__}; give an int, str, bool, float, DataPath or "
                "Dataset"
            )
        self.name = name
        self.default_value = default_value

    def __str__(self) -> str:
        return f"PipelineParameter_Name:{self.name}_Default:{self.default_value}"

    def __repr__(self) -> str:
        return f"PipelineParameter(name={self.name!r}, default_value={self.default_value!r})"


class TrainingOutput:
    """What a HyperDriveStep hands on: the metrics of its runs, or a file of the best of them.

    Args:
        type: `Metrics` or `Model`.
        iteration: Of AutoML alone; not offered.
        metric: Of AutoML alone; not offered.
        model_file: With `Model`: the file or folder among the best run's files.

    Raises:
        ValueError: The type is another, or the rest does not go with it.
    """

    def __init__(
        self,
        type: str,  # noqa: A002 - the v1 name
        iteration: Optional[int] = None,
        metric: Optional[str] = None,
        model_file: Optional[str] = None,
    ) -> None:
        kind = str(type).lower()
        if kind not in ("metrics", "model"):
            raise ValueError(f"the type of a TrainingOutput is Metrics or Model, not {type!r}")
        if iteration is not None and metric is not None:
            raise ValueError("give either iteration or metric")
        if kind == "metrics" and (iteration, metric, model_file) != (None, None, None):
            raise ValueError("a TrainingOutput of Metrics takes no iteration, metric or model_file")
        if model_file is not None and (iteration, metric) != (None, None):
            raise ValueError("give either model_file, or iteration or metric")
        self.type = "Metrics" if kind == "metrics" else "Model"
        self.iteration = iteration
        self.metric = metric
        self.model_file = model_file


class PipelineData:
    """What one step makes and others read.

    Args:
        name: Its name: letters, digits and `_`.
        datastore: Where it lies; None is the pipeline's default datastore.
        output_name: What it is called as an output of its step; None is `name`.
        output_mode: `mount`: what is written is on the datastore at once; `upload`: it is copied
            when the step has succeeded.
        output_path_on_compute: Where the step writes it.
        output_overwrite: Whether an upload replaces what is there.
        data_type: Describes it.
        is_directory: Describes it.
        pipeline_output_name: Its name among the outputs of the whole pipeline.
        training_output: What of a HyperDriveStep it is.

    Raises:
        ValueError: A name or the mode cannot be one.
    """

    def __init__(
        self,
        name: str,
        datastore: Optional[Datastore] = None,
        output_name: Optional[str] = None,
        output_mode: str = "mount",
        output_path_on_compute: Optional[str] = None,
        output_overwrite: Optional[bool] = None,
        data_type: Optional[str] = None,
        is_directory: Optional[bool] = None,
        pipeline_output_name: Optional[str] = None,
        training_output: Optional[TrainingOutput] = None,
    ) -> None:
        for what, text in (("name", name), ("output_name", output_name or name)):
            if not isinstance(text, str) or _NAME.fullmatch(text) is None:
                raise refusal(f"{what} is {text!r}; use letters, digits and '_' only")
        if output_mode not in _OUTPUT_MODES:
            raise ValueError(f"output_mode is {output_mode!r}; use {' or '.join(_OUTPUT_MODES)}")
        self._name = name
        self._datastore = datastore
        self._output_name = output_name or name
        self._output_mode = output_mode
        self._output_path_on_compute = output_path_on_compute
        self._output_overwrite = bool(output_overwrite)
        self._data_type = data_type
        self._is_directory = is_directory
        self._pipeline_output_name = pipeline_output_name
        self._training_output = training_output
        self._producer: Any = None
        # The form in which its step lists it, once one does.
        self._made_as: Any = None

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def datastore(self) -> Optional[Datastore]:
        """Where it lies; None is the pipeline's default datastore."""
        return self._datastore

    @property
    def data_type(self) -> Optional[str]:
        """What describes it."""
        return self._data_type

    def as_input(self, input_name: Optional[str] = None) -> InputPortBinding:
        """As an input of that name."""
        return InputPortBinding(input_name, self)

    def as_mount(self, input_name: Optional[str] = None) -> InputPortBinding:
        """As an input of that name, seen without a copy."""
        return InputPortBinding(input_name, self, mode=MOUNT)

    def as_download(
        self,
        input_name: Optional[str] = None,
        path_on_compute: Optional[str] = None,
        overwrite: Optional[bool] = None,
    ) -> InputPortBinding:
        """As an input that is copied before the step starts.

        Args:
            input_name: The input's name.
            path_on_compute: Where the copy is to be.
            overwrite: Whether it replaces what is there.
        """
        return InputPortBinding(
            input_name,
            self,
            mode=DOWNLOAD,
            path_on_compute=path_on_compute,
            overwrite=overwrite,
        )

    def create_input_binding(
        self,
        input_name: Optional[str] = None,
        mode: Optional[str] = None,
        path_on_compute: Optional[str] = None,
        overwrite: Optional[bool] = None,
    ) -> InputPortBinding:
        """As an input of a step.

        Args:
            input_name: The input's name.
            mode: `mount` or `download`.
            path_on_compute: Where the step sees it.
            overwrite: Whether a copy replaces what is there.
        """
        return InputPortBinding(
            input_name,
            self,
            mode=mode or MOUNT,
            path_on_compute=path_on_compute,
            overwrite=overwrite,
        )

    def get_env_variable_name(self) -> str:
        """What stands for its path among arguments."""
        return str(self)

    def as_dataset(self) -> PipelineOutputFileDataset:
        """The same as a dataset of files."""
        return PipelineOutputFileDataset(self)

    def __str__(self) -> str:
        return f"$AZUREML_DATAREFERENCE_{self.name}"

    def __repr__(self) -> str:
        return f"PipelineData(name={self.name!r})"


class InputPortBinding:
    """A place as an input of a step.

    Args:
        name: The input's name; None is that of the place.
        bind_object: A PipelineData, DataReference or PortDataReference.
        data_type: Describes it.
        is_resource: Without effect.
        mode: `mount` or `download`.
        path_on_compute: Where the step sees it.
        overwrite: Whether a copy replaces what is there.
    """

    def __init__(
        self,
        name: Optional[str] = None,
        bind_object: Any = None,
        data_type: Optional[str] = None,
        is_resource: bool = False,
        mode: str = MOUNT,
        path_on_compute: Optional[str] = None,
        overwrite: Optional[bool] = None,
        **_: Any,
    ) -> None:
        del is_resource
        self.name = name or name_of(bind_object)
        self.bind_object = bind_object
        self.data_type = data_type
        self.bind_mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = bool(overwrite)

    def __str__(self) -> str:
        return f"$AZUREML_DATAREFERENCE_{self.name}"


class OutputPortBinding(PipelineData):
    """An output of a step by the name that v1's own steps gave it: a PipelineData.

    Args:
        name: Its name.
        datastore: Where it lies.
        output_name: What it is called as an output.
        bind_mode: `mount` or `upload`.
        path_on_compute: Where the step writes it.
        overwrite: Whether an upload replaces what is there.
    """

    def __init__(
        self,
        name: str,
        datastore: Optional[Datastore] = None,
        output_name: Optional[str] = None,
        bind_mode: str = "mount",
        path_on_compute: Optional[str] = None,
        overwrite: Optional[bool] = None,
        **_: Any,
    ) -> None:
        super().__init__(name, datastore, output_name, bind_mode, path_on_compute, overwrite)


class PipelineOutputFileDataset:
    """A PipelineData as a dataset: its step makes it, and others read it as one.

    Args:
        pipeline_data: The data.
    """

    def __init__(self, pipeline_data: PipelineData) -> None:
        self._data = pipeline_data
        self._mode = MOUNT
        self._input_name: Optional[str] = None
        self._path_on_compute: Optional[str] = None
        self._definition: Dict[str, Any] = {}
        self._registered: Dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The name that it has as an input."""
        return self._input_name or self._data.name

    def as_named_input(self, name: str) -> Any:
        """The same as an input of that name."""
        return self._with(_input_name=name)

    def as_mount(self, path_on_compute: Optional[str] = None) -> Any:
        """The same, its files seen without a copy."""
        return self._with(_mode=MOUNT, _path_on_compute=path_on_compute)

    def as_download(self, path_on_compute: Optional[str] = None) -> Any:
        """The same, its files copied before the step starts."""
        return self._with(_mode=DOWNLOAD, _path_on_compute=path_on_compute)

    def as_direct(self) -> Any:
        """The same, the dataset itself."""
        return self._with(_mode=DIRECT)

    def register(self, name: str, create_new_version: bool = True) -> Any:
        """The same, registered under a name when its step has completed."""
        del create_new_version
        return self._with(_registered={"register": name})

    def parse_delimited_files(
        self,
        include_path: bool = False,
        separator: str = ",",
        file_extension: Optional[str] = "",
        **more: Any,
    ) -> PipelineOutputTabularDataset:
        """The same as records.

        Args:
            include_path: Records have the path of their file.
            separator: Between two fields.
            file_extension: Only files with this ending; "": `.csv` for commas, `.tsv` for
                tabulators, else any; None: any.
            more: As in Dataset.Tabular.from_delimited_files.
        """
        usual = {",": ".csv", "\t": ".tsv"}.get(separator, "")
        ending = usual if file_extension == "" else file_extension or ""
        given = {"include_path": include_path, "separator": separator, **more}
        return self._as_table("from_delimited_files", ending, given)

    def parse_parquet_files(
        self, include_path: bool = False, file_extension: Optional[str] = ".parquet", **more: Any
    ) -> PipelineOutputTabularDataset:
        """The same as records.

        Args:
            include_path: Records have the path of their file.
            file_extension: Only files with this ending; None: all files.
            more: As in Dataset.Tabular.from_parquet_files.
        """
        given = {"include_path": include_path, **more}
        return self._as_table("from_parquet_files", file_extension or "", given)

    def _with(self, **changes: Any) -> Any:

        found = copy.copy(self)
        vars(found).update(changes)
        return found

    def _as_table(
        self, factory: str, ending: str, given: Dict[str, Any]
    ) -> PipelineOutputTabularDataset:

        given = {"validate": False, **given}
        if factory == "from_delimited_files":
            # Nothing is there to be looked at.
            given["infer_column_types"] = False
        made = getattr(TabularDatasetFactory, factory)("https://localhost/output", **given)
        found = PipelineOutputTabularDataset(self._data)
        vars(found).update({**vars(self), "_mode": DIRECT})
        found._definition = {k: v for k, v in made._definition.items() if k != "sources"}
        found._definition["path_glob"] = f"**/*{ending}"
        return found


class PipelineOutputTabularDataset(PipelineOutputFileDataset):
    """A PipelineData as a dataset of records."""

    def keep_columns(self, columns: Any, validate: bool = False) -> Any:
        """The same with these columns alone."""
        del validate
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
        first, second = (
            self._stepped(step)._with(_input_name=self.name + number) for number, step in parts
        )
        return first, second

    def _stepped(self, step: Dict[str, Any]) -> Any:
        steps = [*self._definition.get("steps", []), step]
        return self._with(_definition={**self._definition, "steps": steps})


class PipelineDataset:
    """A dataset as an input by 2019's name for it.

    Args:
        dataset: The dataset.
        name: The input's name.
    """

    def __init__(self, dataset: Any, name: Optional[str] = None, **_: Any) -> None:
        self.dataset = dataset
        self.name = name or getattr(dataset, "name", None) or "dataset"

    @staticmethod
    def create(dataset: Any, name: Optional[str] = None, **_: Any) -> PipelineDataset:
        """Make one of a dataset."""
        return PipelineDataset(dataset, name)


def refusal(told: str) -> ValueError:
    """The error for what v1 refused as a wrong value, wrong types included."""
    return ValueError(told)


def name_of(value: Any) -> str:
    """The name that a place has as an input or output."""
    return str(getattr(value, "data_reference_name", None) or getattr(value, "name", ""))


def parameters_in(values: List[Any]) -> List[PipelineParameter]:
    """The parameters among values, also those within tuples."""
    found = []
    for value in values:
        parts = value if isinstance(value, tuple) else [value]
        found += [each for each in parts if isinstance(each, PipelineParameter)]
    return found
