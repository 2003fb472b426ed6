"""The sweeps that show the studies of a journal, as a piece of a replay changes them.

Only what the piece is about is read, whatever the size of the studies, and what it has changed is
written in one go. Counts, the best and the front are kept on the sweep's row as everywhere.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from runyard.protocol import sweeps as protocol
from runyard.protocol.sweeps import Objective, SamplerSpec, SweepSpec
from runyard_server.core.notices import subject_topic
from runyard_server.core.work import Work
from runyard_server.execution.study import better_of, finite, spec_of
from runyard_server.store import journal_sweeps, journals, sweeps
from runyard_server.store.journals import JournalRow
from runyard_server.store.sweeps import Report, SweepRow, TrialRow
from runyard_server.tuning.front import Front

OPTUNA = "optuna"
_MANY = 500


@dataclass
class ShownStudy:
    """A study as the sweep that shows it.

    Args:
        row: The sweep's row as it was read; one that is new has the key 0.
        spec: What the study is known to be by now.
        front: Of several objectives, the trials that no other beats.
        next_number: The number of the next trial.
        counts: How many trials there are, by state.
        best: Value and number of the best, of one objective.
        trials: The trials that the piece is about, by number.
        changed: Those of them that are different now.
        reports: What trials have reported.
        ended_at: When the last trial has ended.
    """

    row: SweepRow
    spec: SweepSpec
    front: Front
    next_number: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    best: tuple[float, int] | None = None
    trials: dict[int, TrialRow] = field(default_factory=dict)
    changed: dict[int, TrialRow] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    ended_at: int | None = None

    def move(self, trial: TrialRow, state: str) -> None:
        """Count a trial under another state."""
        self.counts[trial.state] = self.counts.get(trial.state, 0) - 1
        self.counts[state] = self.counts.get(state, 0) + 1
        trial.state = state
        self.changed[trial.number] = trial

    def report(self, trial: TrialRow, step: int, value: float) -> None:
        """Take in a value on the way.

        Args:
            trial: The trial.
            step: Where it was.
            value: The value.
        """
        trial.last, trial.position = value, step
        if len(self.spec.objectives) == 1 and finite([value]):
            trial.best = better_of(self.spec.objectives[0], trial.best, value)
        self.reports.append(Report(trial.number, step, value))
        self.changed[trial.number] = trial

    def end(self, trial: TrialRow, state: str, values: Sequence[float | None], at: int) -> None:
        """End a trial.

        Args:
            trial: The trial.
            state: How it has ended.
            values: Its values, one for each objective, none where it has none.
            at: Microseconds since 1970.
        """
        self.move(trial, state)
        trial.results = [None if value is None else float(value) for value in values]
        trial.ended_at = self.ended_at = at
        known = finite(trial.results)
        if known is None:
            return
        if len(self.spec.objectives) == 1:
            trial.last = known[0] if trial.last is None else trial.last
            trial.best = better_of(self.spec.objectives[0], trial.best, known[0])
        if state == protocol.COMPLETED and len(known) == len(self.spec.objectives):
            self._rank(trial.number, known)

    def _rank(self, number: int, values: tuple[float, ...]) -> None:
        if len(self.spec.objectives) > 1:
            self.front.add(number, values)
            return
        best = None if self.best is None else self.best[0]
        if better_of(self.spec.objectives[0], best, values[0]) != best:
            self.best = (values[0], number)


class ShownStudies:
    """What a piece of a replay sees of a journal, and what it makes of it.

    Args:
        work: A unit of work that reads.
        journal: The journal.
        trials: The journal's numbers of the trials that the piece is about.
    """

    def __init__(self, work: Work, journal: JournalRow, trials: Iterable[int]) -> None:
        self.now = work.now
        self.journal = journal
        self.next_study, self.next_trial = journal.next_study, journal.next_trial
        self._connection = work.connection
        self._keys = journal_sweeps.studies(work.connection, journal.key)
        self._names = {name for _, name in self._keys.values()}
        self._studies: dict[int, ShownStudy] = {}
        self._gone: list[SweepRow] = []
        self._begun: dict[int, tuple[ShownStudy, int]] = {}
        self._places = self._placed(sorted(set(trials)))

    def is_taken(self, name: str) -> bool:
        """Whether a study has this name."""
        return name in self._names

    def begin_study(self, name: str, objectives: list[Objective]) -> None:
        """Take a new study in."""
        spec = SweepSpec(self.journal.name, [], objectives, SamplerSpec(OPTUNA), max_failures=0)
        row = SweepRow(
            key=0,
            workspace=self.journal.workspace,
            id=f"{self.journal.name}_{uuid.uuid4()}",
            run_key=0,
            experiment=self.journal.name,
            spec="",
            created_at=self.now,
            name=name,
            journal_key=self.journal.key,
            study=self.next_study,
        )
        self._studies[self.next_study] = ShownStudy(row, spec, Front(objectives))
        self._names.add(name)
        self.next_study += 1

    def delete_study(self, study: int) -> None:
        """Drop a study; its trials keep their numbers."""
        found = self.study(study)
        if found is not None:
            self._gone.append(found.row)
            self._names.discard(found.row.name or "")
            del self._studies[study]
            self._keys.pop(study, None)

    def study(self, study: int) -> ShownStudy | None:
        """The study of this number, None if there is none (any more)."""
        if study not in self._studies and study in self._keys:
            self._studies[study] = self._read(self._keys[study][0])
        return self._studies.get(study)

    def begin_trial(self, study: ShownStudy, trial: TrialRow) -> None:
        """Take a new trial in, which gets its number."""
        trial.number = study.next_number
        study.next_number += 1
        study.counts[trial.state] = study.counts.get(trial.state, 0) + 1
        study.trials[trial.number] = study.changed[trial.number] = trial
        self._begun[self.next_trial] = (study, trial.number)
        self.next_trial += 1

    def trial(self, trial: int) -> tuple[ShownStudy, TrialRow] | None:
        """The trial of this number of the journal with its study, None if that is gone."""
        found = self._begun.get(trial)
        if found is None:
            place = self._places.get(trial)
            study = None if place is None else self._by_key(place[0])
            if place is None or study is None:
                return None
            found = (study, place[1])
        study, number = found
        if study.row in self._gone:
            return None
        if number not in study.trials:
            row = sweeps.trial(self._connection, study.row.key, number)
            if row is None:
                return None
            study.trials[number] = row
        return study, study.trials[number]

    def write(self, work: Work, shown: int) -> None:
        """Write down what the piece has changed, and that `shown` entries are shown."""
        connection = work.connection
        for row in self._gone:
            if row.key:
                journal_sweeps.remove(connection, row.key)
        keys = {id(study): self._put(work, study) for study in self._studies.values()}
        places = {
            trial: (keys[id(study)], number)
            for trial, (study, number) in self._begun.items()
            if id(study) in keys
        }
        journals.add_trials(connection, self.journal.key, places)
        journals.change(
            connection,
            self.journal.key,
            shown=shown,
            next_study=self.next_study,
            next_trial=self.next_trial,
        )

    def _placed(self, trials: Sequence[int]) -> dict[int, tuple[int, int]]:
        found: dict[int, tuple[int, int]] = {}
        for start in range(0, len(trials), _MANY):
            some = trials[start : start + _MANY]
            found.update(journals.places(self._connection, self.journal.key, some))
        return found

    def _by_key(self, key: int) -> ShownStudy | None:
        study = next((study for study, (each, _) in self._keys.items() if each == key), None)
        return None if study is None else self.study(study)

    def _read(self, key: int) -> ShownStudy:
        row = journal_sweeps.by_key(self._connection, key)
        numbers = [*row.front, *([] if row.best is None else [row.best])]
        ranked = {
            trial.number: values
            for trial in journal_sweeps.some_trials(self._connection, key, numbers)
            if (values := finite(trial.results)) is not None
        }
        best = None if row.best is None else (ranked[row.best][0], row.best)
        spec = spec_of(row)
        front = Front(spec.objectives)
        for number in row.front:
            front.add(number, ranked[number])
        counts = dict(row.counts)
        return ShownStudy(row, spec, front, row.next_number, counts, best, ended_at=row.ended_at)

    def _put(self, work: Work, study: ShownStudy) -> int:
        active = study.counts.get(protocol.RUNNING, 0) > 0
        row = replace(
            study.row,
            spec=msgspec.json.encode(study.spec).decode(),
            next_number=study.next_number,
            counts=study.counts,
            best=None if study.best is None else study.best[1],
            front=study.front.numbers(),
            active=active,
            ended_at=None if active else study.ended_at or study.row.created_at,
        )
        connection, key = work.connection, row.key or sweeps.add(work.connection, row)
        if row.key:
            names = ("spec", "next_number", "counts", "best", "front", "active", "ended_at")
            sweeps.change(connection, key, **{name: getattr(row, name) for name in names})
        journal_sweeps.put_trials(connection, key, list(study.changed.values()))
        first = sweeps.report_count(connection, key)
        sweeps.add_reports(connection, key, first, study.reports)
        work.announce(subject_topic(row.subject))
        return key
