"""Write `schema_<version>.sql`: a database of the present schema with something of everything.

And `postgresql_<version>.sql`, an empty one in PostgreSQL's words; no server is needed for it.
Run it once for each schema, when SCHEMA_VERSION has changed: `python tests/upgrades/keep.py`.
"""

import hashlib
import io
import json
import sqlite3
import tempfile
from pathlib import Path

from runyard.protocol.environments import EnvironmentDefinition, LockRecord, RegisterEnvironment
from runyard.protocol.files import FileEntry, RegisterFiles
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.models import RegisterModel
from runyard.protocol.runs import StartRun
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.core.clock import Clock
from runyard_server.core.notices import Notices
from runyard_server.core.settings import Settings
from runyard_server.core.system import System
from runyard_server.operations import (
    environments,
    files,
    metrics,
    models,
    runs,
    snapshots,
    workspaces,
)
from runyard_server.store import migrations
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home
from runyard_server.store.logs import LogStore
from runyard_server.store.postgresql_dialect import Dialect
from runyard_server.store.records import Records, sqlite_url
from runyard_server.store.schema import SCHEMA_VERSION
from runyard_server.testing.parts import fake_sites

FOLDER = Path(__file__).parent
RUN = "kept"


class StillClock(Clock):
    """A clock that stands, so that the file is the same each time."""

    def now_us(self) -> int:
        return 1_600_000_000_000_000


def open_home(root: Path) -> System:
    """The parts of a service on the state folder `root`."""
    home = Home(root)
    home.create()
    return System(
        home=home,
        records=Records(sqlite_url(home.database)),
        blobs=FolderBlobs(home.blobs),
        logs=LogStore(home.run_logs),
        notices=Notices(),
        clock=StillClock(),
        secret=home.secret(),
        settings=Settings(),
        url=lambda: "",
        sites=fake_sites(home),
    )


def fill(system: System) -> None:
    """Make one of each thing that has rows."""
    workspaces.ensure_default(system)
    digest = hashlib.sha256(b"data").hexdigest()
    system.blobs.write(digest, io.BytesIO(b"data"))
    snapshot = snapshots.create(system, "default", CreateSnapshot([FileEntry("a.py", digest, 4)]))
    start = StartRun(
        "mnist", run_id=RUN, snapshot=snapshot.id, tags={"t": None}, properties={"p": "1"}
    )
    runs.start(system, "default", start)
    outputs = RegisterFiles([FileEntry("outputs/model/x", digest, 4)])
    files.register(system, "default", RUN, body=outputs)
    lines = [{"n": "acc", "k": "scalar", "v": n / 4, "s": n, "t": 7} for n in range(4)]
    lines.append({"n": "word", "k": "scalar", "v": "text", "t": 7})
    spool = io.BytesIO("".join(json.dumps(line) + "\n" for line in lines).encode())
    metrics.append(system, "default", RUN, "1-aa", query=SpoolQuery(), body=spool)
    model = RegisterModel("m", "outputs/model", run=RUN, tags={"a": "b"})
    models.register(system, "default", body=model)
    definition = EnvironmentDefinition(pip=["a==1"])
    environments.register(system, "default", RegisterEnvironment("e", definition))
    environments.keep_lock(system, "definition", LockRecord("d1", "3.11.9", "a==1\n"))
    runs.complete(system, "default", RUN)


def for_postgresql() -> str:
    """What makes the tables in PostgreSQL."""
    made = [text.strip() for text in migrations.statements(Dialect())]
    made.append(f"INSERT INTO schema_version (version) VALUES ('{SCHEMA_VERSION}')")
    return "".join(f"{text};\n" for text in made)


def main() -> None:
    """Fill a database and write it down as SQL."""
    with tempfile.TemporaryDirectory() as folder:
        system = open_home(Path(folder))
        fill(system)
        system.records.close()
        with sqlite3.connect(system.home.database) as connection:
            text = "\n".join(connection.iterdump()) + "\n"
        connection.close()
    (FOLDER / f"schema_{SCHEMA_VERSION}.sql").write_text(text)
    (FOLDER / f"postgresql_{SCHEMA_VERSION}.sql").write_text(for_postgresql())


if __name__ == "__main__":
    main()
