"""`runyard database`."""

import os
from pathlib import Path
from typing import Annotated

from runyard.client import home as homes
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.service import DATABASE_VARIABLE
from runyard_server.cli import output
from runyard_server.cli.options import Json
from runyard_server.cli.parameters import Group, Option

group = Group()


@group.command("copy")
def copy(
    to: Annotated[
        str | None,
        Option(
            "--to",
            metavar="URL",
            help=f"postgresql://user:password@host/database; better in {DATABASE_VARIABLE}.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Copy all records of the state folder into an empty PostgreSQL database.

    The service must be stopped. The counts of each table are compared before anything is kept, and
    the file stays as it is. Set `database_url` then: from there on the database is what counts.

    Example: `runyard database copy --to postgresql://runyard@db.example/runyard`
    """
    url = to or os.environ.get(DATABASE_VARIABLE)
    if not url:
        raise InvalidRequest(f"say where the records are to go: --to URL, or {DATABASE_VARIABLE}")
    from runyard_server.app.moving import copy_database
    from runyard_server.store.home import Home

    def told(table: str, rows: int) -> None:
        if rows and not json:
            output.say(f"{table}: {rows}")

    home = Home(Path(homes.locate()))
    counts = copy_database(home, url, told)
    if json:
        output.as_json({"tables": counts, "rows": sum(counts.values())})
        return
    output.say(
        f"{sum(counts.values())} rows are copied and counted. Set database_url in {home.config} "
        f"now, and move {home.database} away: a service without database_url would go on with it"
    )
