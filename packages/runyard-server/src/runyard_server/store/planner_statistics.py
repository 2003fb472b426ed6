"""Keeps the statistics fresh by which PostgreSQL chooses among indexes.

Without any it takes some along which most of a table is read. Its own autovacuum sees to them in
its time, and of a new database that is after the first searches; where somebody has turned it off,
or has moved the database without its statistics, never.
"""

from sqlalchemy import Engine, text

from runyard_server.store.schema import metadata

# What was never looked at, or has changed as often as it had rows then. A server that crashed has
# forgotten when it looked, and looks again.
_STALE = text(
    """
    SELECT s.relname FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid
    WHERE pg_table_is_visible(s.relid) AND (
        s.n_mod_since_analyze > greatest(c.reltuples, 50)
        OR coalesce(s.last_analyze, s.last_autoanalyze) IS NULL AND pg_relation_size(s.relid) > 0
    )
    """
)


def freshen(engine: Engine) -> list[str]:
    """Have PostgreSQL look at tables that it does not know, or that have doubled; give their names.

    It reads some ten thousand rows of each, and nobody waits for it.
    """
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        found = connection.execute(_STALE).scalars()
        stale = sorted(metadata.tables.keys() & set(found))
        for name in stale:
            connection.exec_driver_sql(f'ANALYZE "{name}"')
    return stale
