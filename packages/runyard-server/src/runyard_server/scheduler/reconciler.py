"""What the loop drives: one class for each kind of subject, found in one list (`app.building`).

A reconciler looks at what is wanted and at what is, and does the next step from one to the other.
It keeps nothing that could not be read again: the database says what is wanted, backends and disks
say what is, so another process goes on where one was killed. It writes nothing itself: writes are
calls of `execution` and `operations`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from runyard_server.store.subjects import Subject


class Reconciler(ABC):
    """Makes true what is wanted of the subjects of one kind.

    All methods but those that a reconciler hands to threads of its own are called by the loop's
    thread, one at a time, and come back soon: what may take longer than some milliseconds belongs
    in a `Pool`, whose work ends by waking the subject (`notices.changed(work_topic(subject))`).

    The contract, which `runyard_server.testing.reconciler_contract` checks:

    - **Level, not edge.** A turn for a subject depends on how things are, never on what woke it.
      Wake-ups may come twice, late, or for nothing; a turn with nothing to do writes nothing.
    - **Resumable.** After `kill -9` at any point the turns of another instance come to the same
      end. Work that must not be done twice at once is done under a lease (`core.leases`); what an
      instance finds there of another is free once `leases.take_over` has been called, as the loop
      does at its start.
    - **Apart.** What is raised for one subject leaves the others as they were: the loop then calls
      with each subject alone, and comes back to those that fail after growing pauses.
    """

    kind: str
    """The kind of its subjects."""

    @abstractmethod
    def subjects(self) -> Iterable[Subject]:
        """Every subject that there may be work for.

        Asked at the start of the loop, and again when it may have lost track.
        """

    @abstractmethod
    def reconcile(self, subjects: Sequence[Subject]) -> None:
        """Take the next step for each of these subjects.

        Several come together so that what follows can be one write. A subject that is gone is
        passed over.

        Args:
            subjects: Of this kind, each once.
        """

    def left(self) -> Iterable[Subject]:
        """The subjects that the turn before has not come to, because there were too many.

        The loop asks after each turn that has not failed, and comes back to them at once.
        """
        return ()

    @abstractmethod
    def observe(self) -> Iterable[Subject]:
        """Check the world outside of the database: which agents are gone, whose time is over.

        Called about once a second.

        Returns:
            The subjects that need a turn though nobody has woken them.
        """

    def close(self) -> None:
        """End the threads of its own, if any; the next process takes up what was begun."""
        return
