"""The ports of a step: what its inputs, outputs and arguments mean, checked when it is made.

An argument that is data becomes the variable in which the job has its path, one that is a parameter
the variable with its value. Data among arguments must be among inputs or outputs, too; datasets
that say how they are consumed are inputs wherever they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from runyard.protocol.data import VARIABLE_PREFIX
from runyard.protocol.datasets import RunOutput
from runyard.protocol.pipelines import OUTPUT_PATH, NodeInput, NodeOutput
from runyard.sdk.data import DataPath, DataPathComputeBinding, DataReference
from runyard.sdk.dataset_inputs import MOUNT, DatasetConsumptionConfig
from runyard.sdk.dataset_outputs import OutputFileDatasetConfig
from runyard.sdk.datasets import AbstractDataset
from runyard.sdk.v1.pipelines.data import (
    InputPortBinding,
    PipelineData,
    PipelineDataset,
    PipelineOutputFileDataset,
    PipelineParameter,
    parameters_in,
    refusal,
)

if TYPE_CHECKING:
    from runyard.sdk.workspaces import Workspace

_PAIR = 2


class Port(NamedTuple):
    """An input: its name, what it is, and how the job gets at it."""

    name: str
    value: Any
    mode: str = MOUNT
    path_on_compute: Optional[str] = None
    overwrite: bool = False
    as_dataset: bool = False
    definition: Mapping[str, Any] = {}

    @property
    def text(self) -> str:
        """What stands for it among arguments."""
        return f"${{{self.name}}}" if self.as_dataset else f"${VARIABLE_PREFIX}{self.name}"


class Ports:
    """The ports of a step.

    Args:
        step: The step, for messages.
        inputs: What it reads.
        outputs: What it makes.
        arguments: Its arguments.

    Raises:
        ValueError: One cannot be what it is given as.
    """

    def __init__(
        self, step: Any, inputs: Sequence[Any], outputs: Sequence[Any], arguments: Sequence[Any]
    ) -> None:
        self._step = step
        self.outputs: List[Any] = []
        for value in outputs:
            self._add_output(value)
        self.inputs: List[Port] = []
        for value in inputs:
            self._add_input(value)
        self.parameters: List[PipelineParameter] = []
        self.note(parameters_in(list(inputs)))
        self.arguments = [self._text(each) for each in arguments]

    def note(self, parameters: Sequence[PipelineParameter]) -> None:
        """Add parameters that the step uses."""
        self.parameters += [each for each in parameters if each not in self.parameters]

    def node_inputs(self, ids: Mapping[Any, str], workspace: Workspace) -> List[NodeInput]:
        """The inputs as the service gets them.

        Args:
            ids: The id of each step's node.
            workspace: The pipeline's.
        """
        return [_node_input(each, ids, workspace) for each in self.inputs]

    def node_outputs(self, datastore: str, workspace: Workspace) -> List[NodeOutput]:
        """The outputs as the service gets them.

        Args:
            datastore: Where those lie that do not say.
            workspace: The pipeline's.
        """
        return [_node_output(each, datastore, workspace) for each in self.outputs]

    def producers(self) -> List[Any]:
        """The steps that make what this one reads.

        Raises:
            ValueError: No step makes it.
        """
        found = []
        for each in self.inputs:
            if not isinstance(each.value, (PipelineData, OutputFileDatasetConfig)):
                continue
            step = producer_of(each.value)
            if step is None:
                raise ValueError(
                    f"step {self._step.name!r} reads {each.value.name!r}, which no step has among "
                    "its outputs"
                )
            _check_form(self._step, each, step)
            found.append(step)
        return found

    def _add_output(self, value: Any) -> None:
        data = value._data if isinstance(value, PipelineOutputFileDataset) else value
        if not isinstance(data, (PipelineData, OutputFileDatasetConfig)):
            raise refusal(
                f"outputs of step {self._step.name!r} are PipelineData and "
                f"OutputFileDatasetConfig, not {type(value).__name__}"
            )
        before = producer_of(data)
        if before is not None and before is not self._step:
            raise ValueError(
                f"{data.name!r} is made by step {before.name!r} already; step "
                f"{self._step.name!r} needs an output of its own"
            )
        if output_name(data) in [output_name(_data(each)) for each in self.outputs]:
            raise ValueError(f"two outputs of step {self._step.name!r} are called {data.name!r}")
        if isinstance(data, PipelineData):
            data._producer, data._made_as = self._step, value
        else:
            data._producer.append(self._step)
        self.outputs.append(value)

    def _add_input(self, value: Any) -> None:
        port = read(value, self._step.name)
        if port.name in [output_name(_data(each)) for each in self.outputs]:
            port = port._replace(name=f"INPUT_{port.name}")
        if port.name in [each.name for each in self.inputs]:
            raise ValueError(f"two inputs of step {self._step.name!r} are called {port.name!r}")
        self.inputs.append(port)

    def _text(self, value: Any) -> str:
        if isinstance(value, AbstractDataset):
            raise refusal(_bare(self._step.name))
        if isinstance(value, PipelineParameter):
            self.note([value])
            return f"${variable(value.name)}"
        if isinstance(value, (PipelineData, PipelineOutputFileDataset, InputPortBinding)):
            return self._text_of_data(value)
        if isinstance(value, (OutputFileDatasetConfig, DatasetConsumptionConfig)):
            return self._text_of_dataset(value)
        if isinstance(value, (DataReference, PipelineDataset, tuple)) or _is_port(value):
            return self._text_of_place(value)
        return str(value)

    def _text_of_place(self, value: Any) -> str:
        name = read(value, self._step.name).name
        for port in self.inputs:
            if port.name in (name, f"INPUT_{name}"):
                return port.text
        raise self._missing(name)

    def _text_of_data(self, value: Any) -> str:
        data = _data(value.bind_object if isinstance(value, InputPortBinding) else value)
        named = value.name if isinstance(value, InputPortBinding) else None
        for output in self.outputs:
            if _data(output) is data:
                return f"${VARIABLE_PREFIX}{data._output_name}"
        # What a step of another run has made is an input by its place.
        place = data._reference if _is_port(data) else data
        found = [each for each in self.inputs if each.value is place]
        # One data may be two inputs, under names of their own.
        for port in [each for each in found if each.name == named] or found:
            return port.text
        raise self._missing(getattr(data, "name", value.name))

    def _text_of_dataset(self, value: Any) -> str:
        """Of one that says how it is consumed, or made: it is a port wherever it stands."""
        if isinstance(value, DatasetConsumptionConfig):
            if value.name not in [each.name for each in self.inputs]:
                self._add_input(value)
            return f"${{{value.name}}}"
        found = [
            each
            for each in self.inputs
            if getattr(each.value, "_producer", None) is value._producer
        ]
        # Of one output both parts of a split may be inputs.
        for port in [each for each in found if each.name == value._input_name] or found:
            return port.text
        if value.name not in [each.name for each in self.outputs]:
            self._add_output(value)
        return f"${{{value.name}}}"

    def _missing(self, name: str) -> ValueError:
        return ValueError(
            f"{name!r} is among the arguments of step {self._step.name!r} and neither among its "
            "inputs nor its outputs; add it to inputs=[…] or outputs=[…]"
        )


def read(value: Any, step: str) -> Port:
    """What an input means.

    Args:
        value: The input.
        step: Name of its step.

    Raises:
        ValueError: It cannot be an input.
    """
    if isinstance(value, InputPortBinding):
        return read(value.bind_object, step)._replace(
            name=value.name,
            mode=value.bind_mode,
            path_on_compute=value.path_on_compute,
            overwrite=value.overwrite,
        )
    if isinstance(value, AbstractDataset):
        raise refusal(_bare(step))
    if isinstance(value, tuple) and len(value) == _PAIR:
        return _bound(value, step)
    found = _dataset(value) or _place(value)
    if found is None:
        raise ValueError(
            f"inputs of step {step!r} are PipelineData, DataReference, a dataset "
            f"as_named_input(…), or (DataPath, DataPathComputeBinding), not {type(value).__name__}"
        )
    return found


def _place(value: Any) -> Optional[Port]:
    """What an input means that the job gets as a path."""
    if isinstance(value, PipelineData):
        return Port(value.name, value)
    if isinstance(value, DataReference):
        name = value.data_reference_name
        return Port(name, value, value.mode, value.path_on_compute, value.overwrite)
    return Port(value.name, value._reference) if _is_port(value) else None


def _dataset(value: Any) -> Optional[Port]:
    """What an input means that the job gets as a dataset."""
    if isinstance(value, PipelineDataset):
        value = DatasetConsumptionConfig(value.name, value.dataset)
    how: Dict[str, Any] = {"as_dataset": True}
    if isinstance(value, PipelineOutputFileDataset):
        how.update(mode=value._mode, path_on_compute=value._path_on_compute)
        return Port(value.name, value._data, definition=value._definition, **how)
    if isinstance(value, OutputFileDatasetConfig):
        value = value.as_input()
    if not isinstance(value, DatasetConsumptionConfig):
        return None
    how.update(mode=value.mode, path_on_compute=value.path_on_compute)
    if isinstance(value.dataset, OutputFileDatasetConfig):
        return Port(value.name, value.dataset, definition=value.dataset._definition, **how)
    return Port(value.name, value, **how)


def producer_of(value: Any) -> Any:
    """The step that makes some data, None where there is none."""
    if isinstance(value, OutputFileDatasetConfig):
        return value._producer[0] if value._producer else None
    return getattr(value, "_producer", None)


def output_name(data: Any) -> str:
    """What data is called as an output of its step."""
    return str(getattr(data, "_output_name", None) or data.name)


def variable(parameter: str) -> str:
    """The variable that a parameter's value is in."""
    return "AML_PARAMETER_" + "".join(c if c.isalnum() and ord(c) < 128 else "_" for c in parameter)  # noqa: PLR2004 - ASCII


def path_value(path: DataPath) -> Dict[str, str]:
    """A DataPath as the value of a parameter."""
    reference = path.create_data_reference("path").to_record()
    return {"datastore": reference.datastore, "path": reference.path}


def _bound(value: Tuple[Any, Any], step: str) -> Port:
    what, binding = value
    place = what.default_value if isinstance(what, PipelineParameter) else what
    if not isinstance(place, DataPath) or not isinstance(binding, DataPathComputeBinding):
        raise refusal(
            f"an input of step {step!r} is ({type(what).__name__}, {type(binding).__name__}); it "
            "must be (DataPath, DataPathComputeBinding), or a PipelineParameter with a DataPath"
        )
    # Named after its place where it has no name: the same next time, so that steps can be equal.
    name = place.create_data_reference(None, binding).data_reference_name
    return Port(name, what, binding.mode, binding.path_on_compute, bool(binding.overwrite))


def _node_input(port: Port, ids: Mapping[Any, str], workspace: Workspace) -> NodeInput:

    value, given = port.value, {}  # type: Any, Dict[str, Any]
    if isinstance(value, (PipelineData, OutputFileDatasetConfig)):
        given = {"node": ids[producer_of(value)], "output": output_name(value)}
    elif isinstance(value, DatasetConsumptionConfig):
        if isinstance(value.dataset, PipelineParameter):
            given = {"parameter": value.dataset.name}
        else:
            given = {"dataset": value.to_record(workspace).dataset}
    elif isinstance(value, PipelineParameter):
        given = {"parameter": value.name}
    elif isinstance(value, DataPath):
        binding = DataPathComputeBinding(port.mode, port.path_on_compute, port.overwrite)
        given = {"reference": value.create_data_reference(port.name, binding).to_record()}
    else:
        given = {"reference": value.to_record()}
    return NodeInput(
        name=port.name,
        mode=port.mode,
        path_on_compute=port.path_on_compute or "",
        overwrite=port.overwrite,
        as_dataset=port.as_dataset,
        definition=dict(port.definition),
        **given,
    )


def _node_output(value: Any, datastore: str, workspace: Workspace) -> NodeOutput:

    data = _data(value)
    if isinstance(data, OutputFileDatasetConfig):
        made = data.to_record(workspace)
        return NodeOutput(data.name, made.datastore, made.path, made.mode, made=made)
    name = data._output_name
    store = datastore if data._datastore is None else data._datastore.name
    how = (data._output_mode, data._output_path_on_compute or "", data._output_overwrite)
    registered = value._registered if isinstance(value, PipelineOutputFileDataset) else {}
    record = RunOutput(name, store, OUTPUT_PATH, *how, **registered) if registered else None
    taken = "" if data._training_output is None else _taken(data._training_output)
    published = data._pipeline_output_name or ""
    return NodeOutput(
        name, store, OUTPUT_PATH, *how, made=record, taken=taken, published_as=published
    )


def _taken(output: Any) -> str:
    return "metrics" if output.type == "Metrics" else str(output.model_file or "outputs").strip("/")


def _data(value: Any) -> Any:
    return value._data if isinstance(value, PipelineOutputFileDataset) else value


def _is_port(value: Any) -> bool:
    """Whether a value is a PortDataReference; of a run, so its module is not needed here."""
    return isinstance(getattr(value, "_reference", None), DataReference)


def _check_form(step: Any, port: Port, producer: Any) -> None:
    made_as = getattr(port.value, "_made_as", None)
    is_data = isinstance(port.value, PipelineData)
    if is_data and port.as_dataset and not isinstance(made_as, PipelineOutputFileDataset):
        raise ValueError(
            f"step {step.name!r} reads {port.value.name!r} as a dataset, so step "
            f"{producer.name!r} must make it as one: outputs=[{port.value.name}.as_dataset()]"
        )


def _bare(step: str) -> str:
    return (
        f"a dataset among inputs or arguments of step {step!r} needs a name: "
        "dataset.as_named_input('name'), for files followed by .as_mount() or .as_download()"
    )
