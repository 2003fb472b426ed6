"""What a compute backend is: it starts agents on nodes and says whether they are alive.

Plan, then act: `plan` gives the whole launch as a printable record and touches nothing; `launch`
does it. Backends never write records: they return observations, and the scheduler decides.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from runyard.protocol.jobs import JobSpec

JOB = "job"
SALVAGE = "salvage"


@dataclass(frozen=True)
class LaunchPlan:
    """One launch, before it happens.

    Args:
        run: The run's id.
        node: The node's number within the run.
        attempt: Which attempt of the run this is, from 1.
        purpose: `job`, or `salvage` after an agent was lost.
        command: The program and its arguments.
        environment: Variables added to those of the service.
        folder: The run folder on the node.
        files: Files written there first, by name, mode 0600: their contents.
    """

    run: str
    node: int
    attempt: int
    purpose: str
    command: list[str]
    environment: dict[str, str]
    folder: str
    files: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Observation:
    """What is seen of a launched agent.

    Args:
        alive: Whether it runs, as seen on its node now. None where the backend cannot tell, or has
            it from an engine that may not know yet that the node is gone: then its beats decide.
        exit_code: Its exit status once it has ended, where that is known.
        signal: Name of the signal that ended it (`SIGKILL`), where that is known.
    """

    alive: bool | None
    exit_code: int | None = None
    signal: str | None = None


class Backend(ABC):
    """A place where agents run.

    All methods may be called from several threads at once. Those that talk to an engine raise
    `TemporaryError` for what may work later (the caller tries again) and `RunyardError` of any
    other class for what never will. A handle is text, made by `launch`; it is stored and must mean
    the same to another instance of the class after the service was started again.
    """

    kind: str

    @abstractmethod
    def plan(self, job: JobSpec, salvage: str | None = None) -> LaunchPlan:
        """Give what `launch` would do; no side effect.

        Args:
            job: What the agent is to do.
            salvage: After an agent was lost: why; the agent then only cleans up and reports.
        """

    @abstractmethod
    def launch(self, plan: LaunchPlan) -> str:
        """Start the agent; give its handle.

        Idempotent on (run, node, attempt, purpose): a second call gives the handle of the agent
        that the first one started, also after the service was started again. A salvage that has
        ended is started anew: it may have been killed half-way, and goes on where it was.
        """

    @abstractmethod
    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """Say of each handle whether its agent is alive; one call serves all."""

    @abstractmethod
    def cancel(self, handle: str) -> None:
        """Ask the agent to stop its job and report; one that has ended is no error."""

    @abstractmethod
    def resize(self, cluster: str, nodes: int) -> int:
        """Ask for a cluster to have that many nodes; give how many it has now."""
