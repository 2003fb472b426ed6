"""Trials that processes of their own make: results in, new trials out, in one exchange.

All that an exchange changes is one write of a few statements, whatever it brings, and the answer
is given when that is on disk. A repeat of the last exchange of a client gets the same answer, so
one whose answer was lost loses nothing and doubles nothing.
"""

from dataclasses import dataclass, field
from math import isfinite, nan

import msgspec

from runyard.protocol import sweeps as protocol
from runyard.protocol.errors import Conflict, InvalidRequest, WrongState
from runyard.protocol.sweeps import AskedTrial, Exchange, Exchanged, Reported, Told, TrialVerdict
from runyard_server.core.lookups import own_sweep_row
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import study as studies
from runyard_server.execution import sweep_end
from runyard_server.execution.study import Client, Study, stopped_state, warn
from runyard_server.execution.sweep_end import Drained
from runyard_server.execution.trials import given_as
from runyard_server.store import runs, sweeps
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import SWEEP, Subject
from runyard_server.store.sweeps import PAUSE, STOP, Report, SweepRow, TrialRow

MOST = 10_000
"""How many trials one exchange may ask for."""

_ANSWER = msgspec.json.Decoder(Exchanged)
_LONGEST_CLIENT = 200
_LARGEST = 1 << 63


def exchange(system: System, workspace: str, sweep: str, body: Exchange) -> Exchanged:
    """Take results of a client in and give it new trials; the answer is on disk.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.
        body: What is told and asked for.

    Raises:
        NotFound: There is no such sweep.
        WrongState: Its trials are runs, so no process makes them by itself.
        Conflict: The exchange is older than the client's last one.
        InvalidRequest: A trial that was never given is told of.
    """
    _check(body)
    subject = Subject(SWEEP, workspace, sweep)
    with system.studies.held(subject) as place:

        def read(work: Work) -> tuple[SweepRow, RunRow, Study]:
            row = own_sweep_row(work, workspace, sweep)
            run = runs.by_key(work.connection, row.run_key)
            assert run is not None
            return row, run, place.study or studies.make(work, row)

        row, run, study = system.read(read)
        if not study.in_process:
            raise WrongState(f"the trials of sweep {sweep} are runs: no process makes them itself")
        place.study = study if row.active else None
        return _Exchanging(system, row, run, study, body).answer()


def _check(body: Exchange) -> None:
    if not 0 < len(body.client) <= _LONGEST_CLIENT or body.sequence < 1:
        raise InvalidRequest(
            f"an exchange needs the client's name (1 to {_LONGEST_CLIENT} characters) and a "
            "sequence from 1"
        )
    if not 0 <= body.ask <= MOST:
        raise InvalidRequest(f"ask is {body.ask}; use 0 to {MOST}")
    numbers = [body.sequence, *(each.ended_at for each in body.told)]
    numbers += [each.step for each in body.reported]
    wrong = next((each for each in numbers if not -_LARGEST <= each < _LARGEST), None)
    if wrong is not None:
        raise InvalidRequest(f"{wrong} is too large for a step, a time or a sequence: 64 bits")


@dataclass
class _Exchanging:
    """One exchange of one client."""

    system: System
    row: SweepRow
    run: RunRow
    study: Study
    body: Exchange
    changed: dict[int, TrialRow] = field(default_factory=dict)
    ended: list[TrialRow] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    verdicts: list[TrialVerdict] = field(default_factory=list)
    begun: list[TrialRow] = field(default_factory=list)
    asked: list[TrialRow] = field(default_factory=list)
    taken: int = 0

    def answer(self) -> Exchanged:
        now = self.system.clock.now_us()
        known = self._client()
        if known is not None and known.sequence >= self.body.sequence:
            return self._repeat(known, now)
        if not self.row.active:
            return Exchanged(ended=True, reason=self.row.reason, over=True)
        self.taken = self.row.taken
        # All is looked at before anything changes: a refused exchange leaves the study as it is.
        self._refuse_unknown()
        for report in self.body.reported:
            self._report(report, now)
        for told in self.body.told:
            self._tell(told, now)
        self._take_back()
        for trial in self.ended:
            self.study.tell(trial)
        why = sweep_end.drained(self.study, self.row, self.run, now)
        if why is None or not why.now:
            self._hand_out(now, draws=why is None and not self.row.paused)
            why = sweep_end.drained(self.study, self.row, self.run, now)
        answer = self._answered(why)
        self._write(answer, now)
        # By a new client, whose lease it watches, and by the end: exchanges come hundreds a second.
        if known is None or (why is not None and not self.study.open) or (why and why.now):
            self.system.notices.changed(work_topic(self.row.subject))
        return answer

    def _client(self) -> Client | None:
        known = self.study.clients.get(self.body.client)
        if known is not None:
            return known
        # Its lease may be over; what it was answered is kept until the sweep has ended.
        found = self.system.read(
            lambda work: sweeps.client(work.connection, self.row.key, self.body.client)
        )
        return None if found is None else Client(*found, heard=0)

    def _repeat(self, known: Client, now: int) -> Exchanged:
        if known.sequence > self.body.sequence:
            raise Conflict(
                f"exchange {self.body.sequence} of client {self.body.client!r} came after "
                f"{known.sequence}: each process needs a name of its own"
            )
        if self.row.active:
            known.heard = now
            self.study.clients[self.body.client] = known
        return _ANSWER.decode(known.answer)

    def _refuse_unknown(self) -> None:
        told = [each.number for each in self.body.told]
        told += [each.number for each in self.body.reported]
        wrong = [n for n in told if not 0 <= n < self.study.next_number]
        if wrong:
            raise InvalidRequest(
                f"trial {wrong[0]} of sweep {self.row.id} was never given: "
                f"there are {self.study.next_number}, from 0"
            )

    def _report(self, report: Reported, now: int) -> None:
        trial = self.study.open.get(report.number)
        if trial is None:
            return
        value = nan if report.value is None else report.value
        self.reports.append(Report(report.number, report.step, value))
        verdict = self.study.report(trial, report.step, value)
        self.changed[trial.number] = trial
        if verdict is None:
            return
        trial.verdict = PAUSE if verdict.pause else STOP
        trial.reason = verdict.reason
        if trial.best is not None:
            trial.results = [trial.best]
        self.verdicts.append(TrialVerdict(trial.number, trial.reason))
        self._end(trial, stopped_state(trial), now, now)

    def _tell(self, told: Told, now: int) -> None:
        trial = self.study.open.get(told.number)
        if trial is None:
            # Told before, stopped by the policy, or made by another process meanwhile.
            return
        values, wanted = told.values or [], len(self.study.spec.objectives)
        fault = told.error or _fault(values, wanted)
        if fault:
            trial.reason = fault
            self._end(trial, protocol.FAILED, told.ended_at or now, now)
            return
        trial.results = list(values)
        if self.study.single:
            goal = self.study.spec.objectives[0]
            trial.last, trial.best = values[0], studies.better_of(goal, trial.best, values[0])
        self._end(trial, protocol.COMPLETED, told.ended_at or now, now)

    def _end(self, trial: TrialRow, state: str, ended: int, now: int) -> None:
        # A client's clock may be wrong, and of a time beyond all dates no list could tell.
        trial.ended_at = min(max(ended, trial.started_at), max(now, trial.started_at))
        self.study.end(trial, state)
        self.study.rank(trial)
        self.changed[trial.number] = trial
        self.ended.append(trial)

    def _take_back(self) -> None:
        mine = self.study.open if self.body.leaves else self.body.returned
        for number in mine:
            trial = self.study.open.get(number)
            if trial is not None and trial.client == self.body.client:
                trial.client = None
                self.changed[number] = trial
                self.study.stock.append(number)

    def _hand_out(self, now: int, *, draws: bool) -> None:
        """Hand out what other processes have left, then what is drawn."""
        # What others have left comes first: samplers may wait for just these.
        while self.study.stock and len(self.asked) < self.body.ask:
            trial = self.study.open.get(self.study.stock.pop(0))
            if trial is not None:
                trial.client = self.body.client
                self.changed[trial.number] = trial
                self.asked.append(trial)
        while draws and len(self.asked) < self.body.ask and self._room():
            drawn = self.study.draw(self.row.queue[self.taken :])
            if drawn is None:
                return
            self.taken += drawn.queued
            trial = TrialRow(
                drawn.number,
                protocol.RUNNING,
                drawn.params,
                now,
                client=self.body.client,
                from_trial=drawn.from_trial,
            )
            self.study.begin(trial, drawn=drawn.by_sampler)
            self.begun.append(trial)
            self.asked.append(trial)

    def _room(self) -> bool:
        most = self.row.max_trials
        if most is not None and self.study.next_number >= most:
            return False
        return self.row.parallel is None or len(self.study.open) < self.row.parallel

    def _answered(self, why: Drained | None) -> Exchanged:
        others = any(each.client != self.body.client for each in self.study.open.values())
        ended = why is not None and not others and not self.asked
        reason = ""
        if len(self.asked) < self.body.ask or (why is not None and why.now):
            reason = why.reason if why is not None else self._waiting()
        spec = self.study.spec
        given = [AskedTrial(each.number, given_as(spec, each.params)) for each in self.asked]
        over = why is not None and why.now
        return Exchanged(given, self.verdicts, ended or over, reason, over)

    def _front(self) -> list[int]:
        return [] if self.study.single else self.study.front.numbers()

    def _waiting(self) -> str:
        if self.row.paused:
            return "the sweep is paused"
        if not self._room():
            return f"{len(self.study.open)} of {self.row.parallel} at once running"
        return self.study.waits_for() or ""

    def _write(self, answer: Exchanged, now: int) -> None:
        """Write all down at once; begun trials among the changed are added as they are now."""
        study, body, key = self.study, self.body, self.row.key
        fresh = {each.number for each in self.begun}
        changed = [each for each in self.changed.values() if each.number not in fresh]
        text = msgspec.json.encode(answer).decode()
        best = None if study.best is None else study.best[1]
        warnings = study.new_warnings()

        def write(work: Work) -> None:
            connection = work.connection
            sweeps.change_trials(connection, key, changed)
            sweeps.add_trials(connection, key, self.begun)
            sweeps.add_reports(connection, key, study.reported, self.reports)
            sweeps.put_client(connection, key, body.client, body.sequence, text)
            sweeps.change(
                connection,
                key,
                taken=self.taken,
                next_number=study.next_number,
                counts=dict(study.counts),
                best=best,
                front=self._front(),
            )
            warn(work, self.row.run_key, warnings)

        self.system.write(write)
        study.reported += len(self.reports)
        if body.leaves:
            study.clients.pop(body.client, None)
        else:
            study.clients[body.client] = Client(body.sequence, text, now)


def _fault(values: list[float], wanted: int) -> str:
    """Why values are no result, "" where they are."""
    if not values:
        return "it has told no value"
    if len(values) != wanted:
        return f"it has told {len(values)} values, and there are {wanted} objectives"
    if not all(map(isfinite, values)):
        return f"it has told {values[0] if len(values) == 1 else values}, which is no number"
    return ""
