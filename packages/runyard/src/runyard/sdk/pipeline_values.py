"""What steps of native pipelines are given: JSON values, parameters, and places to read.

A value is what JSON can tell, so a submission, a reuse key and a job have the same; what is none is
refused where it is given. A place is data that a step reads: what another step makes, a dataset, or
a path on a datastore. A parameter is either, chosen anew by each submission.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, NamedTuple

from runyard.protocol.pipelines import (
    BOOL,
    DATASET,
    FLOAT,
    PARAMETER_PREFIX,
    PATH,
    TEXT,
    WHOLE,
    NodeInput,
    PipelineParameterSpec,
)
from runyard.sdk.data import DataPath, DataReference
from runyard.sdk.dataset_inputs import DIRECT, MOUNT, DatasetConsumptionConfig
from runyard.sdk.datasets import AbstractDataset
from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from runyard.protocol.data import DataReference as Reference
    from runyard.sdk.workspaces import Workspace

# Linux takes no argument of a program beyond 128 KiB, and refuses it only when the job starts.
LONGEST_VALUE = 100_000
_PAIR = 2
_KINDS = ((bool, BOOL), (int, WHOLE), (float, FLOAT), (str, TEXT))
_JSON = "a text, a number, True, False, None, or lists and dicts of these"
_PLACES = "a dataset of files, what another step makes, or (datastore, 'path')"


class Parameter:
    """A value that each submission of a pipeline may choose; `Pipeline.parameter` makes it.

    Args:
        pipeline: The pipeline.
        name: Its name.
        default: The value where nobody chooses another, which is of the same kind.

    Raises:
        UserErrorException: The name or the default cannot be one.
    """

    def __init__(self, pipeline: Any, name: str, default: Any) -> None:
        if not isinstance(name, str) or not (name.isidentifier() and _is_ascii(name)):
            raise UserErrorException(
                f"{name!r} cannot name a parameter; use letters, digits and '_'"
            )
        self.pipeline = pipeline
        self.name = name
        self.default = default
        self.kind = _kind(name, default)

    @property
    def variable(self) -> str:
        """The variable of a job that has its value."""
        return PARAMETER_PREFIX + self.name

    @property
    def is_place(self) -> bool:
        """Whether it says what a step reads."""
        return self.kind in (PATH, DATASET)

    def record(self, workspace: Workspace) -> PipelineParameterSpec:
        """It as the service gets it."""
        return PipelineParameterSpec(self.name, self.kind, self.sent(self.default, workspace))

    def sent(self, value: Any, workspace: Workspace) -> Any:
        """A value of it as the service gets it.

        Args:
            value: The value.
            workspace: The pipeline's.

        Raises:
            UserErrorException: It is of another kind than the default.
        """
        kind = _kind(self.name, value)
        if kind != self.kind and (self.kind, kind) != (FLOAT, WHOLE):
            raise UserErrorException(
                f"parameter {self.name!r} is of the kind {self.kind}, as its default "
                f"{self.default!r} is, and {value!r} is of the kind {kind}"
            )
        if kind == DATASET:
            return _dataset(value)._ensure_saved(workspace)
        if kind == PATH:
            reference = _reference(value)
            return {"datastore": reference.datastore, "path": reference.path}
        return value

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, {self.default!r})"


class Port(NamedTuple):
    """An input of a step as the service gets it, and what stands for it among arguments."""

    record: NodeInput
    text: str


def is_place(value: Any) -> bool:
    """Whether a value is data to read and no JSON; what nodes make is told by themselves."""
    if isinstance(value, Parameter):
        return value.is_place
    known = (AbstractDataset, DatasetConsumptionConfig, DataReference, DataPath)
    return isinstance(value, known) or _is_pair(value) or hasattr(value, "_as_place")


def port(name: str, value: Any, workspace: Workspace) -> Port:
    """An input that reads what is there already.

    Args:
        name: The input's name.
        value: A dataset, a place, or a parameter that says one.
        workspace: The pipeline's.
    """
    if isinstance(value, Parameter):
        as_dataset = value.kind == DATASET
        return _port(NodeInput(name, parameter=value.name, as_dataset=as_dataset))
    if isinstance(value, (AbstractDataset, DatasetConsumptionConfig)):
        config = _consumed(name, value)
        given = config.to_record(workspace)
        return _port(
            NodeInput(
                name,
                dataset=given.dataset,
                mode=given.mode,
                path_on_compute=given.path_on_compute,
                as_dataset=True,
            )
        )
    reference = replace(_reference(value), name=name)
    return _port(NodeInput(name, reference=reference, mode=reference.mode))


def made(name: str, node: str, output: str) -> Port:
    """An input that reads what another node makes.

    Args:
        name: The input's name.
        node: The other node's id.
        output: The name of its output.
    """
    return _port(NodeInput(name, node, output))


def output_text(name: str) -> str:
    """What stands for an output among arguments."""
    return f"$AZUREML_DATAREFERENCE_{name}"


def refuse_no_place(step: str, name: str, value: Any) -> None:
    """Refuse what cannot be read.

    Args:
        step: The step's name.
        name: The input's name.
        value: What was given.

    Raises:
        UserErrorException: It is no place.
    """
    if not is_place(value):
        raise UserErrorException(
            f"step {step!r}: {name!r} is an input, so it takes {_PLACES}, not {value!r}"
        )
    if isinstance(value, (AbstractDataset, DatasetConsumptionConfig)):
        _consumed(name, value)


def checked_value(step: str, name: str, value: Any) -> Any:
    """A value that JSON can tell, or a parameter.

    Args:
        step: The step's name.
        name: The argument's name.
        value: What was given.

    Raises:
        UserErrorException: It is something else; the message says which part of it.
    """
    if isinstance(value, Parameter):
        return value
    fault = _fault(value, repr(name))
    if fault:
        raise UserErrorException(f"step {step!r}: {fault}; an argument is {_JSON}")
    size = len(json.dumps(value))
    if size > LONGEST_VALUE:
        raise UserErrorException(
            f"step {step!r}: {name!r} has {size} characters and {LONGEST_VALUE} are the most; "
            "write it to a file of a datastore and have the step read that"
        )
    return value


def _fault(value: Any, where: str) -> str:
    """What of a value is no JSON, in words; "" where all of it is."""
    if value is None or isinstance(value, (bool, int, str)):
        return ""
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"{where} is {value!r}, which JSON cannot tell"
    if isinstance(value, list):
        parts: Dict[str, Any] = {f"{where}[{n}]": each for n, each in enumerate(value)}
    elif isinstance(value, dict):
        strange = [key for key in value if not isinstance(key, str)]
        if strange:
            return f"{where} has the key {strange[0]!r}, which is no text"
        parts = {f"{where}[{key!r}]": each for key, each in value.items()}
    elif isinstance(value, Parameter):
        return f"{where} is a parameter within another value; give it as an argument by itself"
    else:
        return f"{where} is of the type {type(value).__name__}"
    return next((found for found in map(_fault, parts.values(), parts) if found), "")


def _kind(name: str, value: Any) -> str:
    if isinstance(value, AbstractDataset):
        _consumed(name, value)
        return DATASET
    if isinstance(value, (DataPath, DataReference)) or _is_pair(value):
        return PATH
    found = next((kind for each, kind in _KINDS if isinstance(value, each)), "")
    if not found or (found == FLOAT and not math.isfinite(value)):
        raise UserErrorException(
            f"parameter {name!r} cannot be {value!r}; it is a text, a number, True, False, a "
            "dataset of files or (datastore, 'path')"
        )
    return found


def _port(record: NodeInput) -> Port:
    # The job has a dataset's path in a variable of its plain name, a reference's in v1's.
    name = record.name
    return Port(record, f"${{{name}}}" if record.as_dataset else output_text(name))


def _consumed(name: str, value: Any) -> DatasetConsumptionConfig:
    """A dataset with how the job gets at it: by a path, for that is what an Input is."""
    if isinstance(value, DatasetConsumptionConfig):
        if value.mode == DIRECT:
            return _consumed(name, value.dataset)
        return value
    if isinstance(value, AbstractDataset) and not value.has_files:
        raise UserErrorException(
            f"{name!r} is a dataset of records, and an input is a path: give the dataset of files "
            "that it was read from, or read it in the step by runyard.dataset(…)"
        )
    return DatasetConsumptionConfig("dataset", value, MOUNT)


def _dataset(value: Any) -> AbstractDataset:
    found: AbstractDataset = value
    return found


def _reference(value: Any) -> Reference:
    """A place on a datastore as the service gets it."""
    if hasattr(value, "_as_place"):
        value = value._as_place()
    if isinstance(value, DataReference):
        return value.to_record()
    if isinstance(value, DataPath):
        return value.create_data_reference("place").to_record()
    store, path = value
    return DataReference(store, "place", path).to_record()


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == _PAIR
        and isinstance(value[0], Datastore)
        and isinstance(value[1], str)
    )


def _is_ascii(text: str) -> bool:
    return all(ord(letter) < 128 for letter in text)  # noqa: PLR2004 - ASCII
