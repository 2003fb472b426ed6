"""Which run is meant: by its id, by a beginning of it that no other has, or `experiment/number`.

The whole id is tried first and costs nothing more. An id that a narrow table has shortened with `…`
names its run too, so that it can be copied from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, List, Optional, TypeVar

from runyard.client.experiments import Experiments
from runyard.client.runs import Runs
from runyard.protocol.errors import InvalidRequest, RunNotFound
from runyard.protocol.runs import RunQuery

if TYPE_CHECKING:
    from runyard.client.workspace_connection import WorkspaceConnection
    from runyard.protocol.runs import RunRecord

LISTED = 5
LOOKED_AT = 1000
CUT = "…"

Answer = TypeVar("Answer")


def _described(run: RunRecord) -> str:
    return f"{run.status}, created {run.created_at}"


class RunNames:
    """Finds the runs of a workspace by any of their names.

    Args:
        service: The workspace.
        describe: What is said of a run beside its id where several are meant.
    """

    def __init__(
        self, service: WorkspaceConnection, describe: Callable[[RunRecord], str] = _described
    ) -> None:
        self._runs = Runs(service)
        self._experiments = Experiments(service)
        self._describe = describe

    def ask(self, name: str, question: Callable[[str], Answer]) -> Answer:
        """Ask something of the run that is meant; of a whole id nothing else is asked.

        Args:
            name: How the run is named.
            question: What to ask, of a run's id.

        Returns:
            The answer.

        Raises:
            RunNotFound: Nothing is named so.
            InvalidRequest: Several are; the message lists them.
        """
        if "/" in name or CUT in name:
            return question(self.find(name).id)
        try:
            return question(name)
        except RunNotFound as error:
            missing = error
        return question(self.find(name, missing).id)

    def find(self, name: str, missing: Optional[RunNotFound] = None) -> RunRecord:
        """Find the run that is meant.

        Args:
            name: How it is named.
            missing: What to raise when there is none.

        Raises:
            RunNotFound: Nothing is named so.
            InvalidRequest: Several are; the message lists them.
        """
        experiment, _, number = name.rpartition("/")
        if experiment:
            return self._numbered(experiment, number)
        head, _, tail = name.partition(CUT)
        query = RunQuery(id_prefix=head, include_children=True)
        found = [
            run
            for run in self._runs.list(query, LOOKED_AT)
            if run.id.startswith(head) and run.id.endswith(tail)
        ]
        # The whole id of a run may be how the ids of others begin, and its trials' always do.
        found = [run for run in found if run.id == name] or self._without_trials(found, head, tail)
        if len(found) == 1:
            return found[0]
        if found:
            raise self._several(name, found)
        raise missing or RunNotFound(
            f"there is no run {name!r}; `runyard runs list` shows the runs"
        )

    def _without_trials(self, found: List[RunRecord], head: str, tail: str) -> List[RunRecord]:
        """Name a sweep in place of its trials; of one with many it may not have been read."""
        sweeps = {
            run.parent
            for run in found
            if run.parent and run.id.startswith(f"{run.parent}_")
            if run.parent.startswith(head) and run.parent.endswith(tail)
        }
        left = [run for run in found if run.parent not in sweeps]
        known = {run.id for run in left}
        return [*left, *(self._runs.get(sweep) for sweep in sorted(sweeps - known))]

    def _numbered(self, experiment: str, number: str) -> RunRecord:
        record = self._experiments.get(experiment)
        if not number.isdecimal():
            raise InvalidRequest(
                f"{experiment}/{number} names no run: behind the slash stands its number, such as "
                f"{experiment}/{record.run_count or 1}"
            )
        query = RunQuery(experiment=experiment, number=int(number), include_children=True)
        # A service that does not know the condition answers with all runs of the experiment.
        for run in self._runs.list(query):
            if run.number == int(number):
                return run
        count = f"{record.run_count} run{'' if record.run_count == 1 else 's'}"
        raise RunNotFound(f"experiment {experiment!r} has no run number {number}; it has {count}")

    def _several(self, name: str, found: List[RunRecord]) -> InvalidRequest:
        lines = [f"  {run.id}  {self._describe(run)}" for run in found[:LISTED]]
        more = len(found) - LISTED
        lines += [f"  and {more} more"] if more > 0 else []
        return InvalidRequest(
            f"{name!r} is how the ids of {len(found)} runs begin; give more of it:\n"
            + "\n".join(lines),
            {"candidates": [run.id for run in found[:LISTED]]},
        )
