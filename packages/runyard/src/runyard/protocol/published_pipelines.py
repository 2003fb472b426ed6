"""Published pipelines: what a pipeline does, kept under an id that anybody may submit again.

Snapshots, environments, arguments and defaults are those of the day on which it was published;
what lies on datastores is read as it is when a run begins. Nothing of it changes afterwards, so
`status` is all that can be set. Each has an address that takes v1's own submissions.
"""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.pipelines import PipelineParameterSpec, PipelineRecord, PipelineSpec
from runyard.protocol.records import dataclass
from runyard.protocol.route import CONTRIBUTOR, IN_WORKSPACE, MAKES, READS, Route

ACTIVE, DISABLED, ARCHIVED = "Active", "Disabled", "Archived"
# What runs of a published pipeline have: which one.
PUBLISHED_ID = "azureml.pipelineid"
IN_PUBLISHED = IN_WORKSPACE + "/published-pipelines/{published}"


@dataclass(frozen=True)
class PublishPipeline:
    """Ask for a published pipeline: of `spec`, or of what the pipeline run `run` has done."""

    name: str
    spec: Optional[PipelineSpec] = None
    run: Optional[str] = None
    description: str = ""
    version: str = ""
    continue_on_failure: bool = False
    published_by: str = ""


@dataclass(frozen=True)
class PublishedRecord:
    """A published pipeline.

    Args:
        id: Its id.
        workspace: Id of the workspace.
        name: For people; names may repeat.
        description: For people.
        version: Whatever who published it has called it.
        status: `Active`, or `Disabled`: then nobody can submit it.
        graph_id: Equal for equal graphs.
        steps: The names of its steps.
        parameters: What each submission may choose, with the defaults.
        continue_on_failure: Whether a failed step lets those go on that do not need it.
        address: The path on this service that takes v1's submissions.
        published_by: Who has published it.
        created_at: When.
    """

    id: str
    workspace: str
    name: str
    description: str
    version: str
    status: str
    graph_id: str
    steps: List[str]
    parameters: List[PipelineParameterSpec]
    continue_on_failure: bool
    address: str
    published_by: str
    created_at: str


@dataclass(frozen=True)
class PublishedQuery:
    """Which published pipelines to list; `active` leaves out those that are disabled."""

    active: bool = True
    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class PublishedPage:
    """One page of published pipelines, oldest first."""

    items: List[PublishedRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class ChangePublished:
    """What may change of a published pipeline: whether it can be submitted."""

    status: str


@dataclass(frozen=True)
class SubmitPublished:
    """Ask for a run of a published pipeline; see SubmitPipeline.

    A value of a parameter that it does not have is left out with a warning on the run, and a text
    that is a number is one. None of `continue_on_failure` is what it was published with.
    Steps inherit nothing from who submits it: it may be a program on another machine.
    """

    experiment: str
    values: Dict[str, Any] = field(default_factory=dict)
    continue_on_failure: Optional[bool] = None
    regenerate: bool = False
    source: str = "SDK"
    description: str = ""
    tags: Dict[str, Optional[str]] = field(default_factory=dict)
    step_tags: Dict[str, Optional[str]] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    submitted_by: str = ""
    parent: Optional[str] = None
    submitted_from: Optional[str] = None


PUBLISHED_PIPELINES_CREATE: Route[PublishedRecord] = Route(
    "published_pipelines.create",
    "POST",
    IN_WORKSPACE + "/published-pipelines",
    PublishedRecord,
    "Publish a pipeline.",
    body=PublishPipeline,
    creates=True,
    role=CONTRIBUTOR,
)
PUBLISHED_PIPELINES_LIST: Route[PublishedPage] = Route(
    "published_pipelines.list",
    "GET",
    IN_WORKSPACE + "/published-pipelines",
    PublishedPage,
    "List published pipelines, oldest first.",
    query=PublishedQuery,
    scope=READS,
)
PUBLISHED_PIPELINES_GET: Route[PublishedRecord] = Route(
    "published_pipelines.get",
    "GET",
    IN_PUBLISHED,
    PublishedRecord,
    "Get a published pipeline.",
    scope=READS,
)
PUBLISHED_PIPELINES_SPEC: Route[PipelineSpec] = Route(
    "published_pipelines.spec",
    "GET",
    IN_PUBLISHED + "/spec",
    PipelineSpec,
    "Get all that a published pipeline does.",
    scope=READS,
)
PUBLISHED_PIPELINES_CHANGE: Route[PublishedRecord] = Route(
    "published_pipelines.change",
    "PATCH",
    IN_PUBLISHED,
    PublishedRecord,
    "Enable or disable a published pipeline.",
    body=ChangePublished,
    role=CONTRIBUTOR,
)
PUBLISHED_PIPELINES_SUBMIT: Route[PipelineRecord] = Route(
    "published_pipelines.submit",
    "POST",
    IN_PUBLISHED + "/runs",
    PipelineRecord,
    "Submit a published pipeline.",
    body=SubmitPublished,
    creates=True,
    scope=MAKES,
)
