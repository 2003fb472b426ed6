"""`Pipeline`: steps that need each other, built by calling them, and run by the service.

    with runyard.Pipeline(experiment, "nightly") as p:
        data = prepare(runyard.dataset("raw"), share=p.parameter("share", 0.8))
        for lr in (0.1, 0.01):
            train(data.clean, lr=lr)
    run = p.submit()

What one step makes and another reads is an edge, and so is `after`. The folders of the steps are
sent when the pipeline is submitted, planned or published, each once.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Tuple, Type, Union

from runyard.protocol.pipelines import NodeOutput, NodeSpec, PipelineSpec, SubmitPipeline
from runyard.protocol.published_pipelines import PublishPipeline
from runyard.protocol.runs import LOCAL_TARGET, RunSpec
from runyard.protocol.schedules import SKIP, UTC, CreateSchedule, CronSpec
from runyard.protocol.suggestions import suggest
from runyard.sdk import pipeline_values, schedules, submitter
from runyard.sdk.definitions import submitted_definition_of, variables_of
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.experiments import Experiment
from runyard.sdk.pipeline_plans import Plan
from runyard.sdk.pipeline_runs import PipelineRun
from runyard.sdk.pipeline_steps import BaseStep, Given, Made, Node, open_pipeline
from runyard.sdk.pipeline_values import Parameter, Port
from runyard.sdk.published import PublishedPipeline
from runyard.sdk.source_snapshots import take_snapshot
from runyard.sdk.sweeps import counted
from runyard.sdk.tags import as_tags
from runyard.sdk.workspaces import Workspace

if TYPE_CHECKING:
    from contextvars import Token
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from runyard.protocol.environments import EnvironmentDefinition
    from runyard.sdk.datastores import Datastore
    from runyard.sdk.schedules import Schedule

_ends_imports = False


class _EndOfImport(BaseException):
    """A file of steps has been imported as far as a step's job needs it."""


@contextmanager
def ending_imports() -> Iterator[None]:
    """End what is done in the block where it comes to build a pipeline; for jobs of steps."""
    global _ends_imports  # noqa: PLW0603 - the module that is imported knows nothing of its importer
    _ends_imports = True
    try:
        yield
    except _EndOfImport:
        pass
    finally:
        _ends_imports = False


class Pipeline:
    """Steps that need each other; a call of a step within its `with` block makes one of them.

    Args:
        experiment: The experiment of its runs, or the name of one of the workspace that
            `Workspace.from_config()` finds.
        name: What its runs are called.
        max_parallel: How many of its steps are under way at once; None: as many as there may be.
        description: What to write about it.
        datastore: Where lies what its steps make; None is the workspace's default.

    Raises:
        UserErrorException: An argument makes no sense.
    """

    def __init__(
        self,
        experiment: Union[Experiment, str],
        name: str = "",
        *,
        max_parallel: Optional[int] = None,
        description: str = "",
        datastore: Optional[Datastore] = None,
    ) -> None:
        if _ends_imports:
            raise _EndOfImport
        if isinstance(experiment, str):
            experiment = Experiment(Workspace.from_config(), experiment)
        if not isinstance(experiment, Experiment):
            raise UserErrorException(
                f"a pipeline needs an experiment or its name, not {type(experiment).__name__}"
            )
        self.experiment = experiment
        self.name = str(name)
        self.description = description
        self._max_parallel = counted("max_parallel", max_parallel)
        self._datastore = datastore
        self._nodes: List[Node] = []
        self._parameters: Dict[str, Parameter] = {}
        self._token: Optional[Token[Optional[Pipeline]]] = None

    def __enter__(self) -> Self:
        if open_pipeline.get() is not None:
            raise UserErrorException(
                "a pipeline is being built already: close its `with` block before another is begun"
            )
        self._token = open_pipeline.set(self)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._token is not None:
            open_pipeline.reset(self._token)
            self._token = None

    def parameter(self, name: str, default: Any) -> Any:
        """Make a value that each submission may choose; it is given to steps like any other.

        Args:
            name: Its name.
            default: A text, number or truth value, a dataset of files or `(datastore, 'path')`.

        Raises:
            UserErrorException: It cannot be one, or another of this name has another default.
        """
        made = Parameter(self, name, default)
        known = self._parameters.setdefault(made.name, made)
        if known.kind != made.kind or known.default != default:
            raise UserErrorException(
                f"parameter {name!r} is there with the default {known.default!r}; give that one, "
                "or another name"
            )
        return known

    def plan(self, parameters: Optional[Mapping[str, Any]] = None) -> Plan:
        """Find out what would be reused if it were submitted now, and why not the rest.

        Args:
            parameters: Values of parameters by name.

        Raises:
            UserErrorException: Something stands against it.
        """
        with translated():
            found = self.experiment.workspace.service.pipelines.plan(self._order(parameters))
        return Plan(found)

    def submit(
        self,
        parameters: Optional[Mapping[str, Any]] = None,
        *,
        tags: Optional[Mapping[str, Any]] = None,
        continue_on_failure: bool = False,
        reuse: bool = True,
    ) -> PipelineRun:
        """Submit it and return at once.

        Args:
            parameters: Values of parameters by name; those that are left out have their defaults.
            tags: The run's first tags.
            continue_on_failure: Steps go on that do not need one that has failed.
            reuse: Whether results of equal steps may stand for its steps at all.

        Raises:
            UserErrorException: Something stands against it; then nothing was made.
        """
        order = replace(
            self._order(parameters),
            tags=as_tags(tags),
            continue_on_failure=bool(continue_on_failure),
            regenerate=not reuse,
        )
        return self._send(order)

    def publish(
        self,
        name: Optional[str] = None,
        *,
        description: Optional[str] = None,
        version: str = "",
        continue_on_failure: bool = False,
    ) -> PublishedPipeline:
        """Have the service keep it as it is now, to be submitted again from anywhere.

        Args:
            name: Its name; None is the pipeline's.
            description: What to write about it; None is the pipeline's.
            version: A version, any text.
            continue_on_failure: Steps go on that do not need one that has failed.

        Raises:
            UserErrorException: Something stands against it.
        """
        order = PublishPipeline(
            name=name or self.name or "Pipeline",
            spec=self._spec(),
            description=self.description if description is None else description,
            version=str(version),
            continue_on_failure=bool(continue_on_failure),
        )
        with translated():
            record = self.experiment.workspace.service.published_pipelines.create(order)
        return PublishedPipeline(self.experiment, record)

    def schedule(
        self,
        cron: str,
        *,
        time_zone: str = UTC,
        parameters: Optional[Mapping[str, Any]] = None,
        overlap: str = SKIP,
        name: Optional[str] = None,
        continue_on_failure: bool = False,
    ) -> Schedule:
        """Publish it and have the service submit it by the clock: `p.schedule("0 3 * * *")`.

        It takes the place of an active schedule of the same name in this experiment.

        Args:
            cron: Minute, hour, day, month and day of the week, as cron has them.
            time_zone: The zone of these times, such as `Europe/Berlin`.
            parameters: Values of parameters by name.
            overlap: What becomes of a time while a run of it goes on: it is left out (`skip`),
                waits (`queue`), or runs beside it (`allow`).
            name: Its name; None is the pipeline's.
            continue_on_failure: Steps go on that do not need one that has failed.

        Raises:
            UserErrorException: Something stands against it.
        """
        values = self._chosen(parameters or {})
        published = self.publish(name, continue_on_failure=continue_on_failure)
        order = CreateSchedule(
            name=published.name,
            experiment=self.experiment.name,
            pipeline=published.id,
            cron=CronSpec(cron, time_zone),
            values=values,
            description=self.description,
            overlap=overlap,
        )
        try:
            return schedules.begin(self.experiment, order)
        except UserErrorException:
            # Nobody has its id: it would be listed for ever, and submitted by none.
            published.disable()
            raise

    def _add(self, step: BaseStep, given: Given) -> Node:
        """Add a node; what a call of a step in the `with` block does."""
        name = step.options.name
        for argument, value in {**given.inputs, **given.values}.items():
            other = value.node._pipeline if isinstance(value, Made) else self
            other = value.pipeline if isinstance(value, Parameter) else other
            if other is not self:
                raise UserErrorException(
                    f"step {name!r}: {argument!r} is of another pipeline; of one that has run give "
                    "run.step(…).outputs[…]"
                )
        step.source()
        node = Node(self, step, len(self._nodes), given)
        self._nodes.append(node)
        return node

    def _order(self, parameters: Optional[Mapping[str, Any]]) -> SubmitPipeline:
        spec = self._spec()
        return SubmitPipeline(
            experiment=self.experiment.name,
            spec=spec,
            values=self._chosen(parameters or {}),
            name=self.name or None,
            description=self.description,
        )

    def _send(self, order: SubmitPipeline) -> PipelineRun:
        inherits = any(node.inherits for node in order.spec.nodes)
        # It may hold secrets, so it stays here where no step is to see it.
        order = replace(order, inherited=submitter.inherited() if inherits else {})
        workspace = self.experiment.workspace
        with translated():
            record = workspace.service.pipelines.submit(order)
            run = workspace.service.runs.get(record.id)
        return PipelineRun(self.experiment, record.id, _record=run)

    def _submit_to(
        self, experiment: Experiment, tags: Any, parent: Optional[str], **given: Any
    ) -> PipelineRun:
        """Submit it; what `Experiment.submit` calls."""
        parameters = given.pop("pipeline_parameters", None)
        going_on = bool(given.pop("continue_on_step_failure", False))
        anew = bool(given.pop("regenerate_outputs", False))
        if given or experiment.name != self.experiment.name:
            raise UserErrorException(
                f"this pipeline is submitted by its own submit(), to {self.experiment.name!r}; "
                f"experiment.submit takes no {', '.join(given) or 'other experiment'} for it"
            )
        order = replace(
            self._order(parameters),
            tags=as_tags(tags),
            parent=parent,
            continue_on_failure=going_on,
            regenerate=anew,
        )
        return self._send(order)

    def _chosen(self, given: Mapping[str, Any]) -> Dict[str, Any]:
        """Values of parameters as the service gets them."""
        workspace = self.experiment.workspace
        for name in given:
            if name not in self._parameters:
                near = suggest(name, list(self._parameters), "it has none").sentence
                raise UserErrorException(f"the pipeline has no parameter {name!r}; {near}")
        return {name: self._parameters[name].sent(v, workspace) for name, v in given.items()}

    def _spec(self) -> PipelineSpec:
        if not self._nodes:
            raise UserErrorException(
                "the pipeline has no steps: call steps within `with runyard.Pipeline(…)`"
            )
        workspace = self.experiment.workspace
        sending = _Sending(self.experiment, self._datastore)
        return PipelineSpec(
            nodes=[sending.node(each) for each in self._nodes],
            parameters=[each.record(workspace) for each in self._parameters.values()],
            description=self.description,
            max_parallel=self._max_parallel,
        )

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r}, {len(self._nodes)} steps)"


class _Sending:
    """Writes the nodes of a pipeline as the service gets them; folders are sent once each.

    Args:
        experiment: The pipeline's experiment.
        datastore: Where lies what steps make.
    """

    def __init__(self, experiment: Experiment, datastore: Optional[Datastore]) -> None:
        self._experiment = experiment
        self._workspace = experiment.workspace
        self._store = datastore.name if datastore else self._workspace.default_datastore_name
        self._snapshots: Dict[Tuple[Path, str], str] = {}
        self._environments: Dict[int, Tuple[EnvironmentDefinition, Dict[str, str]]] = {}
        self._inputs: Dict[Tuple[str, int], Port] = {}

    def node(self, node: Node) -> NodeSpec:
        """A node as the service gets it."""
        step, options = node._step, node._step.options
        inputs = {name: self._port(name, value) for name, value in node._given.inputs.items()}
        texts = {name: port.text for name, port in inputs.items()}
        texts.update({name: pipeline_values.output_text(name) for name in step.outputs})
        words = step.words(texts, node._given.values)
        environment, variables = self._environment(options.environment)
        run = RunSpec(
            experiment=self._experiment.name,
            snapshot=self._snapshot(step),
            script=words.script,
            arguments=words.arguments,
            command=words.command,
            target=options.target,
            environment=environment,
            environment_variables={**variables, **options.variables},
        )
        given = node._given.values.values()
        return NodeSpec(
            id=node._id,
            name=node.name,
            kind=step.kind,
            run=run,
            inputs=[port.record for port in inputs.values()],
            outputs=[NodeOutput(name, self._store) for name in step.outputs],
            after=[each._id for each in node._after],
            parameters=list(dict.fromkeys(v.name for v in given if isinstance(v, Parameter))),
            allow_reuse=options.reuse,
            version=options.version,
            inherits=options.target == LOCAL_TARGET,
        )

    def _port(self, name: str, value: Any) -> Port:
        if isinstance(value, Made):
            return pipeline_values.made(name, value.node._id, value.name)
        # The path of a dataset comes in a variable of its name, which must not be PATH or HOME.
        free = f"input_{name}" if name.upper() in os.environ else name
        key = (free, id(value))
        if key not in self._inputs:
            self._inputs[key] = pipeline_values.port(free, value, self._workspace)
        return self._inputs[key]

    def _snapshot(self, step: BaseStep) -> str:
        key = step.source()
        if key not in self._snapshots:
            folder, file = key
            self._snapshots[key] = take_snapshot(self._workspace.service, str(folder), file)
        return self._snapshots[key]

    def _environment(
        self, given: Optional[Environment]
    ) -> Tuple[EnvironmentDefinition, Dict[str, str]]:
        key = id(given)
        if key not in self._environments:
            environment = Environment(None) if given is None else given
            definition = submitted_definition_of(environment, by_mpi=False)
            self._environments[key] = definition, variables_of(environment)
        return self._environments[key]
