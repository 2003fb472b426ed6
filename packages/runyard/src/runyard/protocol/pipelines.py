"""Pipelines: steps that are run in the order in which they need each other.

A pipeline is a graph: its *nodes* are steps, its edges the data that one makes and another reads,
or a plain order. A pipeline run is a run, each step of it a child run (*step run*). All step runs
are there from the beginning, NotStarted; one begins once all before it have completed.

    waiting -> begun -> settled (completed, what it made is known) | over (failed, canceled)
    waiting -> settled (reused: an equal step has completed before)
"""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.data import MOUNT, DataReference
from runyard.protocol.datasets import RunOutput
from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_WORKSPACE, MAKES, READS, Route
from runyard.protocol.runs import RunSpec
from runyard.protocol.sweeps import RUN_TYPES, SweepSpec

PIPELINE_RUN = "azureml.PipelineRun"
STEP_RUN = "azureml.StepRun"
# Runs that are nobody's job: what is below them decides how they end.
DRIVEN_TYPES = (*RUN_TYPES, PIPELINE_RUN)
WAITING, BEGUN, SETTLED, OVER = "waiting", "begun", "settled", "over"
DATA, ORDER = "data", "order"
# What a plan says of a step; `open`: it hangs on what a step before it makes.
REUSED, RUNS, OPEN, FAILS = "reused", "runs", "open", "fails"
# Of parameters. A path is {"datastore": …, "path": …}, a dataset what names one.
WHOLE, FLOAT, BOOL, TEXT, PATH, DATASET = "int", "float", "bool", "text", "path", "dataset"
PARAMETER_PREFIX = "AML_PARAMETER_"
# v1's places: who knows the run knows where its data lie.
OUTPUT_PATH = "azureml/{run-id}/{output-name}"
IN_PIPELINE = IN_WORKSPACE + "/pipelines/{pipeline}"


@dataclass(frozen=True)
class PipelineParameterSpec:
    """A value that each submission of a pipeline may choose; `kind` is one of the above."""

    name: str
    kind: str
    default: Any = None


@dataclass(frozen=True)
class NodeInput:
    """What a step reads under a name of its own (a *port*).

    Args:
        name: The port.
        node: The node that makes it; "" for what is there already.
        output: Which of that node's outputs it is.
        reference: A place on a datastore that is there already.
        dataset: What names a dataset that is there already.
        parameter: The parameter that says the place or the dataset instead.
        mode: `mount`, `download`, or `direct` of a dataset.
        path_on_compute: Where the job sees it; "" lets the agent choose.
        overwrite: Whether a copy replaces what is there.
        as_dataset: The job gets it as a dataset, not as a data reference.
        definition: How the files that another node made are read as a dataset.
    """

    name: str
    node: str = ""
    output: str = ""
    reference: Optional[DataReference] = None
    dataset: str = ""
    parameter: str = ""
    mode: str = MOUNT
    path_on_compute: str = ""
    overwrite: bool = False
    as_dataset: bool = False
    definition: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeOutput:
    """What a step makes at a place on a datastore that nobody else has.

    `made` says that it is a dataset, and what of. `taken` is what a sweep leaves there: `metrics`
    of its trials as JSON, or the file of that name of the best one. `published_as` is its name
    among the outputs of the whole pipeline.
    """

    name: str
    datastore: str
    path: str = OUTPUT_PATH
    mode: str = MOUNT
    path_on_compute: str = ""
    overwrite: bool = False
    made: Optional[RunOutput] = None
    taken: str = ""
    published_as: str = ""


@dataclass(frozen=True)
class NodeSpec:
    """A step.

    Args:
        id: What tells it from others of its pipeline.
        name: For people; names may repeat.
        kind: v1's class, such as `PythonScriptStep`.
        run: What it runs. `$AML_PARAMETER_<name>` in its arguments are parameters; what it reads
            and makes comes from the two lists below.
        inputs: What it reads.
        outputs: What it makes.
        after: Nodes that must have completed before, whatever they make.
        parameters: Parameters whose values are its variables.
        counts: Fields of `run` that parameters say: `node_count`, `process_count_per_node`,
            `worker_count`, `parameter_server_count`.
        allow_reuse: Whether what an equal step has made before may stand for it.
        version: Part of what makes steps equal.
        sweep: It is a sweep whose trials run `run`.
        inherits: Its job sees the environment of the process that has submitted the pipeline.
    """

    id: str
    name: str
    kind: str
    run: RunSpec
    inputs: List[NodeInput] = field(default_factory=list)
    outputs: List[NodeOutput] = field(default_factory=list)
    after: List[str] = field(default_factory=list)
    parameters: List[str] = field(default_factory=list)
    counts: Dict[str, str] = field(default_factory=dict)
    allow_reuse: bool = True
    version: str = ""
    sweep: Optional[SweepSpec] = None
    inherits: bool = False


@dataclass(frozen=True)
class PipelineSpec:
    """Everything that decides what a pipeline does; `max_parallel` steps are under way at most."""

    nodes: List[NodeSpec]
    parameters: List[PipelineParameterSpec] = field(default_factory=list)
    description: str = ""
    max_parallel: Optional[int] = None


@dataclass(frozen=True)
class SubmitPipeline:
    """Ask for a pipeline run; see SubmitRun for `inherited`, `parent` and the like.

    `values` are of parameters, by name, and `step_tags` are tags of each step. With
    `continue_on_failure` a failed step keeps only those from starting that need it. With
    `regenerate` nothing is reused. `source` says what asked.
    """

    experiment: str
    spec: PipelineSpec
    values: Dict[str, Any] = field(default_factory=dict)
    continue_on_failure: bool = False
    regenerate: bool = False
    source: str = "SDK"
    name: Optional[str] = None
    tags: Dict[str, Optional[str]] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    inherited: Dict[str, str] = field(default_factory=dict)
    submitted_by: str = ""
    parent: Optional[str] = None
    submitted_from: Optional[str] = None
    description: str = ""
    step_tags: Dict[str, Optional[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class OutputRecord:
    """Where an output of a step is; `digest` is of its bytes, "" while it is not known."""

    name: str
    datastore: str
    path: str
    digest: str = ""
    dataset: str = ""
    published_as: str = ""


@dataclass(frozen=True)
class StepRecord:
    """A step as it stands.

    `reuse` says whether it was reused, of which run, or why it ran. `reason` says what it waits
    for. `layer` counts from the first steps on, `place` within the layer: a picture has it there.
    """

    id: str
    name: str
    kind: str
    run: str
    state: str
    status: str
    reason: str = ""
    reuse: str = ""
    reused_run: Optional[str] = None
    reused_pipeline: Optional[str] = None
    started_at: Optional[str] = None
    ended_at: Optional[str] = None
    layer: int = 0
    place: int = 0
    outputs: List[OutputRecord] = field(default_factory=list)


@dataclass(frozen=True)
class EdgeRecord:
    """That a node comes after another: `kind` is `data`, of that name, or `order`."""

    source: str
    target: str
    kind: str
    name: str = ""


@dataclass(frozen=True)
class PipelineRecord:
    """A pipeline run as it stands; `values` are those of its parameters."""

    id: str
    workspace: str
    experiment: str
    status: str
    created_at: str
    name: Optional[str] = None
    ended_at: Optional[str] = None
    values: Dict[str, Any] = field(default_factory=dict)
    nodes: List[StepRecord] = field(default_factory=list)
    edges: List[EdgeRecord] = field(default_factory=list)


@dataclass(frozen=True)
class PlannedStep:
    """What would become of a step: one of the verdicts above, and why in words."""

    id: str
    name: str
    verdict: str
    reason: str
    reused_run: Optional[str] = None


@dataclass(frozen=True)
class PipelinePlan:
    """What a pipeline would do; its steps in the order in which they need each other."""

    steps: List[PlannedStep] = field(default_factory=list)


PIPELINES_SUBMIT: Route[PipelineRecord] = Route(
    "pipelines.submit",
    "POST",
    IN_WORKSPACE + "/pipelines",
    PipelineRecord,
    "Submit a pipeline.",
    body=SubmitPipeline,
    creates=True,
    scope=MAKES,
)
PIPELINES_GET: Route[PipelineRecord] = Route(
    "pipelines.get",
    "GET",
    IN_PIPELINE,
    PipelineRecord,
    "Get a pipeline run with its graph and how each step stands.",
    scope=READS,
)
PIPELINES_PLAN: Route[PipelinePlan] = Route(
    "pipelines.plan",
    "POST",
    IN_WORKSPACE + "/pipeline-plans",
    PipelinePlan,
    "Find out what a pipeline would reuse, and why not the rest; nothing is submitted.",
    body=SubmitPipeline,
    scope=READS,
)
