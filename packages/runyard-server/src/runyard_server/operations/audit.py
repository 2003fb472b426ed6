"""The audit log: read, and kept in bounds. What writes it is `core.work`."""

from runyard.protocol.audit import AuditEntry, AuditPage, AuditQuery
from runyard.protocol.errors import InvalidRequest
from runyard_server.core.clock import SECOND, iso, microseconds
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import audit as rows
from runyard_server.store import pages
from runyard_server.store.audit import AuditRow

_DAY = 24 * 3600 * SECOND


def list_(system: System, query: AuditQuery) -> AuditPage:
    """One page of the service's audit log, the newest first.

    Args:
        system: The service's parts.
        query: Which entries.

    Raises:
        InvalidRequest: A time or the page token makes no sense.
    """
    return _page(system, None, query)


def of_workspace(system: System, workspace: str, query: AuditQuery) -> AuditPage:
    """One page of a workspace's audit log, the newest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Which entries.

    Raises:
        WorkspaceNotFound: No such workspace.
        InvalidRequest: A time or the page token makes no sense.
    """
    system.read(lambda work: workspace_row(work, workspace))
    return _page(system, workspace, query)


def write_refusals(system: System, *, at_once: bool = False) -> None:
    """Write down who was refused since the last time; once a minute at most, or at once."""
    now = system.clock.now_us()
    if at_once or system.refusals.is_due(now):
        system.refusals.write(lambda found: _add(system, found), now)


def forget_old(system: System) -> None:
    """Remove entries that are older than the setting says."""
    days = system.settings.audit_days
    if not days:
        return
    before = system.clock.now_us() - int(days * _DAY)
    while system.read(lambda work: rows.has_older(work.connection, before)):
        system.write(lambda work: rows.forget(work.connection, before))


def _page(system: System, workspace: str | None, query: AuditQuery) -> AuditPage:
    # Who looks for a refusal sees those of the last minute, too.
    write_refusals(system, at_once=True)
    size = pages.limit(query.page_size)
    before = pages.after(query.page_token, int)
    wanted = {
        "person": query.user,
        "object": query.object,
        "route": query.route,
        "outcome": query.outcome,
        "workspace": workspace,
    }
    chosen = {name: value for name, value in wanted.items() if value is not None}
    asked = rows.Asked(chosen, _time("since", query.since), _time("until", query.until))
    found, after = system.read(lambda work: rows.page(work.connection, asked, before, size))
    token = None if after is None else pages.token(after)
    return AuditPage([_entry(*one) for one in found], token)


def _add(system: System, found: list[AuditRow]) -> None:
    def write(work: Work) -> None:
        for row in found:
            rows.add(work.connection, row)

    system.write(write)


def _time(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return microseconds(text)
    except ValueError:
        raise InvalidRequest(
            f"{name} is {text[:80]!r}; it must be a time as 2026-01-31 or 2026-01-31T12:00:00Z"
        ) from None


def _entry(number: int, row: AuditRow) -> AuditEntry:
    return AuditEntry(
        number=number,
        time=iso(row.at),
        user=row.person,
        via=row.via,
        address=row.address,
        route=row.route,
        workspace=row.workspace,
        object=row.object,
        outcome=row.outcome,
        detail=row.detail,
        count=row.count,
    )
