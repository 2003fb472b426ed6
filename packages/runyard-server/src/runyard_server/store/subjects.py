"""What has a history, a lease and followers of its own: a subject, named by kind, place and id."""

from dataclasses import dataclass

from runyard.protocol.feed import (
    CLUSTER,
    ENDPOINT,
    ENVIRONMENT,
    EXPERIMENT,
    MODEL,
    RUN,
    SWEEP,
    WORKSPACE,
)

__all__ = [
    "CLUSTER",
    "ENDPOINT",
    "ENVIRONMENT",
    "EXPERIMENT",
    "JOURNAL",
    "MODEL",
    "PIPELINE",
    "RUN",
    "SCHEDULE",
    "SWEEP",
    "WORKSPACE",
    "Subject",
]

# A journal is work for its reconciler; what happens in it is told by its sweeps.
JOURNAL = "journal"
# So is a pipeline, whose history is that of its run.
PIPELINE = "pipeline"
# What a schedule does is told by its runs, and by the reason why there is none.
SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """One thing that events, leases and notices are about.

    Args:
        kind: The noun: `run`, `cluster`, `cleanup`, `sweep`, `journal`, `pipeline`,
            `schedule`, `endpoint`.
        workspace: The id of its workspace, "" for what belongs to the whole service.
        id: What tells it from others of its kind in the workspace.
    """

    kind: str
    workspace: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.workspace}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Subject":
        """Read what `str` gave; kinds have no colon and ids of workspaces no slash."""
        kind, _, rest = text.partition(":")
        workspace, _, id_ = rest.partition("/")
        return cls(kind, workspace, id_)
