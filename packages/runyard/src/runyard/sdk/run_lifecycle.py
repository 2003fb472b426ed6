"""The part of a run that begins, goes on and ends: its status, waiting for it, ending it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Type

from runyard.client import callers
from runyard.protocol import escapes
from runyard.protocol.stars import STARRED_RUN
from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.run_base import TERMINAL
from runyard.sdk.run_logging import RunLogging

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from runyard.protocol.jobs import RankRecord
    from runyard.protocol.queue import Prioritize
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.trash import Deleted


class RunLifecycle(RunLogging):
    """A run that can be waited for and ended; what was logged is flushed before it ends."""

    def __enter__(self) -> Self:
        self._entered_by = os.getpid()
        if self._interactive is not None:
            self._interactive.capture()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        from runyard.sdk import endings

        reason = None if error is None else endings.reason_of(error)
        if self._in_own_job() or self._entered_by not in (-1, os.getpid()):
            # A child that was forked in the block leaves it too, which does not end the run.
            self.flush()
        elif reason is None:
            self.complete()
        else:
            self.fail(error_details=reason)

    def get_status(self) -> str:
        """Read the status from the service, unless it is a final one already."""
        if self._record is None or self._record.status not in TERMINAL:
            self._refresh()
        return self._read().status

    def get_detailed_status(self) -> Dict[str, Any]:
        """Read the status with the reason for it, as `{"status": …, "details": …}`."""
        status = self.get_status()
        return {"status": status, "details": self.explain()}

    def start(self) -> None:
        """Taken for old scripts' sake: a run that was made is at once in Running."""

    def delete(self, dry_run: bool = False) -> Deleted:
        """Delete the run and those below it, once they have ended; they can come back for a week.

        Models that were registered from it stay.

        Args:
            dry_run: Only tell what that would take away.

        Returns:
            What is in the trash; `undo` brings it back.

        Raises:
            UserErrorException: One of them goes on; cancel it first.
        """
        from runyard.sdk import trash

        return trash.delete(self.service, "run", self._id, dry_run=dry_run)

    def archive(self) -> None:
        """Leave the run and those below it out of lists, once they have ended; nothing is lost.

        Raises:
            UserErrorException: One of them goes on.
        """
        with translated():
            self.service.runs.archive(self._id)

    def unarchive(self) -> None:
        """Take the run and those below it into lists again."""
        with translated():
            self.service.runs.unarchive(self._id)

    def star(self) -> None:
        """Put a star of yours on the run: it stands first in the studio's tables, for you alone."""
        with translated():
            self.service.stars.add(STARRED_RUN, self._id)

    def unstar(self) -> None:
        """Take your star off the run, if it has one."""
        with translated():
            self.service.stars.remove(STARRED_RUN, self._id)

    def explain(self) -> str:
        """Explain in a sentence why the run is in its state, and what would free what it needs."""
        with translated():
            found = self.service.runs.explain(self._id)
        return f"{found.message}; {found.advice}" if found.advice else found.message

    @property
    def priority(self) -> int:
        """The run's priority among those that wait, read from the service."""
        return self._refresh().priority

    def set_priority(self, priority: int) -> None:
        """Change the run's priority while it waits for nodes; of a sweep, that of its trials.

        Args:
            priority: From -1000 to 1000; the highest is served first, and of one priority whoever
                was submitted first.

        Raises:
            UserErrorException: It waits no more, or the number is out of range.
        """
        from runyard.protocol.queue import Prioritize

        self._move(Prioritize(priority))

    def move_before(self, other: RunLifecycle) -> None:
        """Move the run right before another that waits for the same nodes.

        Raises:
            UserErrorException: One of them waits no more, or they wait for different nodes.
        """
        from runyard.protocol.queue import Prioritize

        self._move(Prioritize(before=other._id))

    def move_after(self, other: RunLifecycle) -> None:
        """Move the run right after another that waits for the same nodes.

        Raises:
            UserErrorException: One of them waits no more, or they wait for different nodes.
        """
        from runyard.protocol.queue import Prioritize

        self._move(Prioritize(after=other._id))

    def _move(self, change: Prioritize) -> None:
        with translated():
            self._record = self.service.runs.prioritize(self._id, change)

    def get_details(self) -> Dict[str, Any]:
        """Read all that is known of the run, as a dict with the v1 SDK's keys."""
        return self._details(None)

    def _details(self, record: Optional[RunRecord]) -> Dict[str, Any]:
        """All that is known of the run; its record is read unless it is given."""
        from runyard.sdk import run_details, run_files

        record = record or self._refresh()
        # v1's details name each log with its address, so files are listed, too.
        files = run_files.records(self.service, self._id)
        spec = self._spec()
        ranks = self._ranks() if spec is not None and spec.launcher.kind != "single" else ()
        found = run_details.details(record, spec, files, self.service, ranks)
        if spec is not None and (spec.inputs or spec.outputs):
            self._tell_of_datasets(found)
        return found

    def _tell_of_datasets(self, found: Dict[str, Any]) -> None:
        from runyard.sdk import run_datasets

        workspace = self.experiment.workspace
        with translated():
            records = self.service.datasets.of_run(self._id).items
        found["inputDatasets"] = run_datasets.told(workspace, records, "input")
        found["outputDatasets"] = run_datasets.told(workspace, records, "output")

    def _ranks(self) -> Sequence[RankRecord]:
        """List the processes of a run that has several."""
        with translated():
            return self.service.runs.ranks(self._id)

    def get_details_with_logs(self) -> Dict[str, Any]:
        """Read the details, with the logs' texts in place of their addresses."""
        from runyard.sdk import run_files

        found = self.get_details()
        for name in found["logFiles"]:
            data = run_files.content(self.service, self._id, name)
            found["logFiles"][name] = data.decode("utf-8", "replace")
        return found

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> Dict[str, Any]:
        """Wait until the run has ended, outputs included, and give its details.

        Args:
            show_output: Print the run's log as it grows.
            wait_post_processing: Taken for old scripts' sake; the end is always waited for.
            raise_on_error: Raise when the run has failed.

        Raises:
            ActivityFailedException: The run has failed.
            ExperimentExecutionException: Interrupted (Ctrl-C) with `show_output`; the run goes on.
            UserErrorException: Called in the run's own job, which would never end.
        """
        if self._in_own_job():
            raise UserErrorException(
                f"run {self._id} cannot wait for its own end: leave the call away, or wait for the "
                "run where it was submitted"
            )
        from runyard.sdk import waiting

        return waiting.wait(self, show_output, raise_on_error)

    def cancel(self) -> None:
        """Ask for the run to be canceled; in its own job this only warns."""
        if self._in_own_job():
            callers.warn("a run cannot cancel itself from its own job; exit the script instead")
            return
        self._end(lambda: self.service.runs.cancel(self._id))

    def complete(self, _set_status: bool = True) -> None:
        """Flush, and set the run to Completed; in its own job only flush."""
        if self._in_own_job() or not _set_status:
            self.flush()
            return
        self._end(lambda: self.service.runs.complete(self._id))

    def fail(
        self, error_details: Any = None, error_code: Optional[str] = None, _set_status: bool = True
    ) -> None:
        """Flush, and set the run to Failed; in its own job only flush, and warn.

        Args:
            error_details: What went wrong: a text or an exception.
            error_code: `UserError` or another code.
        """
        if self._in_own_job() and _set_status:
            callers.warn(
                f"run {self._id} is not failed by fail() in its own job, and the reason is not "
                "kept: raise an exception, or call sys.exit with the reason"
            )
        if self._in_own_job() or not _set_status:
            self.flush()
            return
        text, code = _error_text(error_details), error_code or "UserError"
        self._end(lambda: self.service.runs.fail(self._id, text, code))

    def _end(self, call: Any) -> None:
        """Flush, collect what an interactive run leaves, and set the status."""
        if self._interactive is not None:
            # First of all, since scripts read their outputs back as soon as the run has ended.
            self._interactive.collect()
        self.flush()
        with translated():
            self._record = call()
        from runyard.sdk import endings

        # The end of this process would else end the run once more.
        endings.forget(self)
        if self._interactive is not None:
            self._interactive.close()


def _error_text(details: Any) -> str:
    if isinstance(details, BaseException):
        details = f"{type(details).__name__}: {details}"
    # An error names the file that it is about, and not every file's name is UTF-8.
    return "" if details is None else escapes.printable(str(details))
