"""Saved views: a search of runs (or of another noun) with what is shown of it, under a name.

A view belongs to its workspace: whoever may see the runs may use it. `runyard runs list --view` and
the studio's tables show the same one. A view of `charts` is how the charts of the experiment that
it is called after are laid out.
"""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import CONTRIBUTOR, IN_WORKSPACE, READS, USER, Nothing, Route

CHARTS = "charts"
VIEWED = ("runs", "models", "experiments", CHARTS)
LONGEST_VIEW_NAME = 100


@dataclass(frozen=True)
class ChartLayout:
    """How the chart of a metric is shown; what is None is as for all charts.

    Args:
        pinned: Whether it stands before all that are not.
        hidden: Whether it is left out.
        log: Whether its axis is logarithmic.
        smoothing: From 0 for none to 0.99.
    """

    pinned: bool = False
    hidden: bool = False
    log: Optional[bool] = None
    smoothing: Optional[float] = None


@dataclass(frozen=True)
class ViewRecord:
    """A saved view.

    Args:
        id: What names it in addresses.
        workspace: Its workspace.
        name: What people call it; unique for its noun.
        noun: What it shows: `runs`, `models`, `experiments`, or the `charts` of the experiment of
            its name.
        filter: The filter of its search.
        order_by: The order of its search.
        columns: What is shown, in order: attributes, `metrics.x`, `params.x`, `tags.x`; none: the
            usual.
        group_by: The field by whose value entries are grouped; "" for none.
        children: Whether runs below other runs are shown too.
        charts: Names of metrics in the order of their charts; others come behind these.
        owner: Who made it.
        created_at: When.
        changed_at: When it was changed last.
        layout: How charts are shown, by the names of their metrics.
    """

    id: str
    workspace: str
    name: str
    noun: str
    filter: str
    order_by: List[str]
    columns: List[str]
    group_by: str
    children: bool
    charts: List[str]
    owner: str
    created_at: str
    changed_at: str
    layout: Dict[str, ChartLayout] = field(default_factory=dict)


@dataclass(frozen=True)
class CreateView:
    """Save a view; see `ViewRecord`."""

    name: str
    noun: str = "runs"
    filter: str = ""
    order_by: List[str] = field(default_factory=list)
    columns: List[str] = field(default_factory=list)
    group_by: str = ""
    children: bool = False
    charts: List[str] = field(default_factory=list)
    owner: str = ""
    layout: Dict[str, ChartLayout] = field(default_factory=dict)


@dataclass(frozen=True)
class ChangeView:
    """What is to be different; what is None stays."""

    name: Optional[str] = None
    filter: Optional[str] = None
    order_by: Optional[List[str]] = None
    columns: Optional[List[str]] = None
    group_by: Optional[str] = None
    children: Optional[bool] = None
    charts: Optional[List[str]] = None
    layout: Optional[Dict[str, ChartLayout]] = None


@dataclass(frozen=True)
class ViewQuery:
    """Which views: those of a noun, and of a name; None for all."""

    noun: Optional[str] = None
    name: Optional[str] = None


@dataclass(frozen=True)
class ViewPage:
    """The views of a workspace, by name."""

    items: List[ViewRecord]


VIEWS_LIST: Route[ViewPage] = Route(
    "views.list",
    "GET",
    IN_WORKSPACE + "/views",
    ViewPage,
    "List saved views.",
    query=ViewQuery,
    scope=READS,
)
VIEWS_CREATE: Route[ViewRecord] = Route(
    "views.create",
    "POST",
    IN_WORKSPACE + "/views",
    ViewRecord,
    "Save a view.",
    body=CreateView,
    creates=True,
    scope=USER,
    role=CONTRIBUTOR,
)
VIEWS_CHANGE: Route[ViewRecord] = Route(
    "views.change",
    "PATCH",
    IN_WORKSPACE + "/views/{view}",
    ViewRecord,
    "Change a saved view.",
    body=ChangeView,
    scope=USER,
    role=CONTRIBUTOR,
)
VIEWS_DELETE: Route[Nothing] = Route(
    "views.delete",
    "DELETE",
    IN_WORKSPACE + "/views/{view}",
    Nothing,
    "Delete a saved view.",
    scope=USER,
    role=CONTRIBUTOR,
)
