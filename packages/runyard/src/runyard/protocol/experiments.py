"""The experiment: a named series of runs."""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import ADDS, CONTRIBUTOR, IN_WORKSPACE, READS, USER, Route
from runyard.protocol.search import Search

# The rule of v1's later years; in 2019 names ended at 36 characters.
NAME_RULE = r"[a-zA-Z0-9][\w\-]{0,254}"


@dataclass(frozen=True)
class ExperimentRecord:
    """An experiment of a workspace; `run_count` is also the number of its newest run.

    `notes` are what people wrote about it, in Markdown; lists leave them out (None).
    `archived_count` of its runs are archived, which lists of runs leave out. `archived_at` is when
    it was archived itself; its next run makes it active again, and that None. Who creates one is
    told neither that nor the tags.
    """

    id: str
    name: str
    created_at: str
    run_count: int = 0
    notes: Optional[str] = None
    archived_count: int = 0
    tags: Dict[str, str] = field(default_factory=dict)
    archived_at: Optional[str] = None


@dataclass(frozen=True)
class CreateExperiment:
    """Make an experiment; an existing one of that name is the answer."""

    name: str


@dataclass(frozen=True)
class ChangeExperiment:
    """What is to be different; what is None stays, and so do tags that are not named."""

    notes: Optional[str] = None
    tags: Optional[Dict[str, str]] = None
    removed_tags: Optional[List[str]] = None
    archived: Optional[bool] = None


@dataclass(frozen=True)
class ExperimentQuery:
    """Which experiments to list."""

    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class ExperimentPage:
    """One page of experiments, by name."""

    items: List[ExperimentRecord]
    next_page_token: Optional[str] = None
    looked_at: Optional[int] = None


EXPERIMENTS_CREATE: Route[ExperimentRecord] = Route(
    "experiments.create",
    "POST",
    IN_WORKSPACE + "/experiments",
    ExperimentRecord,
    "Create an experiment, or get it if it exists.",
    body=CreateExperiment,
    creates=True,
    scope=ADDS,
)
EXPERIMENTS_LIST: Route[ExperimentPage] = Route(
    "experiments.list",
    "GET",
    IN_WORKSPACE + "/experiments",
    ExperimentPage,
    "List experiments.",
    query=ExperimentQuery,
    scope=READS,
)
EXPERIMENTS_SEARCH: Route[ExperimentPage] = Route(
    "experiments.search",
    "POST",
    IN_WORKSPACE + "/experiments/search",
    ExperimentPage,
    "Search experiments: filter, order, columns.",
    body=Search,
    scope=READS,
)
EXPERIMENTS_GET: Route[ExperimentRecord] = Route(
    "experiments.get",
    "GET",
    IN_WORKSPACE + "/experiments/{experiment}",
    ExperimentRecord,
    "Get an experiment.",
    scope=READS,
)
EXPERIMENTS_CHANGE: Route[ExperimentRecord] = Route(
    "experiments.change",
    "PATCH",
    IN_WORKSPACE + "/experiments/{experiment}",
    ExperimentRecord,
    "Change the notes or the tags of an experiment, or archive it.",
    body=ChangeExperiment,
    scope=USER,
    role=CONTRIBUTOR,
)
