"""Brings a database to the schema of this program when it is opened.

A new database gets all tables at once. An older one is migrated by Alembic, which is imported
only then; SQLite files are copied beside themselves first. A newer one is refused.
"""

from sqlalchemy import Engine, insert, inspect, select

from runyard.protocol.errors import InvalidRequest
from runyard_server.store.schema import SCHEMA_VERSION, metadata, schema_version


def prepare(engine: Engine) -> None:
    """Make or check the tables.

    Raises:
        InvalidRequest: The database was made by a newer program.
    """
    with engine.begin() as connection:
        if not inspect(connection).has_table(schema_version.name):
            metadata.create_all(connection)
            connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
            return
        found = connection.execute(select(schema_version.c.version)).scalar_one()
    if found > SCHEMA_VERSION:
        raise InvalidRequest(
            f"the database has schema {found} and this program knows {SCHEMA_VERSION}; "
            "install the newer runyard-server again or use another RUNYARD_HOME"
        )
