"""Each reconciler that is shipped keeps the contract, and so does one as a newcomer writes it."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from runyard.protocol.compute import CreateCompute
from runyard.protocol.journals import AppendEntries, JournalQuery
from runyard.protocol.runs import TERMINAL
from runyard.protocol.sweeps import SweepQuery
from runyard_server.core.idempotency import DAY
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.operations import compute, journals, runs, sweeps
from runyard_server.scheduler.cleanup import Cleanup
from runyard_server.scheduler.clusters import ClusterReconciler
from runyard_server.scheduler.journals import JournalReconciler
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.scheduler.runs import RunReconciler
from runyard_server.store import idempotency
from runyard_server.store.subjects import CLUSTER, JOURNAL, RUN, Subject
from runyard_server.testing.reconciler_contract import ReconcilerContract
from runyard_server.testing.yard import W, Yard


class OfYard(ReconcilerContract):
    """What the contract needs of a service whose backend and environments are moved by hand."""

    yard: Yard

    def make_system(self, folder: Path) -> System:
        self.yard = Yard(folder / "home")
        return self.yard.system

    def clean_up(self, _system: System) -> None:
        self.yard.close()


class TestRuns(OfYard):
    def make_reconciler(self, system: System, token: str) -> Reconciler:
        return RunReconciler(system, self.yard.environments, lambda _, __: 0, token)

    def want(self, _system: System) -> Subject:
        return Subject(RUN, W, self.yard.submit(pip="numpy"))

    def is_done(self, _system: System, subject: Subject) -> bool:
        handle = f"{subject.id}/0/1/job"
        if handle in self.yard.engine.agents and self.yard.get(subject.id).status not in TERMINAL:
            self.yard.finish(subject.id)
        launched = [plan for plan in self.yard.engine.plans if plan.run == subject.id]
        return self.yard.get(subject.id).status == "Completed" and len(launched) == 1

    def state(self, system: System) -> object:
        found = runs.list_(system, W, runs.RunQuery(include_children=True)).items
        return [(run.id, run.status, self.yard.messages(run.id)) for run in found]


class TestClusters(OfYard):
    def make_reconciler(self, system: System, _token: str) -> Reconciler:
        return ClusterReconciler(system)

    def want(self, system: System) -> Subject:
        name = f"cluster-{len(compute.list_(system, W).items)}"
        body = CreateCompute(name, "STANDARD_D2_V2", min_nodes=2, max_nodes=3)
        compute.create(system, W, body=body)
        return Subject(CLUSTER, W, name)

    def is_done(self, system: System, subject: Subject) -> bool:
        return len(compute.nodes(system, W, subject.id).items) == 2

    def state(self, system: System) -> object:
        return compute.list_(system, W)


class TestJournals(OfYard):
    """Each journal gets a study, and then a trial."""

    def make_reconciler(self, system: System, _token: str) -> Reconciler:
        return JournalReconciler(system)

    def want(self, system: System) -> Subject:
        name = f"j{len(journals.list_(system, W, JournalQuery()).items)}"
        study = '{"op_code": 0, "study_name": "s", "directions": [1]}'
        trial = '{"op_code": 4, "study_id": 0, "datetime_start": null}'
        journals.append(system, W, name, AppendEntries("c", 1, [study]))
        journals.append(system, W, name, AppendEntries("c", 2, [trial]))
        return Subject(JOURNAL, W, name)

    def is_done(self, system: System, subject: Subject) -> bool:
        found = sweeps.list_(system, W, SweepQuery(experiment=subject.id)).items
        return [sweep.counts for sweep in found] == [{"running": 1}]

    def state(self, system: System) -> object:
        return sweeps.list_(system, W, SweepQuery())


class TestCleanup(OfYard):
    """First the folders are to be looked through, then answers are there from two days ago."""

    FOLDERS, ANSWERS = Subject("cleanup", "", "folders"), Subject("cleanup", "", "answers")

    def make_system(self, folder: Path) -> System:
        self.begun, self.swept = False, False
        return super().make_system(folder)

    def make_reconciler(self, system: System, _token: str) -> Reconciler:
        return Cleanup(system, folders=lambda: setattr(self, "swept", self.begun))

    def want(self, system: System) -> Subject:
        subject = self.ANSWERS if self.begun else self.FOLDERS
        if self.begun:
            old = system.clock.now_us() - 2 * DAY
            key = f"key-{time.monotonic_ns()}"
            system.write(lambda work: idempotency.keep(work.connection, key, "body", "{}", old))
        self.begun = True
        system.notices.changed(work_topic(subject))
        return subject

    def is_done(self, system: System, subject: Subject) -> bool:
        before = system.clock.now_us() - DAY
        old = system.read(lambda work: idempotency.has_older(work.connection, before))
        return self.swept if subject == self.FOLDERS else not old

    def state(self, system: System) -> object:
        return self.swept, self.is_done(system, self.ANSWERS)


class Doubler(Reconciler):
    """Of each file that has a number a second one with twice of it is wanted."""

    kind = "number"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def subjects(self) -> Iterable[Subject]:
        return [Subject(self.kind, "", file.stem) for file in self._folder.glob("*.wanted")]

    def observe(self) -> Iterable[Subject]:
        return ()

    def reconcile(self, subjects: Sequence[Subject]) -> None:
        for subject in subjects:
            wanted = self._folder / f"{subject.id}.wanted"
            if wanted.exists():
                text = str(2 * int(wanted.read_text()))
                (self._folder / f"{subject.id}.done").write_text(text)


class TestOfANewcomer(OfYard):
    def make_reconciler(self, system: System, _token: str) -> Reconciler:
        return Doubler(system.home.root)

    def want(self, system: System) -> Subject:
        number = len(list(system.home.root.glob("*.wanted")))
        (system.home.root / f"{number}.wanted").write_text(str(number))
        subject = Subject("number", "", str(number))
        system.notices.changed(work_topic(subject))
        return subject

    def is_done(self, system: System, subject: Subject) -> bool:
        done = system.home.root / f"{subject.id}.done"
        return done.exists() and done.read_text() == str(2 * int(subject.id))

    def state(self, system: System) -> object:
        return sorted(file.name for file in system.home.root.glob("*.*"))
