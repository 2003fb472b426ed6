"""`runyard storage`: what takes space, and what of it could be freed."""

from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import Json
from runyard_server.cli.parameters import Option
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

if TYPE_CHECKING:
    from runyard.protocol.storage import CollectorPass

Fresh = Annotated[bool, Option("--fresh", help="Measure now, not within the last ten minutes.")]
Most = Annotated[int, Option("--limit", "-n", least=0, help="How many experiments to show.")]


def storage(fresh: Fresh = False, limit: Most = 10, json: Json = False) -> None:
    """Show what takes space, by kind and by experiment, and what could be freed.

    Examples: `runyard storage`  ·  `runyard storage --fresh --json`
    """
    from runyard.client.storage import Storage
    from runyard_server.cli import target

    found = Storage(target.connection()).get(fresh=fresh)
    if json:
        output.as_json(found)
        return
    size = Column("SIZE", right=True)
    kinds = sorted(found.kinds, key=lambda one: -one.size)
    rows = [(one.kind, humane.size(one.size), str(one.count)) for one in kinds]
    tables.show([Column("KIND"), size, Column("COUNT", right=True)], rows, "nothing")
    places = [
        (one.workspace, one.experiment, str(one.runs), humane.size(one.size))
        for one in found.places[:limit]
    ]
    if places:
        output.say()
        columns = [Column("WORKSPACE", worth=1), Column("EXPERIMENT", cut=cut_middle)]
        tables.show([*columns, Column("RUNS", right=True, worth=2), size], places, "nothing")
    if found.freeable:
        output.say()
        could = [(one.kind, humane.size(one.size), one.how) for one in found.freeable]
        tables.show([Column("COULD BE FREED"), size, Column("HOW", worth=1)], could, "nothing")
    output.say()
    output.facts(
        [
            ("Free on the disk", humane.size(found.free)),
            ("Collected last", _collected(found.collected)),
        ]
    )


def _collected(last: "CollectorPass | None") -> str:
    """What the collector did last, in a line."""
    if last is None:
        return "not yet: once a day, and after something was freed"
    freed = f"removed {humane.many(last.removed, 'content')}, {humane.size(last.size)}"
    return f"{humane.ago(last.began_at)} in {humane.seconds(last.seconds)}: {freed}"
