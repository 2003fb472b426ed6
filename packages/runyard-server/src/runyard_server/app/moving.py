"""Moves the records of a state folder into a database of their own, while no service serves it."""

from collections.abc import Callable

from runyard.protocol.errors import InvalidRequest
from runyard_server.app.claim import Claim
from runyard_server.app.ending import Ending
from runyard_server.store import copying, inspection
from runyard_server.store.home import Home


def copy_database(home: Home, url: str, told: Callable[[str, int], None]) -> dict[str, int]:
    """Copy all records into PostgreSQL; the file stays as it is.

    Args:
        home: The state folder.
        url: The database.
        told: Called after each table with its name and how many rows it has.

    Raises:
        InvalidRequest: A service serves the folder, or nothing can be copied.
    """
    home.create()
    try:
        claimed = Claim(home)
    except Ending as end:
        raise InvalidRequest(end.message) from None
    try:
        inspection.check(home)
        return copying.copy(home.database, url, told)
    finally:
        claimed.release()
