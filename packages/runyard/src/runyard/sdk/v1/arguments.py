"""Arguments of a script, as v1 users give them, made into texts and data references.

script_params {'--data': datastore.as_mount(), '--verbose': '', '--rates': [1, 2]}
becomes       ['--data', '$AZUREML_DATAREFERENCE_x', '--verbose', '--rates', '1', '2']
and           a reference named x to the datastore.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

from runyard.protocol.data import VARIABLE_PREFIX, DataReference
from runyard.sdk.data import DataPath, checked_mode
from runyard.sdk.data import DataReference as DataReferenceObject
from runyard.sdk.dataset_inputs import DatasetConsumptionConfig
from runyard.sdk.dataset_outputs import OutputFileDatasetConfig
from runyard.sdk.datasets import AbstractDataset
from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import TrainingException, UserErrorException
from runyard.sdk.v1.runconfig_data import as_object, as_text

if TYPE_CHECKING:
    from runyard.protocol.datasets import RunInput, RunOutput

MODEL_LOCATION = "MODEL_LOCATION"
_DATASETS = (DatasetConsumptionConfig, OutputFileDatasetConfig)


class References(Dict[str, DataReference]):
    """What a run's arguments mention: data references by name, and datasets.

    Args:
        experiment: The run's, whose workspace keeps the definitions of its datasets.

    Attributes:
        inputs: Datasets that the run reads, by name.
        outputs: Datasets that it makes, by name.
        packages: What its script needs to read them: v1's environments brought pandas along.
    """

    def __init__(self, experiment: Any = None) -> None:
        super().__init__()
        self._experiment = experiment
        self.inputs: Dict[str, RunInput] = {}
        self.outputs: Dict[str, RunOutput] = {}
        self.packages: List[str] = []

    @property
    def workspace(self) -> Any:
        """The run's workspace."""
        return self._experiment.workspace

    def mention(self, value: Any) -> str:
        """Add a dataset, and give the text that stands for it among arguments.

        Raises:
            UserErrorException: Two of one name are different.
        """
        if isinstance(value, DatasetConsumptionConfig):
            self.packages += getattr(value.dataset, "packages", ())
        known = self.inputs if isinstance(value, DatasetConsumptionConfig) else self.outputs
        _once(known, value.name, value.to_record(self.workspace))
        # The agent sets the variable of that name.
        return f"${{{value.name}}}"


def flattened(script_params: Optional[Mapping[Any, Any]]) -> List[Any]:
    """Flatten script_params to a list: key, value, key, value; empty values leave the bare key.

    Raises:
        TrainingException: script_params is no mapping.
    """
    if script_params is None:
        return []
    if not isinstance(script_params, Mapping):
        raise TrainingException(
            f"script_params must be a dict such as {{'--rate': 0.1}}, not "
            f"{type(script_params).__name__}"
        )
    found: List[Any] = []
    for key, value in script_params.items():
        found.append(key)
        if isinstance(value, (list, tuple)):
            found.extend(value)
        elif value is not None and not (isinstance(value, str) and not value):
            # Not by its truth: 0 and False are passed on, as in v1, and an array has none.
            found.append(value)
    return found


def texts(arguments: Sequence[Any], references: References) -> List[str]:
    """Write arguments as texts, and add the data they mention to `references`.

    Raises:
        UserErrorException: `arguments` is no list, or a name means two places.
    """
    if isinstance(arguments, (str, bytes)) or not isinstance(arguments, (list, tuple)):
        raise UserErrorException(
            f"arguments must be a list such as ['--rate', 0.1], not {arguments!r}"
        )
    return [_text(value, references) for value in arguments]


def add(reference: DataReference, references: References) -> None:
    """Add a reference; the same one twice is one.

    Raises:
        UserErrorException: Another reference has that name.
    """
    known = references.get(reference.name)
    if known is not None and known != reference:
        raise UserErrorException(
            f"the data reference name {reference.name!r} stands for two places: "
            f"{known.datastore}:{known.path or '/'} ({known.mode}) and "
            f"{reference.datastore}:{reference.path or '/'} ({reference.mode}); give each its own "
            "data_reference_name"
        )
    references[reference.name] = reference


def reference_of(value: Any) -> Optional[DataReference]:
    """Write the record of a DataReference or a bare datastore; None for other values."""
    # As in v1 a bare datastore is its root, mounted.
    if isinstance(value, Datastore):
        value = value.as_mount()
    return value.to_record() if isinstance(value, DataReferenceObject) else None


def from_config(name: str, config: Any) -> DataReference:
    """Write the record of a DataReferenceConfiguration, or of a DataReference put in its place."""
    record = reference_of(config)
    if record is not None:
        return record
    if not config.data_store_name:
        raise UserErrorException(f"data reference {name!r} names no datastore")
    return DataReference(
        name=name,
        datastore=str(config.data_store_name),
        path=config.path_on_data_store or "",
        mode=checked_mode(config.mode),
        path_on_compute=config.path_on_compute or "",
        overwrite=bool(config.overwrite),
    )


def model_location(resume_from: Any) -> DataReference:
    """Make the reference that `resume_from` (a DataPath) means.

    Raises:
        TrainingException: It is no DataPath.
    """
    if not isinstance(resume_from, DataPath):
        raise TrainingException(f"resume_from must be a DataPath, not {type(resume_from).__name__}")
    return resume_from.create_data_reference(MODEL_LOCATION).to_record()


def mention_all(values: Mapping[str, Any], references: References) -> None:
    """Add the datasets of a run configuration's `data` or `output_data` section."""
    for name, section in values.items():
        value = as_object(name, section, references.workspace)
        if not isinstance(value, _DATASETS):
            raise UserErrorException(
                f"the data section {name!r} must be a dataset as an input "
                f"(dataset.as_named_input({name!r})), not {type(value).__name__}"
            )
        references.mention(value)


def _once(known: Dict[str, Any], name: str, record: Any) -> None:
    if known.setdefault(name, record) != record:
        raise UserErrorException(
            f"two datasets of the run are called {name!r}; give each a name of its own"
        )


def _text(value: Any, references: References) -> str:
    if isinstance(value, str):
        return as_text(value)
    if isinstance(value, _DATASETS):
        return references.mention(value)
    if isinstance(value, AbstractDataset):
        raise UserErrorException(
            "a dataset among arguments needs to say how the job gets at it: dataset.as_mount() or "
            "dataset.as_download() for its files' path, dataset.as_named_input('name') for the "
            "dataset itself"
        )
    reference = reference_of(value)
    if reference is not None:
        add(reference, references)
        return f"${VARIABLE_PREFIX}{reference.name}"
    return str(value)
