"""Deleting at a prompt: what that takes away is told first, and the trash has it for a while."""

import sys
from typing import TYPE_CHECKING, Annotated

from runyard.protocol.errors import InvalidRequest, RunyardError
from runyard_server.cli import failures, humane, output, tables
from runyard_server.cli.parameters import Option
from runyard_server.cli.tables import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.trash import TrashEntry

DryRun = Annotated[bool, Option("--dry-run", help="Tell what that would take away, and stop.")]
Yes = Annotated[bool, Option("--yes", "-y", help="Ask nothing.")]

COLUMNS = [
    Column("ID"),
    Column("KIND", worth=2),
    Column("NAME"),
    Column("COUNT", right=True, worth=1),
    Column("SIZE", right=True),
    Column("DELETED", worth=3),
    Column("UNTIL", worth=4),
]


def delete(
    client: "WorkspaceClient",
    kind: str,
    names: "Iterable[str]",
    *,
    dry_run: bool,
    yes: bool,
    json: bool,
) -> None:
    """Put things into the trash, after asking.

    Args:
        client: The workspace.
        kind: What they are.
        names: Their names.
        dry_run: Only tell what that would take away.
        yes: Ask nothing.
        json: Print records.

    Raises:
        InvalidRequest: Nobody can be asked, and `yes` is not given.
        RunyardError: The last of those that could not be deleted.
    """
    wanted = list(names)
    if not dry_run and not yes:
        _ask([client.trash.add(kind, name, dry_run=True) for name in wanted])
    each_of(wanted, lambda name: client.trash.add(kind, name, dry_run=dry_run), json=json)


def each_of(names: list[str], act: "Callable[[str], TrashEntry]", *, json: bool) -> None:
    """Do something with each, also when it fails with another; the last failure counts.

    Args:
        names: The names.
        act: What to do.
        json: Print records.

    Raises:
        RunyardError: The last failure.
    """
    failure: RunyardError | None = None
    for name in names:
        try:
            entry = act(name)
        except RunyardError as error:
            if failure is not None:
                failures.complain(failure, json_wanted=json)
            failure = error
            continue
        if json:
            output.as_json(entry)
        else:
            output.say(told(entry))
    if failure is not None:
        raise failure


def told(entry: "TrashEntry") -> str:
    """What was deleted, or would be, in a line."""
    what = f"{entry.kind} {entry.name}: {_amount(entry)}"
    if not entry.id:
        return f"would delete {what}; nothing was deleted"
    back = f"`runyard trash restore {entry.id}`"
    return f"deleted {what}; {back} brings it back until {entry.until[:16].replace('T', ' ')} UTC"


def row(entry: "TrashEntry") -> tuple[str, ...]:
    """An entry of the trash as a row of a table."""
    until = "being freed" if entry.state == "freeing" else entry.until[:16].replace("T", " ")
    size, ago = humane.size(entry.size), humane.ago(entry.deleted_at)
    return entry.id, entry.kind, entry.name, str(entry.count), size, ago, until


def confirm(question: str) -> None:
    """Ask at the prompt whether to go on.

    Raises:
        InvalidRequest: Nobody can be asked, or the answer is no.
    """
    if not sys.stdin.isatty():
        raise InvalidRequest("nobody can be asked here: --yes deletes, --dry-run tells what")
    output.write(f"{question} [y/N] ")
    output.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise InvalidRequest("nothing was deleted")


def _ask(entries: "list[TrashEntry]") -> None:
    tables.show(COLUMNS[1:5], [row(entry)[1:5] for entry in entries], "nothing")
    confirm("Delete?")


def _amount(entry: "TrashEntry") -> str:
    noun = "run" if entry.kind in ("run", "experiment") else "version"
    return f"{humane.many(entry.count, noun)}, {humane.size(entry.size)}"
