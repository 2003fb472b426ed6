"""Runs: submitted or begun, looked up, changed and ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import runs as routes
from runyard.protocol.runs import Beat, FailRun, RunQuery

if TYPE_CHECKING:
    from typing import List

    from runyard.client.run_exports import Export
    from runyard.protocol.jobs import RankRecord
    from runyard.protocol.queue import Prioritize, RunExplanation
    from runyard.protocol.run_export import ExportRuns
    from runyard.protocol.run_keys import RunKeys, RunKeysQuery, RunValues, RunValuesQuery
    from runyard.protocol.runs import ChangeRun, RunRecord, RunSpec, StartRun, SubmitRun
    from runyard.protocol.search import Search


class Runs(NounClient):
    """The runs of a workspace; a run is named by its whole id (see `run_names` for other names)."""

    def submit(self, order: SubmitRun) -> RunRecord:
        """Submit a run; it is on record when this returns, and starts when there is room.

        Raises:
            NotFound: The snapshot, the compute target or the parent does not exist.
            InvalidRequest: The specification makes no sense.
        """
        return self._service.call(routes.RUNS_SUBMIT, body=order)

    def start(self, order: StartRun) -> RunRecord:
        """Begin an interactive run or a child run, which this process ends too.

        Raises:
            AlreadyExists: A run of that id exists.
            NotFound: The snapshot or the parent does not exist.
        """
        return self._service.call(routes.RUNS_START, body=order)

    def list(
        self, query: Optional[RunQuery] = None, limit: Optional[int] = None
    ) -> Listing[RunRecord]:
        """List runs, newest first.

        Args:
            query: Which ones; None lists all that are no children.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.RUNS_LIST, query=asked),
            query or RunQuery(),
            limit,
        )

    def search(self, search: Search, limit: Optional[int] = None) -> Listing[RunRecord]:
        """Find runs by a filter, in an order, page by page.

        Args:
            search: What to look for; see `protocol.search`.
            limit: At most so many; None is all.

        Raises:
            InvalidRequest: The filter makes no sense; the message points at the place.
        """
        return Listing(
            lambda asked: self._service.call(routes.RUNS_SEARCH, body=asked),
            replace(search, short_pages=True),
            limit,
        )

    def keys(self, query: Optional[RunKeysQuery] = None) -> RunKeys:
        """List the names of metrics, parameters and tags that runs have."""
        from runyard.protocol.run_keys import RUNS_KEYS

        return self._service.call(RUNS_KEYS, query=query)

    def values(self, query: RunValuesQuery) -> RunValues:
        """List the texts that a field of runs has, such as `params.optimizer`.

        Raises:
            InvalidRequest: There is no such field.
        """
        from runyard.protocol.run_keys import RUNS_VALUES

        return self._service.call(RUNS_VALUES, query=query)

    def export(self, asked: ExportRuns) -> Export:
        """Begin to read what a search finds as a file, piece by piece, while the service makes it.

        Raises:
            InvalidRequest: It makes no sense, or there are too many columns.
        """
        from runyard.client import run_exports

        return run_exports.begin(self._service, asked)

    def get(self, run: str) -> RunRecord:
        """Find a run.

        Raises:
            RunNotFound: There is none of that id; the message names the nearest.
        """
        return self._service.call(routes.RUNS_GET, run)

    def spec(self, run: str) -> RunSpec:
        """Read what was submitted.

        Raises:
            RunNotFound: There is no such run.
        """
        return self._service.call(routes.RUNS_SPEC, run)

    def change(self, run: str, change: ChangeRun) -> RunRecord:
        """Change tags, properties, name or description, also after the run's end.

        Args:
            run: The run's id.
            change: What is to be different.

        Raises:
            Conflict: A property is there with another value; properties are written once.
        """
        return self._service.call(routes.RUNS_CHANGE, run, body=change)

    def cancel(self, run: str) -> RunRecord:
        """Ask a run to stop; it ends as Canceled once its processes have."""
        return self._service.call(routes.RUNS_CANCEL, run)

    def archive(self, run: str) -> RunRecord:
        """Leave a run and those below it out of lists; nothing of it is lost.

        Raises:
            WrongState: It, or one below it, goes on.
        """
        return self._service.call(routes.RUNS_ARCHIVE, run)

    def unarchive(self, run: str) -> RunRecord:
        """Take a run and those below it into lists again."""
        return self._service.call(routes.RUNS_UNARCHIVE, run)

    def prioritize(self, run: str, change: Prioritize) -> RunRecord:
        """Change a run's priority, or its place in the queue; of a sweep, that of its trials.

        Args:
            run: The run's id.
            change: The priority, or the run before or after which it is to be.

        Raises:
            WrongState: It waits for nothing any more, or the other run waits elsewhere.
            InvalidRequest: The priority is out of range.
        """
        from runyard.protocol.queue import RUNS_PRIORITIZE

        return self._service.call(RUNS_PRIORITIZE, run, body=change)

    def complete(self, run: str) -> RunRecord:
        """Set a run to Completed; a job that still works for it is stopped.

        A run that has ended stays as it ended. One that was given up because nobody heard of its
        process is corrected.

        Raises:
            RunNotFound: There is no such run.
        """
        return self._service.call(routes.RUNS_COMPLETE, run)

    def fail(self, run: str, message: str = "", code: str = "UserError") -> RunRecord:
        """Set a run to Failed, as `complete` does to Completed.

        Args:
            run: The run's id.
            message: What went wrong.
            code: Whose fault it is: `UserError` or another code.

        Raises:
            RunNotFound: There is no such run.
        """
        return self._service.call(routes.RUNS_FAIL, run, body=FailRun(message, code))

    def beat(self, run: str, process: str) -> None:
        """Report that the process which began an interactive run is alive; see `StartRun`."""
        self._service.call(routes.BEATS_NOTE, run, body=Beat(process))

    def ranks(self, run: str) -> List[RankRecord]:
        """List the processes of a run that has several, by rank; none of a run that is one."""
        from runyard.protocol.jobs import GANGS_RANKS

        return self._service.call(GANGS_RANKS, run).items

    def explain(self, run: str) -> RunExplanation:
        """Ask why a run is in its state: what it waits for, how long that usually takes.

        Raises:
            RunNotFound: There is no such run.
        """
        from runyard.protocol.queue import RUNS_EXPLAIN

        return self._service.call(RUNS_EXPLAIN, run)
