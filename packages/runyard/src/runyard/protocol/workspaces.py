"""The workspace: the top-level place that holds everything a team creates."""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_WORKSPACE, PERSON, READS, Route
from runyard.protocol.trash import TrashEntry, TrashPage

DEFAULT_WORKSPACE = "default"
# Texts, and never None: v1 scripts put them together with `+`.
DEFAULT_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
DEFAULT_RESOURCE_GROUP = "runyard"
DEFAULT_LOCATION = "local"
NAME_RULE = r"[a-zA-Z0-9][\w\-.]{0,254}"


@dataclass(frozen=True)
class WorkspaceRecord:
    """A workspace; `id` is its key in URLs and folders, the rest is what v1 users see.

    `as_of` is the day of packages where neither an environment nor its framework has one; `now` for
    the newest, "" for what the service's settings say.
    """

    id: str
    name: str
    subscription_id: str
    resource_group: str
    location: str
    created_at: str
    friendly_name: str = ""
    sku: str = "basic"
    default_datastore: str = "workspaceblobstore"
    tags: Dict[str, str] = field(default_factory=dict)
    as_of: str = ""


@dataclass(frozen=True)
class CreateWorkspace:
    """Make a workspace; with `exist_ok` an existing one is the answer."""

    name: str
    subscription_id: str = DEFAULT_SUBSCRIPTION
    resource_group: str = DEFAULT_RESOURCE_GROUP
    location: str = DEFAULT_LOCATION
    friendly_name: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    exist_ok: bool = False


@dataclass(frozen=True)
class ChangeWorkspace:
    """What may change of a workspace; None leaves a field as it is, and "" is no day."""

    default_datastore: Optional[str] = None
    friendly_name: Optional[str] = None
    tags: Optional[Dict[str, str]] = None
    as_of: Optional[str] = None


@dataclass(frozen=True)
class WorkspaceQuery:
    """Which workspaces to list; None matches all."""

    name: Optional[str] = None
    subscription_id: Optional[str] = None
    resource_group: Optional[str] = None
    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class WorkspacePage:
    """One page of workspaces, by name."""

    items: List[WorkspaceRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class DeleteWorkspace:
    """With `dry_run` it is only told what deleting would take away."""

    dry_run: bool = False


WORKSPACES_CREATE: Route[WorkspaceRecord] = Route(
    "workspaces.create",
    "POST",
    "/workspaces",
    WorkspaceRecord,
    "Create a workspace.",
    body=CreateWorkspace,
    creates=True,
    role=PERSON,
)
WORKSPACES_LIST: Route[WorkspacePage] = Route(
    "workspaces.list",
    "GET",
    "/workspaces",
    WorkspacePage,
    "List workspaces.",
    query=WorkspaceQuery,
    role=PERSON,
)
WORKSPACES_GET: Route[WorkspaceRecord] = Route(
    "workspaces.get", "GET", IN_WORKSPACE, WorkspaceRecord, "Get a workspace.", scope=READS
)
WORKSPACES_CHANGE: Route[WorkspaceRecord] = Route(
    "workspaces.change",
    "PATCH",
    IN_WORKSPACE,
    WorkspaceRecord,
    "Change a workspace.",
    body=ChangeWorkspace,
)
WORKSPACES_DELETE: Route[TrashEntry] = Route(
    "workspaces.delete",
    "DELETE",
    IN_WORKSPACE,
    TrashEntry,
    "Delete a workspace with all that it holds, or tell what that would be.",
    query=DeleteWorkspace,
)
WORKSPACES_DELETED: Route[TrashPage] = Route(
    "workspaces.deleted",
    "GET",
    "/trash",
    TrashPage,
    "List the workspaces that were deleted and may come back.",
)
WORKSPACES_RESTORE: Route[WorkspaceRecord] = Route(
    "workspaces.restore",
    "POST",
    "/trash/{deleted}/restore",
    WorkspaceRecord,
    "Bring back a workspace that was deleted.",
)
WORKSPACES_FREE: Route[TrashEntry] = Route(
    "workspaces.free",
    "DELETE",
    "/trash/{deleted}",
    TrashEntry,
    "Free a workspace that was deleted now; it cannot come back.",
)
