"""`runyard audit`: who changed what, and who was refused."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import Json, Limit
from runyard_server.cli.parameters import Option
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

OfUser = Annotated[str | None, Option("--user", metavar="USER", help="Only what this person did.")]
About = Annotated[
    str | None,
    Option("--object", metavar="ID", help="Only about this: a run's id, mnist:3, a user's name."),
]
OfRoute = Annotated[
    str | None, Option("--route", metavar="NOUN.VERB", help="Only this, such as models.delete.")
]
Outcome = Annotated[
    str | None,
    Option("--outcome", metavar="CODE", help="done, forbidden or unauthenticated."),
]
Since = Annotated[
    str | None,
    Option(
        "--since", metavar="TIME", help="Not before: 2026-01-31, with T12:00 or not; or 2d, 3h."
    ),
]
Until = Annotated[str | None, Option("--until", metavar="TIME", help="Before this time.")]
Page = Annotated[
    str | None,
    Option("--page", metavar="TOKEN", help="Where to go on: next_page_token of --json."),
]
OfWorkspace = Annotated[
    str | None,
    Option(
        "--workspace",
        "-w",
        metavar="NAME",
        help="Only what is in this workspace; its owners may ask, too.",
    ),
]
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}


def audit(
    user: OfUser = None,
    object: About = None,  # noqa: A002 - the option's name
    route: OfRoute = None,
    outcome: Outcome = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    page: Page = None,
    json: Json = False,
    workspace: OfWorkspace = None,
) -> None:
    """Show who changed what, the newest first; and who was refused.

    What processes report of their own runs is not in it: metrics, logs, files.

    Examples: `runyard audit --user anna --since 2d`  ·  `runyard audit --object mnist:3`  ·
    `runyard audit --outcome forbidden --json`
    """
    from runyard.client.audits import Audits
    from runyard.protocol.audit import AuditPage, AuditQuery
    from runyard_server.cli import target
    from runyard_server.cli.paging import collect

    where = None if workspace is None else target.client(workspace).id
    query = AuditQuery(
        user=user,
        object=object,
        route=route,
        outcome=outcome,
        since=_time(since),
        until=_time(until),
        page_token=page,
    )
    found = collect(Audits(target.connection()).list(query, limit, where))
    if json:
        output.as_json(AuditPage(list(found.items), found.next_page_token))
        return
    tables.show(
        [
            *(Column("TIME"), Column("USER"), Column("ROUTE"), Column("OBJECT", cut=cut_middle)),
            *(Column("OUTCOME"), Column("VIA", worth=3), Column("FROM", worth=2)),
            *(Column("WORKSPACE", worth=4), Column("DETAIL", worth=1)),
        ],
        [
            (
                *(_shown(one.time), one.user or "?", one.route, one.object),
                one.outcome if one.count == 1 else f"{one.outcome}, {one.count} times",
                *(one.via, one.address, one.workspace, one.detail),
            )
            for one in found.items
        ],
        "nothing like that is in the audit log",
    )
    if found.next_page_token:
        output.note(f"more than {limit}: ask with --limit, or --page {found.next_page_token}")


def _shown(text: str) -> str:
    moment = humane.moment(text)
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _time(text: str | None) -> str | None:
    """A time as the service takes it; `2d` is two days ago."""
    if text is None or not (text[:-1].isdigit() and text[-1] in _UNITS):
        return text
    ago = timedelta(seconds=int(text[:-1]) * _UNITS[text[-1]])
    return (datetime.now(UTC) - ago).isoformat()
