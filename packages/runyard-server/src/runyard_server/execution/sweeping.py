"""The next step of a sweep: news of its trials, verdicts, further trials, the end.

    news      values and ends of trials, the policy's verdicts: one write, with what follows
    further   while there is room: points that were asked for first, what the policy wants next,
              what the sampler draws; rows and child runs in one write
    end       what is open is canceled where it must be; the log is complete before the run ends

Each step depends on how things are, so it may be taken twice, late, or by the process after one
that was killed. What the step does not finish it leaves to the next, which it wakes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from runyard.protocol import runs as states
from runyard.protocol import sweeps as protocol
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.suggestions import suggest
from runyard.protocol.timeouts import SWEEP_CLIENT_SECONDS
from runyard_server.core.clock import SECOND
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import end
from runyard_server.core.lookups import sweep_row
from runyard_server.core.notices import subject_topic, work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import (
    canceling,
    run_folders,
    study,
    sweep_end,
    sweep_log,
    sweep_news,
    trials,
)
from runyard_server.execution.sealing import seal
from runyard_server.execution.study import Study
from runyard_server.execution.sweep_end import Drained
from runyard_server.execution.sweep_news import News
from runyard_server.store import runs, sweeps
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject
from runyard_server.store.sweeps import SweepRow, TrialRow

BATCH = 25
"""Trials that are begun in one write: others of the service write in between."""

_SILENT = "has not logged the metric"
PREPARING = "the environment is being prepared"
_V1_STATUS = {
    states.COMPLETED: "FINISHED",
    states.FAILED: "FAILED",
    states.CANCELED: "CANCELLED",
}
_LEASE = int(SWEEP_CLIENT_SECONDS * SECOND)


def advance(system: System, sweep: Subject) -> int | None:
    """Take the next step of a sweep.

    Args:
        system: The service's parts.
        sweep: The sweep.

    Returns:
        When to look again though nobody wakes it, in microseconds since 1970; None: never.
    """
    with system.studies.held(sweep) as place:

        def read(work: Work) -> _Step | None:
            row = sweeps.find(work.connection, sweep.workspace, sweep.id)
            if row is None or not row.active:
                return None
            run = runs.by_key(work.connection, row.run_key)
            assert run is not None
            known = place.study or study.make(work, row)
            return _Step(system, row, run, known, sweep_news.look(work, known))

        try:
            found = system.read(read)
        except InvalidRequest as error:
            if _let_go(system, sweep, error.message):
                return None
            raise
        place.study = None if found is None else found.study
        if found is None:
            return None
        due = found.take()
        if found.has_ended:
            place.study = None
        return due


def _let_go(system: System, sweep: Subject, fault: str) -> bool:
    """End a canceled sweep that cannot be taken up, as without the package of its sampler.

    Of one that was not canceled the fault is told as what it waits for.

    Args:
        system: The service's parts.
        sweep: The sweep.
        fault: Why it cannot be taken up.

    Returns:
        Whether nothing more is to be done for it now.
    """

    def write(work: Work) -> bool:
        row = sweep_row(work, sweep.workspace, sweep.id)
        run = runs.by_key(work.connection, row.run_key)
        assert run is not None
        if row.reason != fault:
            sweeps.change(work.connection, row.key, reason=fault)
        if not run.cancel_requested:
            return False
        below = [canceling.cancel(work, each, fault) for each in canceling.jobs_below(work, run)]
        if not any(each.active for each in below):
            sweeps.change(work.connection, row.key, active=False, ended_at=work.now)
            end(work, run, states.CANCELED)
            work.announce(subject_topic(sweep))
        return True

    return system.write(write)


@dataclass
class _Step:
    """One step of one sweep, with what was read for it."""

    system: System
    row: SweepRow
    run: RunRow
    study: Study
    seen: sweep_news.Seen
    hopeless: str = ""
    has_ended: bool = False

    def take(self) -> int | None:
        now = self.system.clock.now_us()
        news = sweep_news.take_in(self.study, self.seen, now)
        self.hopeless = news.hopeless
        if news:
            self._write(lambda work: self._note(work, news))
            for trial in news.ended:
                self.study.tell(trial)
        self._expire(now)
        why = self._drained(now)
        if why is not None and why.now:
            self._cancel_open(why)
        begun = 0
        if self.study.prepared and self.row.reason == PREPARING:
            self._tell_prepared()
        if why is None and not self.row.paused:
            begun = self._begin()
            # The sampler may have said that there is nothing more.
            why = self._drained(now)
        self._explain(why)
        sweep_log.deliver(self.system, self.row.subject, self.study.log)
        if why is not None and not self.study.open:
            self._end(why)
            return None
        # There may be room for more, but others of the loop come in between.
        if begun == BATCH:
            self.system.notices.changed(work_topic(self.row.subject))
        return self._due()

    def _drained(self, now: int) -> Drained | None:
        if self.hopeless:
            text = f"the environment cannot be made: {self.hopeless}"
            return Drained(text, now=True, failed=True)
        found = sweep_end.drained(self.study, self.row, self.run, now)
        if found is None and self.row.ended_at is not None:
            # So it was decided, before the service was killed.
            return Drained(self.row.reason)
        return found

    def _note(self, work: Work, news: News) -> None:
        """Write down what the trials have done, and what the policy says to it."""
        key, row = self.row.key, self.row
        sweeps.change_trials(work.connection, key, list(news.changed.values()))
        sweeps.add_reports(work.connection, key, self.study.reported, news.reports)
        self.study.reported += len(news.reports)
        best = None if self.study.best is None else self.study.best[1]
        sweeps.change(
            work.connection,
            key,
            counts=dict(self.study.counts),
            best=best,
            front=self._front(),
        )
        for trial in news.stopped:
            child = runs.by_key(work.connection, trial.run_key or 0)
            if child is not None:
                canceling.cancel(work, child, trial.reason)
        if news.best and self.row.active and self.study.spec.hyperdrive:
            sweep_log.show_best(work, row.run_key, self.study.spec, self._best())
        sweep_log.write(work, row.subject, self._lines(news))
        self._warn(work, news)

    def _lines(self, news: News) -> list[EventDraft]:
        lines = [
            sweep_log.line(
                sweep_log.ENFORCER,
                f"Job '{self._called(trial)}' is stopped by the policy: {trial.reason}",
            )
            for trial in news.stopped
        ]
        for trial in news.ended:
            shown = "no value" if not trial.results else ", ".join(map(str, trial.results))
            why = f": {trial.reason}" if trial.reason else ""
            lines.append(
                sweep_log.line(
                    sweep_log.CONTROLLER,
                    f"Job '{self._called(trial)}' has ended as {trial.state}, best "
                    f"{self.study.spec.objectives[0].name} {shown}{why}",
                )
            )
        lines += [
            sweep_log.line(sweep_log.CONTROLLER, self._silence(trial, names), sweep_log.WARNING)
            for trial, names in news.silent
        ]
        return lines

    def _silence(self, trial: TrialRow, names: list[str]) -> str:
        """That a child does not log the metric, with what it does log."""
        metric = self.study.spec.objectives[0].name
        text = f"Job '{self._called(trial)}' {_SILENT} {metric!r}"
        if not names:
            return f"{text}, nor any other: it needs run.log({metric!r}, value)"
        near = suggest(metric, names, "").sentence
        return f"{text} but others: {near}. The name must match exactly"

    def _warn(self, work: Work, news: News) -> None:
        """Warn on the sweep's run, once of each kind: a run may have hundreds of children."""
        texts = self.study.new_warnings()
        doubts = [sweep_log.line(sweep_log.ENFORCER, text, sweep_log.WARNING) for text in texts]
        sweep_log.write(work, self.row.subject, doubts)
        if news.silent and not any(_SILENT in text for text in self.run.warnings):
            texts.append(self._silence(*news.silent[0]))
        study.warn(work, self.row.run_key, texts)

    def _expire(self, now: int) -> None:
        """Take trials back of clients that are gone; others make them, with the same numbers."""
        for name, client in list(self.study.clients.items()):
            if now - client.heard > _LEASE:
                del self.study.clients[name]
                self.study.stock += [
                    each.number
                    for each in self.study.open.values()
                    if each.client == name and each.number not in self.study.stock
                ]

    def _cancel_open(self, why: Drained) -> None:
        """Have the open trials end, each time until they have."""
        if self.study.in_process:
            self._end_in_process(why)
            return
        keys = list(self.study.runs)

        def write(work: Work) -> None:
            for row in runs.find_many(work.connection, keys):
                canceling.cancel(work, row, why.reason)

        # This is asked with each step until all have ended, and most steps need no write.
        if any(self._is_to_cancel()):
            self._write(write)

    def _is_to_cancel(self) -> Iterator[bool]:
        rows = self.system.read(lambda work: runs.find_many(work.connection, list(self.study.runs)))
        return (row.active and not row.cancel_requested for row in rows)

    def _end_in_process(self, why: Drained) -> None:
        ended = list(self.study.open.values())
        now = self.system.clock.now_us()
        for trial in ended:
            trial.ended_at, trial.reason = now, why.reason
            self.study.end(trial, protocol.CANCELED)
        self.study.stock.clear()

        def write(work: Work) -> None:
            sweeps.change_trials(work.connection, self.row.key, ended)
            sweeps.change(work.connection, self.row.key, counts=dict(self.study.counts))

        if ended:
            self._write(write)

    def _begin(self) -> int:
        """Begin trials while there is room; give how many."""
        if self.study.in_process:
            return 0
        children: list[trials.Child] = []
        taken, now = self.row.taken, self.system.clock.now_us()
        # What is begun takes room, so the room is worked out anew for each.
        while len(children) < BATCH and self._room() > 0:
            drawn = self.study.draw(self.row.queue[taken:])
            if drawn is None:
                break
            taken += drawn.queued
            child = trials.prepare(self.row, self.run, self.study.spec, drawn, now)
            self.study.begin(child.trial, drawn=drawn.by_sampler)
            children.append(child)
        if children:
            self.row = trials.begin(self.system, self.row, self.study, children, taken)
        return len(children)

    def _room(self) -> int:
        """How many trials may begin now."""
        running = len(self.study.open)
        room = BATCH if self.row.parallel is None else self.row.parallel - running
        if self.row.max_trials is not None:
            room = min(room, self.row.max_trials - self.study.next_number)
        # The first finds out whether the environment can be made, and makes it for all.
        return room if self.study.prepared else min(room, 1 - running)

    def _tell_prepared(self) -> None:
        text = "The execution environment was successfully prepared."

        def write(work: Work) -> None:
            sweeps.change(work.connection, self.row.key, reason="")
            lines = [sweep_log.line(sweep_log.SCHEDULER, text)]
            sweep_log.write(work, self.row.subject, lines)

        self._write(write)
        self.row = replace(self.row, reason="")

    def _explain(self, why: Drained | None) -> None:
        """Write down what the sweep waits for, where that has changed."""
        found = [why.reason if why is not None else self._reason(), self._left_behind()]
        reason = "; ".join(filter(None, found))
        if reason == self.row.reason:
            return
        self._write(lambda work: sweeps.change(work.connection, self.row.key, reason=reason))

    def _reason(self) -> str:
        running = len(self.study.open)
        if self.row.paused:
            return "paused: no trial begins before it is told to go on"
        if not self.study.prepared and not self.study.in_process:
            return PREPARING
        if self.row.parallel is not None and running >= self.row.parallel:
            return f"{running} of {self.row.parallel} at once running; next when one ends"
        return self.study.waits_for() or ""

    def _left_behind(self) -> str:
        left = len(self.study.stock)
        many = f"{left} trial{'s' * (left != 1)}"
        return f"{many} of processes that are gone wait for another" if left else ""

    def _end(self, why: Drained) -> None:
        """End the sweep: its log first, for who follows the run stops at its end."""
        status = sweep_end.status_of(self.study, self.run, why)
        if self.row.ended_at is None:
            self._write(lambda work: self._decide(work, why, status))
            sweep_log.deliver(self.system, self.row.subject, self.study.log)
        seal(self.system, self.run)

        def write(work: Work) -> None:
            sweeps.change(work.connection, self.row.key, active=False)
            sweeps.forget_clients(work.connection, self.row.key)
            run = runs.by_key(work.connection, self.row.run_key)
            assert run is not None
            error = None
            if status == states.FAILED:
                error = sweep_end.error_of(work, self.row, self.study, why.over or why.reason)
            end(work, run, status, error)
            work.announce(subject_topic(self.row.subject))

        self._write(write)
        self.has_ended = True
        # Last: should the end not have been written, further trials still inherit from it.
        run_folders.discard(self.system.home.run(self.row.id))

    def _decide(self, work: Work, why: Drained, status: str) -> None:
        """Write down how the sweep is about to end."""
        reason = why.over or why.reason
        sweeps.change(work.connection, self.row.key, ended_at=work.now, reason=reason)
        shown = self.study.spec.hyperdrive and self.study.best is not None
        if shown:
            sweep_log.show_final(work, self.row.run_key, self.study.spec, self._best())
        lines = [
            sweep_log.line(sweep_log.GENERATOR, f"No more jobs are made: {reason}."),
            sweep_log.line(
                sweep_log.CONTROLLER,
                f"Experiment was 'ExperimentStatus.RUNNING', is 'ExperimentStatus."
                f"{_V1_STATUS[status]}'.",
            ),
        ]
        sweep_log.write(work, self.row.subject, lines)

    def _due(self) -> int | None:
        """When time itself changes something."""
        found = [client.heard + _LEASE + 1 for client in self.study.clients.values()]
        if self.row.max_duration_seconds is not None:
            found.append(self.row.created_at + int(self.row.max_duration_seconds * SECOND))
        return min(found, default=None)

    def _best(self) -> tuple[str, float]:
        assert self.study.best is not None
        value, number = self.study.best
        return trials.child_id(self.row.id, number), value

    def _front(self) -> list[int]:
        return [] if self.study.single else self.study.front.numbers()

    def _called(self, trial: TrialRow) -> str:
        return trials.child_id(self.row.id, trial.number)

    def _write(self, act: Callable[[Work], None]) -> None:
        self.system.write(act)
