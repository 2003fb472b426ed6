"""Datasets in a run configuration: the sections `data` and `output_data`, also as a file has them.

Notebooks write such a section seldom; files for v1's command line name by it what a run reads:

    arguments: [--data, "DatasetConsumptionConfig:digits"]
    data:
      digits:
        dataLocation: {dataset: {id: 4f…}}
        mechanism: mount
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.sdk import dataset_factories
from runyard.sdk.dataset_inputs import DIRECT, MOUNT, DatasetConsumptionConfig
from runyard.sdk.dataset_outputs import OutputFileDatasetConfig
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.sections import Section

if TYPE_CHECKING:
    from runyard.sdk.workspaces import Workspace

# v1's own words for what our datasets write as `${name}`.
_MENTION = re.compile(r"\bDataset(?:Consumption|Output)Config:(\w+)")


class Dataset(Section):
    """A dataset that the service knows, by its id or by its name."""

    def __init__(
        self,
        dataset_id: Optional[str] = None,
        dataset_name: Optional[str] = None,
        dataset_version: Any = None,
    ) -> None:
        self.id = dataset_id
        self.name = dataset_name
        self.version = dataset_version
        self._close()


class DataPath(Section):
    """A place on a datastore."""

    def __init__(
        self, datastore_name: Optional[str] = None, relative_path: Optional[str] = None
    ) -> None:
        self.datastore_name = datastore_name
        self.relative_path = relative_path
        self._close()


class Uri(Section):
    """An address of files."""

    def __init__(self, path: Optional[str] = None, is_file: bool = False) -> None:
        self.path = path
        self.is_file = is_file
        self._close()


class DataLocation(Section):
    """Where data is: a Dataset, a DataPath or a Uri."""

    def __init__(self, dataset: Any = None, data_path: Any = None, uri: Any = None) -> None:
        self.dataset = dataset
        self.data_path = data_path
        self.uri = uri
        self._close()


class Data(Section):
    """What a run reads.

    Args:
        data_location: Where it is.
        create_output_directories: Without meaning here.
        mechanism: `direct`, `mount` or `download`.
        environment_variable_name: The name that the script has for it; None is the section's.
        path_on_compute: Where the files are to be.
        overwrite: Without meaning here: each run has a place of its own.
        options: Without meaning here.
    """

    def __init__(
        self,
        data_location: Optional[DataLocation] = None,
        create_output_directories: Optional[bool] = None,
        mechanism: str = DIRECT,
        environment_variable_name: Optional[str] = None,
        path_on_compute: Optional[str] = None,
        overwrite: bool = False,
        options: Optional[Dict[str, Any]] = None,
    ) -> None:
        self.data_location = data_location
        self.create_output_directories = create_output_directories
        self.mechanism = mechanism.lower()
        self.environment_variable_name = environment_variable_name
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite
        self.options = options
        self._close()

    @staticmethod
    def create(data: Any) -> Data:
        """Write a dataset that is the input of a run as such a section.

        Raises:
            UserErrorException: It is none, or the service does not know the dataset yet.
        """
        if not isinstance(data, DatasetConsumptionConfig):
            raise UserErrorException(
                f"data must be dataset.as_named_input('name'), not {type(data).__name__}"
            )
        location = DataLocation(_named(data))
        place = data.path_on_compute
        return Data(
            location,
            create_output_directories=False,
            mechanism=data.mode,
            environment_variable_name=data.name,
            path_on_compute=place,
        )


class DatasetRegistrationOptions(Section):
    """Steps of what a run makes, before it is registered."""

    def __init__(self, additional_transformations: Any = None) -> None:
        self.additional_transformation = additional_transformations
        self._close()


class RegistrationOptions(Section):
    """The name under which what a run makes is registered."""

    def __init__(
        self,
        name: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Dict[str, str]] = None,
        dataset_registration_options: Any = None,
    ) -> None:
        self.name = name
        self.description = description
        self.tags = tags
        self.dataset_registration_options = dataset_registration_options
        self._close()


class GlobsOptions(Section):
    """Patterns of files."""

    def __init__(self, patterns: Optional[List[str]] = None) -> None:
        self.patterns: Optional[List[str]] = patterns
        self._close()


class UploadOptions(Section):
    """How what a run makes is copied."""

    def __init__(self, overwrite: bool = False, source_globs: Any = None) -> None:
        self.overwrite = overwrite
        self.source_globs = source_globs
        self._close()


class MountOptions(Section):
    """How what a run makes is mounted; without meaning here."""

    def __init__(self, disable_metadata_cache: bool = False) -> None:
        self.disable_metadata_cache = disable_metadata_cache
        self._close()


class OutputOptions(Section):
    """Where a run makes it, and what comes of it."""

    def __init__(
        self,
        path_on_compute: Optional[str] = None,
        registration_options: Optional[RegistrationOptions] = None,
        upload_options: Optional[UploadOptions] = None,
        mount_options: Optional[MountOptions] = None,
    ) -> None:
        self.path_on_compute = path_on_compute
        self.registration_options = registration_options
        self.upload_options = upload_options
        self.mount_options = mount_options
        self._close()


class OutputData(Section):
    """What a run makes.

    Args:
        output_location: Where it is kept: a DataLocation with a DataPath; None is the usual place.
        mechanism: `mount` or `upload`.
        additional_options: An OutputOptions.
    """

    def __init__(
        self,
        output_location: Optional[DataLocation] = None,
        mechanism: str = MOUNT,
        additional_options: Optional[OutputOptions] = None,
    ) -> None:
        self.output_location = output_location
        self.mechanism = mechanism.lower()
        self.additional_options = additional_options
        self._close()


# What a file's key holds, which by default is None; two spellings were written of one.
PARTS = {
    "dataLocation": DataLocation,
    "outputLocation": DataLocation,
    "dataset": Dataset,
    "dataPath": DataPath,
    "datapath": DataPath,
    "uri": Uri,
    "additionalOptions": OutputOptions,
    "registrationOptions": RegistrationOptions,
    "datasetRegistrationOptions": DatasetRegistrationOptions,
    "uploadOptions": UploadOptions,
    "mountOptions": MountOptions,
    "sourceGlobs": GlobsOptions,
}
SECTIONS = {"data": Data, "outputData": OutputData}


def as_text(text: str) -> str:
    """An argument, with v1's own mentions of datasets as those that a job replaces."""
    return _MENTION.sub(r"${\1}", text)


def as_object(name: str, section: Any, workspace: Workspace) -> Any:
    """The input or output that a section means; any other value as it is.

    Args:
        name: The section's name.
        section: A Data or an OutputData.
        workspace: The run's.

    Raises:
        UserErrorException: It says nothing of where the data is, or there is none.
    """
    if isinstance(section, OutputData):
        return _output(name, section, workspace)
    if not isinstance(section, Data):
        return section
    place = section.path_on_compute
    return DatasetConsumptionConfig(name, _dataset(name, section, workspace), _mode(section), place)


def _dataset(name: str, section: Data, workspace: Workspace) -> Any:
    location = section.data_location or DataLocation()
    known, place, address = location.dataset, location.data_path, location.uri
    if known is not None and known.id:
        return dataset_factories.Dataset.get_by_id(workspace, str(known.id))
    if known is not None and known.name:
        return dataset_factories.Dataset.get_by_name(
            workspace, str(known.name), known.version or "latest"
        )
    if place is not None and place.datastore_name:
        store = workspace.datastores[place.datastore_name]
        return dataset_factories.Dataset.File.from_files(
            (store, place.relative_path or ""), validate=False
        )
    if address is not None and address.path:
        return dataset_factories.Dataset.File.from_files(str(address.path), validate=False)
    raise UserErrorException(
        f"the data section {name!r} does not say where the data is; give its data_location a "
        "dataset by id or name, or a data_path"
    )


def _output(name: str, section: OutputData, workspace: Workspace) -> OutputFileDatasetConfig:
    place = section.output_location.data_path if section.output_location else None
    options = section.additional_options or OutputOptions()
    upload = options.upload_options or UploadOptions()
    kept = None
    if place is not None and place.datastore_name:
        kept = (workspace.datastores[place.datastore_name], place.relative_path)
    made = OutputFileDatasetConfig(name, kept, options.path_on_compute)
    if section.mechanism == "upload":
        globs = upload.source_globs
        made = made.as_upload(upload.overwrite, globs.patterns if globs else None)
    told = options.registration_options
    if told is None or not told.name:
        return made
    if told.dataset_registration_options is not None:
        raise UserErrorException(
            f"the output section {name!r} has a transformation as v1's dataprep wrote it; use "
            "OutputFileDatasetConfig(...).read_delimited_files() in its place"
        )
    registered: OutputFileDatasetConfig = made.register_on_complete(
        told.name, told.description, told.tags
    )
    return registered


def _mode(section: Data) -> str:
    return str(section.mechanism or DIRECT).lower()


def _named(data: DatasetConsumptionConfig) -> Dataset:
    known = data.dataset
    if isinstance(known, tuple):
        version = known[2] if known[2:] else "latest"
        return Dataset(dataset_name=str(known[1]), dataset_version=version)
    id_ = getattr(known, "id", None)
    if id_ is None:
        raise UserErrorException(
            f"the dataset of input {data.name!r} is not known to the service yet; register it"
        )
    return Dataset(str(id_), known.name, known.version)
