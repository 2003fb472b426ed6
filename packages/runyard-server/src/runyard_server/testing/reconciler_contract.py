"""What every reconciler must do, as tests.

Derive a class from `ReconcilerContract`, fill in the first five methods, and pytest runs the rest:

    class TestSweepReconciler(ReconcilerContract):
        def make_system(self, folder): return ...
        def make_reconciler(self, system, token): return SweepReconciler(system, token)
        ...

A service that is killed is played by leaving a reconciler where it stands and making another one,
with another token, over the same database.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from runyard_server.core import leases
from runyard_server.core.system import System
from runyard_server.scheduler.loop import Loop
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.store.subjects import Subject

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.05
_FEW = 3
_KILLS = 12


class ReconcilerContract:
    """The contract; `folder` is a fresh folder for each test."""

    def make_system(self, folder: Path) -> System:
        """Make the service's parts in a folder."""
        raise NotImplementedError

    def make_reconciler(self, system: System, token: str) -> Reconciler:
        """Make a reconciler as a process that has just started would."""
        raise NotImplementedError

    def want(self, system: System) -> Subject:
        """Write down, as a request would, something for the reconciler to make true.

        The first call and the second must be about different subjects.
        """
        raise NotImplementedError

    def is_done(self, system: System, subject: Subject) -> bool:
        """Whether it is true."""
        raise NotImplementedError

    def state(self, system: System) -> object:
        """What the reconciler has brought about, in a form that can be compared; all of it."""
        raise NotImplementedError

    def clean_up(self, system: System) -> None:
        """End whatever a test left."""
        system.records.close()

    def test_what_is_wanted_comes_true(self, tmp_path: Path) -> None:
        """Both what was there before the loop and what comes while it runs."""
        with self._parts(tmp_path) as system:
            before = self.want(system)
            with self._driven(system, self.make_reconciler(system, "one")):
                assert self._come_true(system, [before])
                assert self._come_true(system, [self.want(system)])

    def test_a_turn_for_nothing_changes_nothing(self, tmp_path: Path) -> None:
        """Wake-ups may come twice, late, or about what is not there."""
        with self._parts(tmp_path) as system:
            subject = self.want(system)
            with self._driven(system, self.make_reconciler(system, "one")):
                assert self._come_true(system, [subject])
            before = self.state(system)
            again = self.make_reconciler(system, "two")
            nobody = Subject(again.kind, subject.workspace, "no-such-subject")
            for subjects in ([subject], [subject, nobody], [nobody], []):
                again.reconcile(subjects)
            again.close()
            assert self.state(system) == before

    def test_another_takes_over(self, tmp_path: Path) -> None:
        """Killed after any number of steps, it is followed by one that comes to the same end."""
        with self._parts(tmp_path) as system:
            wanted = [self.want(system) for _ in range(_FEW)]
            left = []
            for kill in range(_KILLS):
                # Each takes over from one that was left in the middle of what it did.
                leases.take_over(system)
                left.append(self.make_reconciler(system, f"killed-{kill}"))
                for _ in range(kill % _FEW):
                    left[-1].observe()
                    left[-1].reconcile(sorted(left[-1].subjects()))
            with self._driven(system, self.make_reconciler(system, "last")):
                assert self._come_true(system, wanted)
            for each in left:
                each.close()

    def test_no_wake_up_is_lost(self, tmp_path: Path) -> None:
        """What is wanted while a turn is under way is seen by the next one."""
        with self._parts(tmp_path) as system:
            meanwhile: list[Subject] = []

            def interrupt() -> None:
                if not meanwhile:
                    meanwhile.append(self.want(system))

            slow = _Around(self.make_reconciler(system, "one"), after=interrupt)
            first = self.want(system)
            with self._driven(system, slow):
                assert self._come_true(system, [first])
                assert self._come_true(system, meanwhile)

    def test_one_that_fails_holds_up_no_other(self, tmp_path: Path) -> None:
        """The others come true at once; the one is tried again, ever more seldom, and recovers."""
        with self._parts(tmp_path) as system:
            bad = self.want(system)
            broken = _Around(self.make_reconciler(system, "one"), refuses=bad)
            with self._driven(system, broken):
                assert self._come_true(system, [self.want(system), self.want(system)])
                assert _soon(lambda: len(broken.refused) >= _FEW)
                broken.mend()
                assert self._come_true(system, [bad])
            first, second, third = broken.refused[:3]
            assert second - first >= _PAUSE_SECONDS
            assert third - second >= 2 * _PAUSE_SECONDS

    @contextmanager
    def _parts(self, folder: Path) -> Iterator[System]:
        system = self.make_system(folder)
        try:
            yield system
        finally:
            self.clean_up(system)

    @contextmanager
    def _driven(self, system: System, reconciler: Reconciler) -> Iterator[None]:
        """Have a loop drive a reconciler, with pauses that suit a test."""
        driver = Loop(system, [reconciler], "loop", first_pause=_PAUSE_SECONDS)
        driver.start()
        try:
            yield
        finally:
            driver.stop()

    def _come_true(self, system: System, subjects: Iterable[Subject]) -> bool:
        """Whether all of them are true after a while."""
        return _soon(lambda: all(self.is_done(system, subject) for subject in subjects))


class _Around(Reconciler):
    """A reconciler with something around its turns.

    Args:
        inner: The reconciler.
        after: Called after each turn.
        refuses: A subject for which turns fail, until `mend`.
    """

    def __init__(
        self,
        inner: Reconciler,
        after: Callable[[], None] = lambda: None,
        refuses: Subject | None = None,
    ) -> None:
        self.kind = inner.kind
        self._inner = inner
        self._after = after
        self._refuses = refuses
        self.refused: list[float] = []

    def mend(self) -> None:
        """Fail no more."""
        self._refuses = None

    def subjects(self) -> Iterable[Subject]:
        return self._inner.subjects()

    def observe(self) -> Iterable[Subject]:
        return self._inner.observe()

    def reconcile(self, subjects: Sequence[Subject]) -> None:
        if self._refuses in subjects:
            # The loop tries several together, then each alone: only that is a try of this one.
            if len(subjects) == 1:
                self.refused.append(time.monotonic())
            raise OSError("the engine does not know this one")
        self._inner.reconcile(subjects)
        self._after()

    def close(self) -> None:
        self._inner.close()


def _soon(condition: Callable[[], bool]) -> bool:
    """Whether something holds after a while."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
