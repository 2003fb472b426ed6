"""Reads what clients ask first, the workspaces, before the database toolkit is loaded.

Loading the toolkit takes most of a start, and plain sqlite3 a hundredth of it. What is read stays
right only while nobody writes: from when the state folder was claimed until the service works.
"""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from runyard_server.store.inspection import newest_version

# More are left to the service, which gives them in pages.
MOST_WORKSPACES = 100
_COLUMNS = (
    *("id", "name", "subscription_id", "resource_group", "location", "created_at"),
    *("friendly_name", "sku", "default_datastore", "tags", "as_of"),
)
_ALL = (
    f"SELECT {', '.join(_COLUMNS)} FROM workspaces "  # noqa: S608 - our own names
    "ORDER BY name, subscription_id, resource_group LIMIT ?"
)


def workspaces(file: Path) -> list[dict[str, Any]] | None:
    """Read the rows of all workspaces, by name, subscription and resource group.

    Args:
        file: The database, which `inspection.check` let pass.

    Returns:
        The rows, by column; `created_at` is microseconds since 1970, `tags` a dictionary. None
        where only the loaded store can tell: the schema is older, there are too many, or a row
        cannot be read.
    """
    if not file.exists() or file.stat().st_size == 0:
        return []
    import sqlite3

    try:
        with closing(sqlite3.connect(file)) as database:
            # Killed before its tables were made: as good as none.
            if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return []
            found = database.execute("SELECT version FROM schema_version").fetchone()
            if found != (newest_version(),):
                return None
            rows = database.execute(_ALL, (MOST_WORKSPACES + 1,)).fetchall()
        return [_row(row) for row in rows] if len(rows) <= MOST_WORKSPACES else None
    except (sqlite3.Error, ValueError):
        return None


def _row(values: tuple[Any, ...]) -> dict[str, Any]:
    row = dict(zip(_COLUMNS, values, strict=True))
    return {**row, "tags": json.loads(row["tags"])}
