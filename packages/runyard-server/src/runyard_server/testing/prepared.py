"""What a service's first start makes, made once for all that tests fork.

The statements that make the tables are put together where this is imported, which is before the
fork; the light half, a thousand files, is in a folder of the session, to which state folders link.
Services that are started anew, and those that clients start, make both by themselves.
"""

import fcntl
import os
from functools import cache
from pathlib import Path

from sqlalchemy.dialects import sqlite

from runyard_server.compute import light
from runyard_server.store import migrations
from runyard_server.testing.databases import SESSION_VARIABLE

migrations.statements(sqlite.dialect())


def share_light(home: Path) -> None:
    """Have a new state folder's `light` lead to the session's; without a session it has its own."""
    session, link = os.environ.get(SESSION_VARIABLE), home / "light"
    if session is not None and not link.exists():
        link.symlink_to(_light(Path(session)))


@cache
def _light(session: Path) -> Path:
    folder = session / "light"
    folder.mkdir(exist_ok=True)
    with (session / "light.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = light.install(folder)
        # All of it: a service that starts removes whatever another is still writing beside it.
        assert made.zip.exists()
        light.compile_folder(made)
    return folder
