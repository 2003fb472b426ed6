"""Statistics of PostgreSQL, which the service keeps fresh where nobody else does."""

import time

from runyard_server.store import experiments, planner_statistics
from runyard_server.store.records import Records
from runyard_server.testing.databases import TEMPLATE
from runyard_server.testing.postgres import Postgres


def grown(url: str, first: int, last: int) -> Records:
    """The database with some more experiments; whoever has made them has left."""
    records = Records(url)
    for number in range(first, last):
        records.write(lambda c, n=number: experiments.ensure(c, "default", f"e{n}", 1))
    # PostgreSQL counts what a session has changed when that ends, or ten seconds later.
    records.close()
    return Records(url)


def test_what_is_new_or_has_doubled_is_looked_at(postgres: Postgres) -> None:
    """Searches go along the right index also where autovacuum is off, as it is here."""
    url = postgres.new_database(TEMPLATE)
    records = grown(url, 0, 60)
    assert "experiments" in planner_statistics.freshen(records.engine)
    assert planner_statistics.freshen(records.engine) == []
    records.close()
    records = grown(url, 60, 100)
    assert planner_statistics.freshen(records.engine) == []
    records.close()
    records = grown(url, 100, 160)
    until = time.monotonic() + 60
    while not (found := planner_statistics.freshen(records.engine)) and time.monotonic() < until:
        time.sleep(0.05)
    assert found == ["experiments"]
    records.close()
