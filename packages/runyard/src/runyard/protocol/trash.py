"""The trash: what was deleted and may come back, for a week if nothing else is set.

What goes there is named by its kind and its name: a run by its id, an experiment, a model (`name`
with all its versions, or `name:version`), an environment (`name` or `name:version`). A whole
workspace is deleted by a row of its own.
"""

from dataclasses import field
from typing import List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import CONTRIBUTOR, IN_WORKSPACE, READS, Nothing, Route

RUN, EXPERIMENT, MODEL, ENVIRONMENT = "run", "experiment", "model", "environment"
WORKSPACE = "workspace"
KINDS = (RUN, EXPERIMENT, MODEL, ENVIRONMENT)
KEPT, FREEING = "kept", "freeing"


@dataclass(frozen=True)
class AddTrash:
    """What is to be deleted; with `dry_run` it is only told what that would be."""

    kind: str
    name: str
    dry_run: bool = False


@dataclass(frozen=True)
class TrashEntry:
    """What was deleted together.

    Args:
        id: What it is restored or freed by; "" of a dry run.
        kind: One of KINDS, or `workspace`.
        name: What was deleted.
        count: How many runs, versions and the like.
        size: Bytes of files, logs and metrics. What others have too stays when it is freed.
        deleted_at: When; of a dry run, now.
        until: When it is freed by itself.
        deleted_by: Who did it.
        state: `kept`, or `freeing` once it cannot come back.
    """

    id: str
    kind: str
    name: str
    count: int
    size: int
    deleted_at: str
    until: str
    deleted_by: str = ""
    state: str = KEPT


@dataclass(frozen=True)
class TrashQuery:
    """Which page, the last deleted first."""

    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class TrashPage:
    """One page of the trash."""

    items: List[TrashEntry] = field(default_factory=list)
    next_page_token: Optional[str] = None


TRASH_ADD: Route[TrashEntry] = Route(
    "trash.add",
    "POST",
    IN_WORKSPACE + "/trash",
    TrashEntry,
    "Delete a run, an experiment, a model or an environment, or tell what that would free.",
    body=AddTrash,
    creates=True,
    role=CONTRIBUTOR,
)
TRASH_LIST: Route[TrashPage] = Route(
    "trash.list",
    "GET",
    IN_WORKSPACE + "/trash",
    TrashPage,
    "List what is in the trash, the last deleted first.",
    query=TrashQuery,
    scope=READS,
)
TRASH_RESTORE: Route[TrashEntry] = Route(
    "trash.restore",
    "POST",
    IN_WORKSPACE + "/trash/{entry}/restore",
    TrashEntry,
    "Bring back what was deleted.",
    role=CONTRIBUTOR,
)
TRASH_FREE: Route[TrashEntry] = Route(
    "trash.free",
    "DELETE",
    IN_WORKSPACE + "/trash/{entry}",
    TrashEntry,
    "Free what was deleted now; it cannot come back.",
)
TRASH_EMPTY: Route[Nothing] = Route(
    "trash.empty",
    "DELETE",
    IN_WORKSPACE + "/trash",
    Nothing,
    "Free all that is in the trash now.",
)
