"""A turn of a schedule: when it is due its pipeline is submitted, and the next time is set.

The transaction that writes the run, or the last of its steps where they are many, sets the next
time, if the schedule is still due when the turn has found it to be: what was killed before never
begins, a kill behind it has nothing left to do, and of two turns at once the second finds another
time and gives its run up. The next time is the
first one behind now, so an absence is made up for by one run.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from runyard.protocol.errors import Forbidden, RunyardError, StorageFull, TemporaryError
from runyard.protocol.published_pipelines import SubmitPublished
from runyard.protocol.route import CONTRIBUTOR
from runyard.protocol.schedules import ALLOW, SCHEDULE_ID, SKIP, SOURCE
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.permissions import has
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import (
    pipeline_endpoints,
    published_pipelines,
    schedule_files,
    schedule_times,
)
from runyard_server.store import schedules as rows
from runyard_server.store.runs import RunRow
from runyard_server.store.schedules import ScheduleRow
from runyard_server.store.subjects import Subject

SCHEDULED_FOR = "runyard.scheduledfor"
# Between two looks at whether a run has ended that another one waits for.
_AGAIN = SECOND


class _NotDueAnyMore(Exception):
    """Somebody else has changed the schedule, or submitted for it."""


class _Files(NamedTuple):
    """Files that are new or different, with their versions, and names of those that are gone."""

    changed: dict[str, str]
    gone: list[str]


def advance(system: System, subject: Subject) -> int | None:
    """Submit what a schedule is due for.

    Args:
        system: The service's parts.
        subject: The schedule.

    Returns:
        When it is due next, in microseconds since 1970; None: never, or it is switched off.

    Raises:
        TemporaryError: Something is away for a moment; the schedule stays due.
        StorageFull: No space is left; the schedule stays due.
    """
    row = _find(system, subject)
    if row is None or row.due_at is None:
        return None
    now = system.clock.now_us()
    if row.due_at > now:
        return row.due_at
    waits = _Turn(system, row, now).take()
    if waits is not None:
        return waits
    after = _find(system, subject)
    return None if after is None else after.due_at


def _find(system: System, subject: Subject) -> ScheduleRow | None:
    row = system.read(lambda work: rows.find(work.connection, subject.workspace, subject.id))
    return row if row is not None and row.active else None


@dataclass
class _Turn:
    """One turn of a schedule that is due."""

    system: System
    row: ScheduleRow
    now: int

    def take(self) -> int | None:
        """Submit, or say why not; give when to look again where the schedule stays due."""
        try:
            other = self._going_on()
            if other and self.row.spec.overlap == SKIP:
                self._settle(reason=f"left out at {iso(self.now)}: run {other} goes on")
                return None
            if other:
                self._tell(f"waits for the end of run {other}")
                return self.now + _AGAIN
            self._submit()
        except _NotDueAnyMore:
            return None
        except (TemporaryError, StorageFull, OSError) as error:
            # Nothing of what is asked for is wrong: it stays due, and the loop comes back to it.
            self._tell(f"tried again: {getattr(error, 'message', error)}")
            raise
        except RunyardError as error:
            self._settle(reason=f"not submitted at {iso(self.now)}: {error.message}")
        return None

    def _going_on(self) -> str | None:
        if self.row.spec.overlap == ALLOW:
            return None
        return self.system.read(lambda work: rows.going_on(work.connection, self.row))

    def _submit(self) -> None:
        self._check_person()
        files = self._changes()
        if files is not None and not files.changed:
            self._settle(reason="", files=files)
            return
        published = self.row.pipeline or pipeline_endpoints.chosen(
            self.system, self.row.workspace, self.row.endpoint, None
        )

        def also(work: Work, run: RunRow) -> None:
            self._set(work, files, reason="", last_key=run.key, last_at=work.now)
            rows.add_run(work.connection, self.row.id, run.key)

        order = self._order(files)
        published_pipelines.submit(self.system, self.row.workspace, published, order, also)

    def _order(self, files: _Files | None) -> SubmitPublished:
        spec, values = self.row.spec, schedule_times.values(self.row, self.now)
        if files is not None and spec.data is not None and spec.data.parameter:
            values[spec.data.parameter] = schedule_files.place(spec.data, list(files.changed))
        due_at = self.row.due_at or self.now
        return SubmitPublished(
            experiment=self.row.experiment,
            values=values,
            continue_on_failure=spec.continue_on_failure,
            source=SOURCE,
            properties={SCHEDULE_ID: self.row.id, SCHEDULED_FOR: iso(due_at)},
            submitted_by=self.row.runs_for,
        )

    def _check_person(self) -> None:
        """Refuse to submit for somebody who may not, or not any more."""
        name = self.row.runs_for
        person = self.system.people.known(self.system.records).people.get(name)
        if name and (person is None or not has(person, self.row.workspace, CONTRIBUTOR)):
            raise Forbidden(
                f"{name}, for whom the schedule submits, is no {CONTRIBUTOR} of the workspace any "
                f"more; whoever is runs `runyard schedules enable {self.row.id}` to take it over"
            )

    def _changes(self) -> _Files | None:
        """What has changed in the schedule's folder; None of one that has none."""
        data = self.row.spec.data
        if data is None:
            return None
        there = schedule_files.versions(self.system, self.row.workspace, data)
        seen = self.system.read(lambda work: rows.seen(work.connection, self.row))
        changed = {name: each for name, each in there.items() if seen.get(name) != each}
        return _Files(changed, [name for name in seen if name not in there])

    def _settle(self, *, reason: str, files: _Files | None = None) -> None:
        """Set the next time without a run."""
        self.system.write(lambda work: self._set(work, files, reason=reason))

    def _set(self, work: Work, files: _Files | None, **values: Any) -> None:
        """Set the next time, if the schedule is still due as this turn has found it.

        Raises:
            _NotDueAnyMore: It is not; what else the transaction has written is given up.
        """
        # Not only of now: a clock that was set back would make the same time due once more.
        behind = max(work.now, self.row.due_at or 0)
        due_at = schedule_times.next_due(self.row.spec, self.row.anchor, behind)
        if not rows.settle(work.connection, self.row, due_at=due_at, **values):
            raise _NotDueAnyMore
        if files is not None:
            rows.see(work.connection, self.row, files.changed, files.gone)

    def _tell(self, reason: str) -> None:
        """Write down why it stays due, where that has changed."""
        if self.row.reason != reason:
            key = self.row.key
            self.system.write(lambda work: rows.change(work.connection, key, reason=reason))
