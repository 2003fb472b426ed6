"""Drafts of pipelines: kept to be changed, submitted as they stand, published once they are good.

Nothing that was published changes any more, so what is still worked on is a draft: its steps, the
values of its parameters and its texts may be replaced as often as its owner likes. A draft keeps
the files of its steps, as a published pipeline does, and lets go of them when they are replaced.
"""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.pipelines import PipelineParameterSpec, PipelineRecord, PipelineSpec
from runyard.protocol.published_pipelines import PublishedRecord
from runyard.protocol.records import dataclass
from runyard.protocol.route import CONTRIBUTOR, IN_WORKSPACE, MAKES, READS, Nothing, Route

IN_DRAFT = IN_WORKSPACE + "/pipeline-drafts/{draft}"
# What runs of a draft have: which one.
DRAFT_ID = "runyard.pipelinedraft"


@dataclass(frozen=True)
class CreatePipelineDraft:
    """Ask for a draft: of `spec`, or of what a pipeline run, a published one or a draft does.

    Args:
        name: For people; names may repeat.
        spec: All that it does.
        run: Id of a pipeline run.
        published: Id of a published pipeline.
        draft: Id of another draft.
        description: For people.
        experiment: The experiment of its runs, which is made when it is submitted.
        values: Values of parameters by name.
        continue_on_failure: Whether a failed step lets those go on that do not need it.
        tags: Its tags, which its runs get.
        properties: What is noted with it, and with its runs.
        created_by: Who makes it.
    """

    name: str
    spec: Optional[PipelineSpec] = None
    run: Optional[str] = None
    published: Optional[str] = None
    draft: Optional[str] = None
    description: str = ""
    experiment: str = ""
    values: Dict[str, Any] = field(default_factory=dict)
    continue_on_failure: bool = False
    tags: Dict[str, Optional[str]] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    created_by: str = ""


@dataclass(frozen=True)
class PipelineDraftRecord:
    """A draft; see CreatePipelineDraft.

    Args:
        id: Its id.
        workspace: Id of the workspace.
        name: For people.
        description: For people.
        experiment: The experiment of its runs, "" while it has none.
        steps: The names of its steps.
        parameters: Its parameters, with the defaults.
        values: Values of parameters that are not the defaults.
        continue_on_failure: Whether a failed step lets those go on that do not need it.
        tags: Its tags.
        properties: What is noted with it.
        of_run: Id of the pipeline run that it was made of, "" for none.
        of_published: Id of the published pipeline that it was made of, "" for none.
        of_draft: Id of the draft that it was made of, "" for none.
        last_run: Id of the run that was submitted last; None: it never was.
        created_by: Who has made it.
        created_at: When it was made.
        changed_at: When it was changed last.
    """

    id: str
    workspace: str
    name: str
    description: str
    experiment: str
    steps: List[str]
    parameters: List[PipelineParameterSpec]
    values: Dict[str, Any]
    continue_on_failure: bool
    tags: Dict[str, Optional[str]]
    properties: Dict[str, str]
    of_run: str
    of_published: str
    of_draft: str
    last_run: Optional[str]
    created_by: str
    created_at: str
    changed_at: str


@dataclass(frozen=True)
class PipelineDraftQuery:
    """Which page of drafts to list."""

    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class PipelineDraftPage:
    """One page of drafts, oldest first."""

    items: List[PipelineDraftRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class ChangePipelineDraft:
    """What is to be different; what is None stays. Values, tags and properties replace all.

    With another `spec` the values stay whose parameters it has, unless there are new ones.
    """

    name: Optional[str] = None
    spec: Optional[PipelineSpec] = None
    description: Optional[str] = None
    experiment: Optional[str] = None
    values: Optional[Dict[str, Any]] = None
    continue_on_failure: Optional[bool] = None
    tags: Optional[Dict[str, Optional[str]]] = None
    properties: Optional[Dict[str, str]] = None


@dataclass(frozen=True)
class SubmitPipelineDraft:
    """Ask for a run of a draft as it stands; `experiment` "" is the draft's own."""

    experiment: str = ""
    source: str = "SDK"
    submitted_by: str = ""
    parent: Optional[str] = None
    submitted_from: Optional[str] = None


@dataclass(frozen=True)
class PublishPipelineDraft:
    """Ask for a published pipeline of a draft as it stands; its values become the defaults."""

    name: str = ""
    version: str = ""
    published_by: str = ""


PIPELINE_DRAFTS_CREATE: Route[PipelineDraftRecord] = Route(
    "pipeline_drafts.create",
    "POST",
    IN_WORKSPACE + "/pipeline-drafts",
    PipelineDraftRecord,
    "Make a draft of a pipeline.",
    body=CreatePipelineDraft,
    creates=True,
    role=CONTRIBUTOR,
)
PIPELINE_DRAFTS_LIST: Route[PipelineDraftPage] = Route(
    "pipeline_drafts.list",
    "GET",
    IN_WORKSPACE + "/pipeline-drafts",
    PipelineDraftPage,
    "List drafts of pipelines, oldest first.",
    query=PipelineDraftQuery,
    scope=READS,
)
PIPELINE_DRAFTS_GET: Route[PipelineDraftRecord] = Route(
    "pipeline_drafts.get",
    "GET",
    IN_DRAFT,
    PipelineDraftRecord,
    "Get a draft of a pipeline.",
    scope=READS,
)
PIPELINE_DRAFTS_SPEC: Route[PipelineSpec] = Route(
    "pipeline_drafts.spec",
    "GET",
    IN_DRAFT + "/spec",
    PipelineSpec,
    "Get all that a draft of a pipeline does.",
    scope=READS,
)
PIPELINE_DRAFTS_CHANGE: Route[PipelineDraftRecord] = Route(
    "pipeline_drafts.change",
    "PATCH",
    IN_DRAFT,
    PipelineDraftRecord,
    "Change a draft of a pipeline; its runs stay as they are.",
    body=ChangePipelineDraft,
    role=CONTRIBUTOR,
)
PIPELINE_DRAFTS_DELETE: Route[Nothing] = Route(
    "pipeline_drafts.delete",
    "DELETE",
    IN_DRAFT,
    Nothing,
    "Delete a draft of a pipeline; its runs and what was published of it stay.",
    role=CONTRIBUTOR,
)
PIPELINE_DRAFTS_SUBMIT: Route[PipelineRecord] = Route(
    "pipeline_drafts.submit",
    "POST",
    IN_DRAFT + "/runs",
    PipelineRecord,
    "Submit a draft of a pipeline as it stands.",
    body=SubmitPipelineDraft,
    creates=True,
    scope=MAKES,
)
PIPELINE_DRAFTS_PUBLISH: Route[PublishedRecord] = Route(
    "pipeline_drafts.publish",
    "POST",
    IN_DRAFT + "/published",
    PublishedRecord,
    "Publish a draft of a pipeline as it stands.",
    body=PublishPipelineDraft,
    creates=True,
    role=CONTRIBUTOR,
)
