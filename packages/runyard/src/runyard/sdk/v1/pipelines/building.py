"""`Pipeline`: steps made into a graph, checked when it is built, sent when it is submitted."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    List,
    Mapping,
    NamedTuple,
    NoReturn,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from runyard.client import callers, printing
from runyard.protocol.pipelines import NodeSpec, PipelineParameterSpec, PipelineSpec, SubmitPipeline
from runyard.protocol.published_pipelines import PublishPipeline
from runyard.sdk import submitter
from runyard.sdk.data import DataPath
from runyard.sdk.dataset_inputs import DatasetConsumptionConfig
from runyard.sdk.datasets import AbstractDataset
from runyard.sdk.exceptions import NotOfferedYet, translated
from runyard.sdk.experiments import Experiment
from runyard.sdk.source_snapshots import take_snapshot
from runyard.sdk.tags import as_tags
from runyard.sdk.v1.pipelines import publishing
from runyard.sdk.v1.pipelines.data import PipelineData, PipelineParameter
from runyard.sdk.v1.pipelines.ports import path_value, producer_of
from runyard.sdk.v1.pipelines.steps import PipelineStep

if TYPE_CHECKING:
    from runyard.sdk.runs import Run
    from runyard.sdk.v1.pipelines.publishing import PublishedPipeline

_KNOWN = ("enable_email_notification",)


class StepSequence:
    """Steps of which each begins after all of the one before.

    Args:
        steps: Steps, lists of steps (side by side), and sequences.
    """

    def __init__(self, steps: Optional[Sequence[Any]] = None) -> None:
        self.steps = list(steps or [])

    def __iter__(self) -> Any:
        return iter(self.steps)


class Edge(NamedTuple):
    """That a node comes after another; of data it has a name."""

    source: str
    target: str
    name: str


class Graph:
    """The graph of a pipeline.

    Args:
        steps: Each step by the id of its node.
        edges: What comes after what.
        parameters: The pipeline's parameters.
    """

    def __init__(
        self,
        steps: Mapping[str, PipelineStep],
        edges: Sequence[Edge],
        parameters: Mapping[str, PipelineParameter],
    ) -> None:
        self.node_dict = dict(steps)
        self.edges = list(edges)
        self.params = dict(parameters)

    @property
    def nodes(self) -> List[PipelineStep]:
        """The steps."""
        return list(self.node_dict.values())

    @property
    def module_nodes(self) -> List[PipelineStep]:
        """The steps."""
        return self.nodes


class Pipeline:
    """Steps that need each other, to be submitted together.

    Args:
        workspace: The workspace.
        steps: A step, a list of steps side by side, StepSequence, or the PipelineData of a step.
        description: What to write about it.
        default_datastore: Where data between steps lies; None is the workspace's default.
        default_source_directory: The folder of steps that have none.
        resolve_closure: Whether steps that the given ones need come in by themselves.
        kwargs: `enable_email_notification`, without effect.

    Raises:
        ValueError: A step, a script or a producer is missing, or an argument is unknown.
        NotImplementedError: Something among the steps is none.
    """

    def __init__(
        self,
        workspace: Any,
        steps: Any,
        description: Optional[str] = None,
        default_datastore: Any = None,
        default_source_directory: Optional[str] = None,
        resolve_closure: bool = True,
        **kwargs: Any,
    ) -> None:
        unknown = sorted(set(kwargs) - set(_KNOWN))
        if unknown:
            raise ValueError(f"Pipeline takes no {', '.join(unknown)}")
        if kwargs:
            callers.warn("enable_email_notification has no effect: no mail is sent")
        self.workspace = workspace
        self.description = description
        self._default_datastore = default_datastore
        self._default_folder = default_source_directory
        ordered: List[Tuple[PipelineStep, PipelineStep]] = []
        given = _flat(steps, ordered)
        if not given:
            raise ValueError("steps is empty; give a list of steps")
        chosen = _closure(given, resolve_closure)
        for step in chosen:
            step.validate(default_source_directory)
        self._ids = {step: uuid.uuid4().hex[:8] for step in chosen}
        self._after = _orders(chosen, ordered)
        self._parameters = _parameters(chosen)
        self.graph = Graph(
            {self._ids[step]: step for step in chosen}, self._edges(), self._parameters
        )

    @staticmethod
    def load_yaml(*_: Any, **__: Any) -> NoReturn:
        """Refuse: a pipeline is kept as the script that makes it."""
        raise NotOfferedYet("Pipeline.load_yaml", "a Pipeline made in Python")

    def validate(self) -> List[str]:
        """List what stands against submitting it; nothing if all is well."""
        circle = _circle(self._ids.values(), self.graph.edges)
        names = {id_: step.name for step, id_ in self._ids.items()}
        if not circle:
            return []
        told = " -> ".join(names[each] for each in [*circle, circle[0]])
        return [f"these steps wait for each other in a circle: {told}"]

    def submit(
        self,
        experiment_name: str,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        continue_on_step_failure: bool = False,
        regenerate_outputs: bool = False,
        parent_run_id: Optional[str] = None,
        **kwargs: Any,
    ) -> Run:
        """Submit it to an experiment, which is made if it is not there; see Experiment.submit.

        Args:
            experiment_name: The experiment's name.
            pipeline_parameters: Values of parameters by name.
            continue_on_step_failure: Steps go on that do not need one that has failed.
            regenerate_outputs: Nothing is reused.
            parent_run_id: The run whose child it becomes.
            kwargs: `tags`, and what 2019's scripts give.
        """
        experiment = Experiment(self.workspace, experiment_name)
        return experiment.submit(
            self,
            pipeline_parameters=pipeline_parameters,
            continue_on_step_failure=continue_on_step_failure,
            regenerate_outputs=regenerate_outputs,
            parent_run_id=parent_run_id,
            **kwargs,
        )

    def publish(
        self,
        name: Optional[str] = None,
        description: Optional[str] = None,
        version: Optional[str] = None,
        continue_on_step_failure: Optional[bool] = None,
        **kwargs: Any,
    ) -> PublishedPipeline:
        """Have the service keep it as it is now, to be submitted again from anywhere.

        Args:
            name: Its name.
            description: What to write about it; None is the pipeline's own.
            version: A version, any text.
            continue_on_step_failure: Steps go on that do not need one that has failed.
            kwargs: None is known.

        Raises:
            ValueError: It cannot be run as it stands, or an argument is unknown.
        """
        if kwargs:
            raise ValueError(f"publish takes no {', '.join(sorted(kwargs))}")
        order = PublishPipeline(
            name=name or "Pipeline",
            spec=self._kept(),
            description=self.description or "" if description is None else description,
            version=str(version or ""),
            continue_on_failure=bool(continue_on_step_failure),
        )
        return publishing.publish(self.workspace, order)

    def _submit_to(
        self,
        experiment: Any,
        tags: Optional[Mapping[str, Any]],
        parent: Optional[str],
        *,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        pipeline_params: Optional[Mapping[str, Any]] = None,
        continue_on_step_failure: bool = False,
        regenerate_outputs: bool = False,
        parent_run_id: Optional[str] = None,
        **kwargs: Any,
    ) -> Run:
        """Submit it; what `Experiment.submit` calls."""
        if kwargs:
            raise ValueError(f"submit takes no {', '.join(sorted(kwargs))} for a pipeline")
        if pipeline_params is not None:
            callers.warn("pipeline_params is the old name: use pipeline_parameters")
        given = pipeline_parameters or pipeline_params or {}
        faults = self.validate()
        if faults:
            raise ValueError("; ".join(faults))
        spec = self._spec(experiment)
        # It may hold secrets, so it stays here where no step is to see it.
        inherits = any(node.inherits for node in spec.nodes)
        order = SubmitPipeline(
            experiment=experiment.name,
            values=self._values(given, experiment.workspace),
            spec=spec,
            continue_on_failure=bool(continue_on_step_failure),
            regenerate=bool(regenerate_outputs),
            tags=as_tags(tags),
            inherited=submitter.inherited() if inherits else {},
            parent=parent_run_id or parent,
        )
        with translated():
            record = experiment.workspace.service.pipelines.submit(order)
        for step, id_ in self._ids.items():
            allowed = "can" if step.allow_reuse else "cannot"
            told = f"(This step {allowed} reuse what an equal one has made before.)"
            printing.say(f"Created step {step.name} [{id_}], {told}\n")
        return publishing.submitted(experiment.workspace, record.id)

    def _set_experiment_name(self, name: Optional[str] = None) -> None:
        """Do nothing; a private name of v1 that a template of many projects looks up."""

    def _kept(self) -> PipelineSpec:
        """What the service keeps of it where it is not run at once; its folders are sent.

        Raises:
            ValueError: It cannot be run as it stands.
        """
        faults = self.validate()
        if faults:
            raise ValueError("; ".join(faults))
        # Of the experiment only the workspace counts: each submission names its own.
        return self._spec(Experiment(self.workspace, "published", _create_in_cloud=False))

    def _spec(self, experiment: Any) -> PipelineSpec:

        workspace = experiment.workspace
        store = self._default_datastore or workspace.default_datastore_name
        # Each different folder is taken once.
        snapshots: Dict[Path, str] = {}
        return PipelineSpec(
            nodes=[
                self._node(step, experiment, getattr(store, "name", store), snapshots)
                for step in self._ids
            ],
            parameters=[_parameter_spec(each, workspace) for each in self._parameters.values()],
            description=self.description or "",
        )

    def _node(
        self, step: PipelineStep, experiment: Any, store: str, snapshots: Dict[Path, str]
    ) -> NodeSpec:

        workspace = experiment.workspace
        given = step._made(experiment, self._default_folder)
        folder = Path(given.source_directory).absolute()
        if folder not in snapshots:
            snapshots[folder] = take_snapshot(
                workspace.service, given.source_directory, given.spec.script
            )
        return NodeSpec(
            id=self._ids[step],
            name=step.name,
            kind=step.type,
            run=replace(given.spec, snapshot=snapshots[folder]),
            inputs=step._ports.node_inputs(self._ids, workspace),
            outputs=step._ports.node_outputs(store, workspace),
            after=[self._ids[each] for each in self._after[step]],
            parameters=[each.name for each in step._ports.parameters if _is_plain(each)],
            counts={field: each.name for field, each in step._counts.items()},
            allow_reuse=step.allow_reuse,
            version=str(step.version or ""),
            sweep=given.sweep,
            inherits=given.inherit_environment,
        )

    def _values(self, given: Mapping[str, Any], workspace: Any) -> Dict[str, Any]:
        """Values of parameters as the service gets them.

        Raises:
            Exception: There is no such parameter, or the value is of another type.
        """
        for name, value in given.items():
            known = self._parameters.get(name)
            if known is None:
                there = ", ".join(self._parameters) or "none"
                raise Exception(  # noqa: TRY002 - v1's type
                    f"the pipeline has no parameter {name!r}; it has {there}"
                )
            _check_value(known, value)
        return {name: _value(value, workspace) for name, value in given.items()}

    def _edges(self) -> List[Edge]:
        found = []
        for step, id_ in self._ids.items():
            for port in step._ports.inputs:
                before = producer_of(port.value)
                if before is not None:
                    found.append(Edge(self._ids[before], id_, port.name))
            found += [Edge(self._ids[before], id_, "") for before in self._after[step]]
        return found

    def __repr__(self) -> str:
        return f"Pipeline({len(self._ids)} steps: {', '.join(s.name for s in self._ids)})"


def _flat(given: Any, ordered: List[Tuple[PipelineStep, PipelineStep]]) -> List[PipelineStep]:
    """The steps in what was given as `steps`; what sequences ask for is added to `ordered`."""
    if isinstance(given, PipelineStep):
        return [given]
    if isinstance(given, PipelineData):
        step = producer_of(given)
        if step is None:
            raise ValueError(f"no step makes the data {given.name!r}")
        return [step]
    if isinstance(given, StepSequence):
        groups = [_flat(each, ordered) for each in given.steps]
        for before, after in zip(groups, groups[1:]):
            ordered += [(one, other) for one in before for other in after]
        return [step for group in groups for step in group]
    if isinstance(given, (list, tuple)):
        return [step for each in given for step in _flat(each, ordered)]
    raise NotImplementedError(
        f"steps of a pipeline are steps, lists of them, StepSequence or PipelineData, not "
        f"{type(given).__name__}"
    )


def _closure(given: Sequence[PipelineStep], resolve: bool) -> List[PipelineStep]:
    """The steps with all that they need; each once."""
    found: Dict[PipelineStep, None] = dict.fromkeys(given)
    waiting = list(found)
    while waiting:
        step = waiting.pop()
        for needed in [*step._ports.producers(), *step._after]:
            if needed in found:
                continue
            if not resolve:
                raise ValueError(
                    f"step {step.name!r} needs step {needed.name!r}, which is not among steps; "
                    "add it, or leave resolve_closure=False out"
                )
            found[needed] = None
            waiting.append(needed)
    return list(found)


def _orders(
    steps: Sequence[PipelineStep], ordered: Sequence[Tuple[PipelineStep, PipelineStep]]
) -> Dict[PipelineStep, List[PipelineStep]]:
    """After which steps each comes, whatever these make; as it is now."""
    found = {step: list(dict.fromkeys(step._after)) for step in steps}
    for before, after in ordered:
        if before not in found[after]:
            found[after].append(before)
    return found


def _parameters(steps: Sequence[PipelineStep]) -> Dict[str, PipelineParameter]:

    found: Dict[str, PipelineParameter] = {}
    for step in steps:
        datasets = [
            port.value.dataset
            for port in step._ports.inputs
            if isinstance(port.value, DatasetConsumptionConfig)
        ]
        named = [
            *step._ports.parameters,
            *(d for d in datasets if isinstance(d, PipelineParameter)),
        ]
        for each in named:
            known = found.setdefault(each.name, each)
            if known is not each and known.default_value != each.default_value:
                raise Exception(  # noqa: TRY002 - v1's type
                    f"two parameters are called {each.name!r} and have different defaults: "
                    f"{known.default_value!r} and {each.default_value!r}"
                )
        plain = [k for k, v in step._params.items() if not isinstance(v, PipelineParameter)]
        for name in plain:
            if name in [each.name for each in step._ports.parameters]:
                raise Exception(  # noqa: TRY002 - v1's type
                    f"step {step.name!r} has a parameter {name!r} and params[{name!r}], too"
                )
    return found


def _parameter_spec(parameter: PipelineParameter, workspace: Any) -> PipelineParameterSpec:

    value = parameter.default_value
    kinds = ((bool, "bool"), (int, "int"), (float, "float"), (str, "text"), (DataPath, "path"))
    kind = next((name for each, name in kinds if isinstance(value, each)), "dataset")
    return PipelineParameterSpec(parameter.name, kind, _value(value, workspace))


def _value(value: Any, workspace: Any) -> Any:
    if isinstance(value, DataPath):
        return path_value(value)
    return value._ensure_saved(workspace) if isinstance(value, AbstractDataset) else value


def _check_value(parameter: PipelineParameter, value: Any) -> None:
    default = parameter.default_value
    wanted: Any = AbstractDataset if isinstance(default, AbstractDataset) else type(default)
    # A whole number is a float, too; a truth value is none.
    whole = wanted is float and isinstance(value, int) and not isinstance(value, bool)
    fits = isinstance(value, wanted) and isinstance(value, bool) == isinstance(default, bool)
    if not (fits or whole):
        raise Exception(  # noqa: TRY002 - v1's type
            f"the value of parameter {parameter.name!r} is {value!r}; it must be of the type "
            f"{type(default).__name__}, as the default is"
        )


def _is_plain(parameter: PipelineParameter) -> bool:
    return not isinstance(parameter.default_value, (DataPath, AbstractDataset))


def _circle(nodes: Any, edges: Sequence[Edge]) -> List[str]:
    """Nodes that wait for each other, nothing where none do."""
    before: Dict[str, Set[str]] = {node: set() for node in nodes}
    after: Dict[str, List[str]] = {node: [] for node in nodes}
    for edge in edges:
        before[edge.target].add(edge.source)
        after[edge.source].append(edge.target)
    free = [node for node, sources in before.items() if not sources]
    while free:
        node = free.pop()
        del before[node]
        for target in after[node]:
            # Two edges may join the same two nodes.
            if node in before.get(target, ()):
                before[target].remove(node)
                if not before[target]:
                    free.append(target)
    if not before:
        return []
    found = [min(before)]
    while True:
        last = min(before[found[-1]])
        if last in found:
            return found[found.index(last) :][::-1]
        found.append(last)
