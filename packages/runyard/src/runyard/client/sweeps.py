"""Sweeps: begun, looked up, changed and ended; their trials, and what processes tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import sweeps as routes
from runyard.protocol.sweeps import SweepQuery, TableQuery, TrialQuery

if TYPE_CHECKING:
    from runyard.protocol.sweeps import (
        ChangeSweep,
        CreateSweep,
        Exchange,
        Exchanged,
        SweepImportance,
        SweepRecord,
        SweepTable,
        TrialRecord,
    )


class Sweeps(NounClient):
    """The sweeps of a workspace; a sweep has the id of its run."""

    def create(self, order: CreateSweep) -> SweepRecord:
        """Begin a sweep; it is on record when this returns.

        Raises:
            NotFound: The snapshot, the compute target, the parent or a sweep to learn from does
                not exist.
            InvalidRequest: Space, sampler, policy or limits make no sense.
            Conflict: An open sweep of that name has another spec.
        """
        return self._service.call(routes.SWEEPS_CREATE, body=order)

    def list(
        self, query: Optional[SweepQuery] = None, limit: Optional[int] = None
    ) -> Listing[SweepRecord]:
        """List sweeps, newest first.

        Args:
            query: Which ones; None lists all.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.SWEEPS_LIST, query=asked),
            query or SweepQuery(),
            limit,
        )

    def get(self, sweep: str) -> SweepRecord:
        """Read a sweep as it stands.

        Raises:
            NotFound: There is none of that id.
        """
        return self._service.call(routes.SWEEPS_GET, sweep)

    def change(self, sweep: str, change: ChangeSweep) -> SweepRecord:
        """Change the limits of a sweep that goes on, pause it, or add points to try.

        Args:
            sweep: The sweep's id.
            change: What is to be different.

        Raises:
            WrongState: It has ended.
            InvalidRequest: A limit is not positive, or a point does not fit the space.
        """
        return self._service.call(routes.SWEEPS_CHANGE, sweep, body=change)

    def cancel(self, sweep: str) -> SweepRecord:
        """Cancel a sweep and its trials; it ends once their processes have."""
        return self._service.call(routes.SWEEPS_CANCEL, sweep)

    def close(self, sweep: str) -> SweepRecord:
        """End a sweep whose trials are made by processes that ask for them.

        Raises:
            WrongState: Its trials are runs.
        """
        return self._service.call(routes.SWEEPS_CLOSE, sweep)

    def trials(
        self, sweep: str, query: Optional[TrialQuery] = None, limit: Optional[int] = None
    ) -> Listing[TrialRecord]:
        """List a sweep's trials, in order of number.

        Args:
            sweep: The sweep's id.
            query: Which ones; None lists all.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.SWEEPS_TRIALS, sweep, query=asked),
            query or TrialQuery(),
            limit,
        )

    # A picture shows no more points, and a sweep may have a million.
    def table(self, sweep: str, trials: int = 1000) -> SweepTable:
        """Read a sweep's trials as columns.

        Args:
            sweep: The sweep's id.
            trials: At most so many: the best, and of the others evenly many.
        """
        return self._service.call(routes.SWEEPS_TABLE, sweep, query=TableQuery(trials))

    def importance(self, sweep: str) -> SweepImportance:
        """Read how much each parameter decides."""
        return self._service.call(routes.SWEEPS_IMPORTANCE, sweep)

    def exchange(self, sweep: str, exchange: Exchange) -> Exchanged:
        """Exchange results of trials for new ones; what was told is on disk when this returns.

        Args:
            sweep: The sweep's id.
            exchange: What is told and asked for; a repeat of it gets the same answer.
        """
        return self._service.call(routes.SWEEPS_EXCHANGE, sweep, body=exchange)
