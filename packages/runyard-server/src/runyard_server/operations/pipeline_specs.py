"""What is asked for of a pipeline, checked; and what each step runs once its inputs are known."""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from runyard.protocol.data import DataReference
from runyard.protocol.dataset_paths import output_path
from runyard.protocol.datasets import RunInput
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.parallel import size_of
from runyard.protocol.pipelines import (
    BOOL,
    DATA,
    DATASET,
    FLOAT,
    ORDER,
    PARAMETER_PREFIX,
    PATH,
    TEXT,
    WHOLE,
    EdgeRecord,
    NodeInput,
    NodeOutput,
    NodeSpec,
    OutputRecord,
    PipelineParameterSpec,
    PipelineSpec,
)
from runyard.protocol.runs import LauncherSpec, RunSpec
from runyard.protocol.suggestions import suggest
from runyard_server.operations import run_datasets
from runyard_server.pipelines import graph
from runyard_server.store import folders

MOST_NODES = 10_000
Made = Mapping[tuple[str, str], OutputRecord]
"""What nodes make, by node and name."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    WHOLE: (int,),
    FLOAT: (float, int),
    BOOL: (bool,),
    TEXT: (str,),
    DATASET: (str,),
    PATH: (dict,),
}
_OF_LAUNCHER = ("process_count_per_node", "worker_count", "parameter_server_count")
# Of a step that works batch by batch: how each is read that is no count.
_OF_PARALLEL: Mapping[str, Callable[[Any], Any]] = {
    "batch_size": size_of,
    "timeout_seconds": int,
    "most_tries": int,
    "logging_level": str,
}
_NAMESPACE = uuid.UUID("6b0f9d4e-9f0a-4a57-8f3c-0d4f5b4b6c11")


def edges(spec: PipelineSpec) -> list[EdgeRecord]:
    """What comes before what."""
    found = []
    for node in spec.nodes:
        found += [
            EdgeRecord(each.node, node.id, DATA, each.output) for each in node.inputs if each.node
        ]
        found += [EdgeRecord(before, node.id, ORDER) for before in node.after]
    return found


def pairs(spec: PipelineSpec) -> list[graph.Edge]:
    """What comes before what, as the graph takes it."""
    return [(each.source, each.target) for each in edges(spec)]


def order(spec: PipelineSpec) -> list[str]:
    """The nodes so that each comes after all that it needs.

    Raises:
        InvalidRequest: There is none, a node is named that is not there, or one twice.
    """
    nodes = {node.id: node for node in spec.nodes}
    if not 0 < len(spec.nodes) <= MOST_NODES:
        raise InvalidRequest(f"a pipeline has 1 to {MOST_NODES} steps, and this {len(spec.nodes)}")
    if spec.max_parallel is not None and spec.max_parallel < 1:
        raise InvalidRequest(f"max_parallel is {spec.max_parallel}; it must be 1 or more, or none")
    if len(nodes) < len(spec.nodes):
        raise InvalidRequest("two steps of the pipeline have one id; give each its own")
    # Of all at once: a node may read thousands of outputs of one other.
    made = {(node.id, each.name) for node in spec.nodes for each in node.outputs}
    for node in spec.nodes:
        _check_ports(node, nodes, made)
    try:
        return graph.ordered(list(nodes), pairs(spec))
    except graph.CycleError as error:
        named = " -> ".join(nodes[each].name for each in [*error.nodes, error.nodes[0]])
        raise InvalidRequest(
            f"these steps wait for each other in a circle: {named}; take one of the inputs or "
            "run_after away"
        ) from None


def values(parameters: Sequence[PipelineParameterSpec], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all parameters: those given, and the defaults of the others.

    Raises:
        InvalidRequest: There is no such parameter, or a value is of another kind.
    """
    known = {each.name: each for each in parameters}
    for name, value in given.items():
        if name not in known:
            near = suggest(name, list(known), "it has none").sentence
            raise InvalidRequest(f"the pipeline has no parameter {name!r}; {near}")
        _check_kind(known[name], value)
    return {**{each.name: each.default for each in parameters}, **given}


def applied(node: NodeSpec, chosen: Mapping[str, Any]) -> NodeSpec:
    """A node in which parameters have their values.

    Args:
        node: The node.
        chosen: The value of each parameter.

    Raises:
        InvalidRequest: One that is to be a count is none.
    """
    for name in (*node.parameters, *node.counts.values()):
        if name not in chosen:
            raise InvalidRequest(f"step {node.name!r} uses a parameter {name!r} that is not there")
    told = {variable(name): str(chosen[name]) for name in node.parameters}
    counted = {
        field: _count(name, chosen[name])
        for field, name in node.counts.items()
        if field not in _OF_PARALLEL
    }
    run = replace(
        node.run,
        environment_variables={**node.run.environment_variables, **told},
        launcher=_launched(node, counted, chosen),
        node_count=counted.get("node_count", node.run.node_count),
    )
    return replace(node, run=run, inputs=[_placed(each, chosen) for each in node.inputs])


def variable(parameter: str) -> str:
    """The variable that a parameter's value is in: what fits in no name becomes `_`."""
    return PARAMETER_PREFIX + "".join(c if c.isalnum() and c.isascii() else "_" for c in parameter)


def makes(node: NodeSpec, run: str) -> list[OutputRecord]:
    """What a node makes, where its run is to put it."""
    return [
        OutputRecord(
            each.name,
            each.datastore,
            output_path(each.path, run, each.name),
            published_as=each.published_as,
        )
        for each in node.outputs
    ]


def run_spec(node: NodeSpec, run: str, made: Made) -> RunSpec:
    """What a step runs, with the data that it reads and makes.

    Args:
        node: The node, with its parameters applied.
        run: Id of its run.
        made: What nodes before it have made.
    """
    data, inputs = list(node.run.data), list(node.run.inputs)
    for each in node.inputs:
        found = made.get((each.node, each.output))
        if each.as_dataset:
            # While nothing is there to be read it has no id.
            if each.dataset:
                inputs.append(RunInput(each.name, each.dataset, each.mode, each.path_on_compute))
        elif found is not None:
            place = (found.datastore, found.path, each.mode, each.path_on_compute)
            data.append(DataReference(each.name, *place, overwrite=each.overwrite))
        elif each.reference is not None:
            data.append(replace(each.reference, name=each.name))
    for output in node.outputs:
        if output.made is None and not output.taken:
            path = output_path(output.path, run, output.name)
            place = (output.datastore, path, output.mode, output.path_on_compute)
            data.append(DataReference(output.name, *place, overwrite=output.overwrite))
    outputs = [*node.run.outputs, *(each.made for each in node.outputs if each.made is not None)]
    return replace(node.run, data=data, inputs=inputs, outputs=outputs)


def read_as(given: NodeInput, place: OutputRecord) -> dict[str, Any]:
    """The definition of the dataset that another node's output is read as."""
    definition = dict(given.definition or {"kind": "file"})
    glob = str(definition.pop("path_glob", ""))
    path = f"{place.path}/{glob}" if glob else place.path
    return {**definition, "sources": [{"datastore": place.datastore, "path": path}]}


def module_id(node: NodeSpec) -> str:
    """The id that v1 had for what a step runs: the same for the same script of the same folder."""
    return str(uuid.uuid5(_NAMESPACE, f"{node.run.snapshot}\0{node.run.script}\0{node.name}"))


def _check_ports(node: NodeSpec, nodes: Mapping[str, NodeSpec], made: set[tuple[str, str]]) -> None:
    for name in (*(each.node for each in node.inputs if each.node), *node.after):
        if name not in nodes:
            raise InvalidRequest(f"step {node.name!r} needs a step {name!r} that is not there")
    for each in node.inputs:
        if each.node and (each.node, each.output) not in made:
            raise InvalidRequest(
                f"step {node.name!r} reads {each.output!r} of {nodes[each.node].name!r}, which "
                "makes no such output"
            )
    for output in node.outputs:
        _check_place(node, output)
    _check_batches(node)
    ports = Counter([*(each.name for each in node.inputs), *(each.name for each in node.outputs)])
    twice = sorted(name for name, count in ports.items() if count > 1) or _check_datasets(node)
    if twice:
        raise InvalidRequest(f"two inputs or outputs of step {node.name!r} are called {twice[0]!r}")


def _check_datasets(node: NodeSpec) -> list[str]:
    """Refuse names of datasets that a job's variables cannot have; give those that are there twice.

    What another step makes is checked here alone: when its run is known, this step is begun.
    """
    named = [*(each.name for each in node.inputs), *(each.name for each in node.outputs)]
    lowered = Counter(map(str.lower, named))
    datasets = [each.name for each in node.inputs if each.as_dataset]
    for name in datasets:
        try:
            run_datasets.check_variable(name)
        except InvalidRequest as error:
            raise InvalidRequest(f"step {node.name!r}: {error.message}") from None
    # An input sets the variables of both cases.
    return [name for name in datasets if lowered[name.lower()] > 1]


def _check_batches(node: NodeSpec) -> None:
    """Refuse to cut up, or to write into, what the step does not have."""
    batches = node.run.launcher.parallel
    if batches is None:
        return
    datasets = {each.name for each in node.inputs if each.as_dataset}
    missing = [name for name in batches.inputs if name not in datasets]
    if batches.output and batches.output not in {each.name for each in node.outputs}:
        missing.append(batches.output)
    if missing:
        raise InvalidRequest(
            f"step {node.name!r} works on batches of {missing[0]!r}, which is none of its datasets "
            "and outputs"
        )


def _check_place(node: NodeSpec, output: NodeOutput) -> None:
    """Refuse a place outside: what a sweep hands on is checked with no run's data."""
    try:
        folders.checked(output_path(output.path, "run", output.name))
    except (ValueError, InvalidRequest) as error:
        raise InvalidRequest(f"output {output.name!r} of step {node.name!r}: {error}") from None


def _check_kind(parameter: PipelineParameterSpec, value: Any) -> None:
    allowed = _TYPES.get(parameter.kind, (object,))
    # To Python a truth value is a whole number.
    is_bool = isinstance(value, bool) and parameter.kind != BOOL
    if is_bool or not isinstance(value, allowed):
        raise InvalidRequest(
            f"the parameter {parameter.name!r} is of the kind {parameter.kind} (its default is "
            f"{parameter.default!r}), and {value!r} is not"
        )


def _launched(
    node: NodeSpec, counted: Mapping[str, int], chosen: Mapping[str, Any]
) -> LauncherSpec:
    """The launcher of a step in which parameters have their values."""
    counts: dict[str, Any] = {k: v for k, v in counted.items() if k in _OF_LAUNCHER}
    launcher = replace(node.run.launcher, **counts)
    named = {k: name for k, name in node.counts.items() if k in _OF_PARALLEL}
    if launcher.parallel is None or not named:
        return launcher
    found: dict[str, Any] = {}
    for field, name in named.items():
        try:
            found[field] = _OF_PARALLEL[field](chosen[name])
        except (TypeError, ValueError) as error:
            raise InvalidRequest(f"the parameter {name!r} of step {node.name!r}: {error}") from None
    return replace(launcher, parallel=replace(launcher.parallel, **found))


def _count(name: str, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise InvalidRequest(f"the parameter {name!r} counts, and {value!r} is no number") from None


def _placed(given: NodeInput, chosen: Mapping[str, Any]) -> NodeInput:
    """An input whose place a parameter says."""
    if not given.parameter:
        return given
    value = chosen.get(given.parameter)
    if isinstance(value, dict):
        reference = DataReference(
            name=given.name,
            datastore=str(value.get("datastore", "")),
            path=str(value.get("path", "")),
            mode=given.mode,
            path_on_compute=given.path_on_compute,
            overwrite=given.overwrite,
        )
        return replace(given, reference=reference)
    return replace(given, dataset=str(value))
