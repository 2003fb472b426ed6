"""Clean-up: what nobody needs any more goes, some of it at the start and the rest by the clock.

answers    kept for repeats of a request: a day old
audit      entries that are older than the settings say
refusals   who was refused is written into the audit log, once a minute
folders    of runs that a process before left: once a day, and at the start
trash      whose time is over, or that is to be freed now
contents   that nothing refers to: once a day, also over several services, and after the trash
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from runyard_server.core import idempotency
from runyard_server.core.system import System
from runyard_server.execution import purging
from runyard_server.operations import audit
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.scheduler.trash import TrashWork
from runyard_server.store.subjects import Subject

KIND = "cleanup"
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 24 * 3600.0
_CONTENTS = Subject(KIND, "", "contents")


class Cleanup(Reconciler):
    """Removes what is left over.

    Args:
        system: The service's parts.
        folders: Looks through the run folders, in the background.
    """

    kind = KIND

    def __init__(self, system: System, folders: Callable[[], None]) -> None:
        self._trash = TrashWork(system)
        self._work: Mapping[Subject, tuple[float, Callable[[], None]]] = {
            _subject("answers"): (_HOUR, lambda: idempotency.forget_old(system)),
            _subject("audit"): (_HOUR, lambda: audit.forget_old(system)),
            _subject("refusals"): (_MINUTE, lambda: audit.write_refusals(system)),
            _subject("folders"): (_DAY, folders),
            purging.TRASH_WORK: (_HOUR, self._trash.free),
            _CONTENTS: (_HOUR, self._trash.collect),
        }
        # Counted from here: at its start the loop asks for all subjects, so all is done then
        # anyway.
        self._done = dict.fromkeys(self._work, time.monotonic())

    def subjects(self) -> Iterable[Subject]:
        """Everything that is cleaned up."""
        return list(self._work)

    def observe(self) -> Iterable[Subject]:
        """Whatever was done for the last time long ago."""
        now = time.monotonic()
        late = [each for each, (pause, _) in self._work.items() if now - self._done[each] >= pause]
        return [*late, _CONTENTS] if self._trash.is_waiting() else late

    def reconcile(self, subjects: Sequence[Subject]) -> None:
        """Clean these up now."""
        for subject in subjects:
            if subject in self._work:
                self._work[subject][1]()
                self._done[subject] = time.monotonic()

    def close(self) -> None:
        """Finish what is under way; the rest is there for the next service."""
        self._trash.close()


def _subject(what: str) -> Subject:
    return Subject(KIND, "", what)
