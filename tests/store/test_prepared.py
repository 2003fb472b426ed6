"""Statements that are compiled once."""

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.pool import StaticPool

from runyard_server.store.prepared import Prepared

THINGS = Table(
    "things",
    MetaData(),
    Column("name", String, primary_key=True),
    Column("good", Boolean, nullable=False),
    Column("count", Integer, nullable=False),
)
ADD = Prepared(insert(THINGS))
ALL = Prepared(select(THINGS.c.name, THINGS.c.good, THINGS.c.count).order_by(THINGS.c.name))
COUNT = Prepared(select(THINGS.c.count).where(THINGS.c.name == bindparam("named")))
CHANGE = Prepared(update(THINGS).where(THINGS.c.name == bindparam("named")))
ONE_MORE = Prepared(
    update(THINGS).where(THINGS.c.name == bindparam("named")).values(count=THINGS.c.count + 1)
)


@pytest.fixture(params=["qmark", "named"])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A database whose driver is given values in order, and one that is given them by name."""
    engine = create_engine("sqlite://", paramstyle=request.param, poolclass=StaticPool)
    THINGS.metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_values_have_the_types_of_their_columns(connection: Connection) -> None:
    """What was True is True when it is read, though SQLite knows no truth."""
    ADD.run(connection, {"name": "a", "good": True, "count": 1})

    ((name, good, count),) = ALL.rows(connection)

    assert (name, good, count) == ("a", True, 1)
    assert good is True


def test_a_statement_changes_the_columns_that_are_named(connection: Connection) -> None:
    """The same statement sets one column now and another then, and no third."""
    ADD.run_many(connection, [{"name": n, "good": False, "count": 0} for n in "ab"])
    CHANGE.run(connection, {"named": "a", "count": 7})
    CHANGE.run(connection, {"named": "b", "good": True})

    assert ALL.rows(connection) == [("a", False, 7), ("b", True, 0)]


def test_what_is_written_in_the_statement_counts(connection: Connection) -> None:
    """Numbers are given in the order of the places, those of the statement itself among them."""
    ADD.run(connection, {"name": "a", "good": True, "count": 4})
    ONE_MORE.run(connection, {"named": "a"})

    assert COUNT.value(connection, {"named": "a"}) == 5
    assert COUNT.value(connection, {"named": "b"}) is None
    assert COUNT.row(connection, {"named": "b"}) is None


def test_a_forgotten_value_is_an_error(connection: Connection) -> None:
    """A name that was misspelled must not ask for NULL, which finds nothing and says nothing."""
    with pytest.raises(KeyError):
        COUNT.value(connection, {"nmaed": "a"})


def test_errors_are_those_of_sqlalchemy(connection: Connection) -> None:
    """Who catches a broken rule of the database need not know how the statement was executed."""
    row = {"name": "a", "good": True, "count": 4}
    ADD.run(connection, row)

    with pytest.raises(IntegrityError):
        ADD.run(connection, row)


def test_an_error_in_a_later_row_is_one_of_sqlalchemys_too(connection: Connection) -> None:
    """Damage is met where the rows are read, and its message tells what to do about it."""

    def damaged(name: str) -> str:
        return name if name == "a" else 1 / 0

    driver = connection.connection.dbapi_connection
    driver.create_function("damaged", 1, damaged)
    ADD.run_many(connection, [{"name": n, "good": False, "count": 0} for n in "ab"])

    with pytest.raises(OperationalError):
        Prepared(select(func.damaged(THINGS.c.name))).rows(connection)


def test_it_begins_the_transaction(connection: Connection) -> None:
    """What is taken back is gone, also when no other statement was executed before."""
    ADD.run(connection, {"name": "a", "good": True, "count": 4})
    connection.rollback()

    assert ALL.rows(connection) == []
