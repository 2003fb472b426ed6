"""Endpoints of pipelines: a name that stays while the published pipelines behind it change.

Each version of an endpoint is a published pipeline. Versions are texts from "0" on, and one of
them is the default: what is run when a submission names none.
"""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.pipelines import PipelineRecord
from runyard.protocol.records import dataclass
from runyard.protocol.route import CONTRIBUTOR, IN_WORKSPACE, MAKES, READS, Route

IN_ENDPOINT = IN_WORKSPACE + "/pipeline-endpoints/{endpoint}"


@dataclass(frozen=True)
class CreatePipelineEndpoint:
    """Ask for an endpoint whose version "0" is the published pipeline of id `pipeline`."""

    name: str
    pipeline: str
    description: str = ""


@dataclass(frozen=True)
class EndpointVersion:
    """A version of an endpoint, and the id of its published pipeline."""

    version: str
    pipeline: str


@dataclass(frozen=True)
class PipelineEndpointRecord:
    """An endpoint with its versions, oldest first; `status` is Active, Disabled or Archived.

    `address` and `named_address` are the paths that take v1's submissions, by id and by name.
    """

    id: str
    workspace: str
    name: str
    description: str
    status: str
    default_version: str
    versions: List[EndpointVersion]
    address: str
    named_address: str
    created_at: str


@dataclass(frozen=True)
class PipelineEndpointQuery:
    """Which endpoints to list: active ones, or all; and of a name, None for all."""

    active: bool = True
    name: Optional[str] = None
    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class PipelineEndpointPage:
    """One page of endpoints, oldest first."""

    items: List[PipelineEndpointRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class ChangePipelineEndpoint:
    """What is to be different; what is None stays."""

    name: Optional[str] = None
    status: Optional[str] = None
    default_version: Optional[str] = None


@dataclass(frozen=True)
class AddEndpointVersion:
    """Add a published pipeline as the next version; `default` makes it the default."""

    pipeline: str
    default: bool = False


@dataclass(frozen=True)
class SubmitPipelineEndpoint:
    """Ask for a run of a version, None for the default; see SubmitPublished."""

    experiment: str
    version: Optional[str] = None
    values: Dict[str, Any] = field(default_factory=dict)
    continue_on_failure: Optional[bool] = None
    regenerate: bool = False
    tags: Dict[str, Optional[str]] = field(default_factory=dict)
    submitted_by: str = ""
    parent: Optional[str] = None
    submitted_from: Optional[str] = None


PIPELINE_ENDPOINTS_CREATE: Route[PipelineEndpointRecord] = Route(
    "pipeline_endpoints.create",
    "POST",
    IN_WORKSPACE + "/pipeline-endpoints",
    PipelineEndpointRecord,
    "Make an endpoint of a published pipeline.",
    body=CreatePipelineEndpoint,
    creates=True,
    role=CONTRIBUTOR,
)
PIPELINE_ENDPOINTS_LIST: Route[PipelineEndpointPage] = Route(
    "pipeline_endpoints.list",
    "GET",
    IN_WORKSPACE + "/pipeline-endpoints",
    PipelineEndpointPage,
    "List endpoints of pipelines, oldest first.",
    query=PipelineEndpointQuery,
    scope=READS,
)
PIPELINE_ENDPOINTS_GET: Route[PipelineEndpointRecord] = Route(
    "pipeline_endpoints.get",
    "GET",
    IN_ENDPOINT,
    PipelineEndpointRecord,
    "Get an endpoint of pipelines with its versions.",
    scope=READS,
)
PIPELINE_ENDPOINTS_CHANGE: Route[PipelineEndpointRecord] = Route(
    "pipeline_endpoints.change",
    "PATCH",
    IN_ENDPOINT,
    PipelineEndpointRecord,
    "Rename, enable, disable or archive an endpoint, or choose its default version.",
    body=ChangePipelineEndpoint,
    role=CONTRIBUTOR,
)
PIPELINE_ENDPOINTS_ADD: Route[PipelineEndpointRecord] = Route(
    "pipeline_endpoints.add",
    "POST",
    IN_ENDPOINT + "/versions",
    PipelineEndpointRecord,
    "Add a version to an endpoint.",
    body=AddEndpointVersion,
    creates=True,
    role=CONTRIBUTOR,
)
PIPELINE_ENDPOINTS_SUBMIT: Route[PipelineRecord] = Route(
    "pipeline_endpoints.submit",
    "POST",
    IN_ENDPOINT + "/runs",
    PipelineRecord,
    "Submit a version of an endpoint.",
    body=SubmitPipelineEndpoint,
    creates=True,
    scope=MAKES,
)
