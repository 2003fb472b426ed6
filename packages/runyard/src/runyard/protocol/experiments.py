"""The experiment: a named series of runs."""

from typing import List, Optional

from runyard.protocol.records import dataclass

NAME_RULE = r"[a-zA-Z0-9][\w\-]{0,254}"


@dataclass(frozen=True)
class ExperimentRecord:
    """An experiment of a workspace; `run_count` is also the number of its newest run."""

    id: str
    name: str
    created_at: str
    run_count: int = 0


@dataclass(frozen=True)
class CreateExperiment:
    """Make an experiment; an existing one of that name is the answer."""

    name: str


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
