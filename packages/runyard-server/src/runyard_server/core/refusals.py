"""Requests that were refused (401, 403), kept until the audit log has them.

Whoever has no token must not be able to fill the disk with refusals, nor to make the service write.
So those that are alike are counted together, at most so many kinds are told apart, and they are
written once a minute. The bound is each person's own, and one that all share who showed no good
token: nobody who is unknown can hide what somebody known has tried.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from runyard_server.store.audit import AuditRow

MOST_KINDS = 50
# Of people there are few, of runs any number: they share one bound, under what is nobody's name.
_RUNS = " runs"
PAUSE_US = 60 * 1_000_000
_LONGEST = 300


class Refusals:
    """What was refused since the last time that it was written down; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, ...], AuditRow] = {}
        self._of: Counter[str] = Counter()
        self._written_at = 0

    def add(self, row: AuditRow) -> None:
        """Count a refusal."""
        # An address may be as long as the server takes: whoever has no token chooses it, too.
        row = replace(
            row,
            workspace=row.workspace[:_LONGEST],
            object=row.object[:_LONGEST],
            detail=row.detail[:_LONGEST],
        )
        kind: tuple[str, ...] = (
            row.person,
            row.via,
            row.address,
            row.route,
            row.workspace,
            row.outcome,
        )
        who = row.person or (_RUNS if row.via else "")
        with self._lock:
            if kind not in self._kinds and self._of[who] >= MOST_KINDS:
                kind = (who,)
                told = (row.at, row.person, "", "", "", "", "", row.outcome, "more kinds than told")
                row = AuditRow(*told)
            first = self._kinds.get(kind)
            if first is None:
                self._of[who] += 1
                self._kinds[kind] = row
            else:
                self._kinds[kind] = replace(first, count=first.count + 1)

    def is_due(self, now: int) -> bool:
        """Whether there is something to be written down.

        Args:
            now: Microseconds since 1970.
        """
        return bool(self._kinds) and now - self._written_at >= PAUSE_US

    def write(self, act: Callable[[list[AuditRow]], None], now: int) -> None:
        """Have what was counted written down.

        Args:
            act: Writes it.
            now: Microseconds since 1970.
        """
        with self._lock:
            rows, self._kinds = list(self._kinds.values()), {}
            self._of.clear()
            self._written_at = now
        if rows:
            act(rows)
