"""`runyard backup` and `restore`: copies of the state folder, made while the service works."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from runyard.client.connection import Connection
from runyard.client.home import locate
from runyard.client.presence import running
from runyard.client.service import Service
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.service import HOME_VARIABLE, URL_VARIABLE
from runyard_server.cli import humane, output
from runyard_server.cli.options import Json
from runyard_server.cli.parameters import Argument, Option

if TYPE_CHECKING:
    from runyard_server.store.blobs import FolderBlobs
    from runyard_server.store.home import Home

Folder = Annotated[str, Argument("FOLDER", help="Where backups are kept, best on another disk.")]
Keep = Annotated[
    int,
    Option("--keep", metavar="COUNT", least=0, help="How many backups stay; by default all."),
]
At = Annotated[
    str | None,
    Option("--at", metavar="NAME", help="Which backup, by its name; by default the newest."),
]


def backup(folder: Folder, keep: Keep = 0, json: Json = False) -> None:
    """Back up the state folder of this machine, whether its service runs or not.

    The next backup into the same folder copies what is new; each can be restored by itself.
    Environments, packages and what jobs have not delivered yet are left out.
    With records in PostgreSQL it is refused, and says what to do instead.

    Examples: `runyard backup /mnt/backup/runyard`  ·
    `runyard backup /mnt/backup/runyard --keep 14`
    """
    from runyard_server.store import backups

    home = _home("backup")
    made = backups.make(home, Path(folder).expanduser().absolute(), keep, _contents(home))
    if json:
        output.as_json(asdict(made))
        return
    output.say(
        f"{made.name}: {made.contents} contents and {made.files} files "
        f"in {humane.seconds(made.seconds)}; {humane.size(made.copied)} copied, "
        f"{made.linked} files linked"
    )


def restore(folder: Folder, at: At = None, json: Json = False) -> None:
    """Restore a backup into an empty state folder, and prove it by hash.

    RUNYARD_HOME names the state folder. It is done when every content has been compared with
    its digest and every file with the backup's list.

    Examples: `RUNYARD_HOME=/srv/runyard runyard restore /mnt/backup/runyard`  ·
    `runyard restore /mnt/backup/runyard --at 2026-01-31T12-00-00Z`
    """
    from runyard_server.store import restoring

    home = _home("restore")
    done = restoring.restore(Path(folder).expanduser().absolute(), home, at)
    if json:
        output.as_json(asdict(done))
        return
    output.say(
        f"restored {done.name} into {home.root}: {done.contents} contents and {done.files} files "
        f"({humane.size(done.size)}) compared by hash in {humane.seconds(done.seconds)}"
    )


def _home(what: str) -> "Home":
    """The state folder of this machine."""
    from runyard_server.store.home import Home

    if os.environ.get(URL_VARIABLE):
        raise InvalidRequest(
            f"runyard {what} works on the machine of the service: log in there, unset "
            f"{URL_VARIABLE}, and let {HOME_VARIABLE} name the state folder"
        )
    return Home(locate())


def _contents(home: "Home") -> "FolderBlobs":
    """The contents of a state folder.

    Raises:
        InvalidRequest: Its records are in PostgreSQL: without them it is no backup.
    """
    from runyard_server.app.contents import contents_of
    from runyard_server.core import settings as tables

    settings = tables.load(home.config, os.environ, {})
    told = tables.shown(settings, "database_url") or _of_service(home)
    if told:
        # pg_dump asks for the password, or finds it as psql does.
        address = told.replace(":***@", "@")
        raise InvalidRequest(
            f"the records of {home.root} are in PostgreSQL, which this does not copy: first "
            f"`pg_dump --format=custom --file records.dump '{address}'`, then copy the folder "
            "without environments, packages and runs; in this order every record has its files"
        )
    return contents_of(settings, home, os.environ)


def _of_service(home: "Home") -> str:
    """The database of the service that runs, as settings show it; "" where none runs.

    It may be told by the service's own variables or command line. A file that lies in the folder
    still, of before the records were copied, must not be taken for them.
    """
    found = running(home.root)
    if found is None:
        return ""
    with Connection(found.url, found.token) as connection:
        items = Service(connection).settings().items
    return next((one.value for one in items if one.name == "database_url"), "")
