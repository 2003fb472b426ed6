"""Statements that are compiled once and go to the driver as they are from then on.

SQLAlchemy looks a statement up, makes a context, a cursor and a result for each execution: 65 to
120 µs, where SQLite itself needs 5. Requests and the scheduler execute about a hundred for each
run, so what nearly all of them ask is prepared: SQLAlchemy still writes the text, for whichever
database it is, and its types still convert values both ways.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any]
Row = tuple[Any, ...]
_Convert = Callable[[Any], Any]

_NONE: Values = {}


class Prepared:
    """A statement whose parameters are `bindparam`s or, of an INSERT or UPDATE, columns.

    One that writes is compiled once for each choice of columns. Lists (`IN`) have a length that
    only their execution knows, so statements with them go through SQLAlchemy.

    Args:
        statement: The statement.
    """

    __slots__ = ("_compiled", "_statement", "_writes")

    def __init__(self, statement: Select[*tuple[Any, ...]] | Insert | Update | Delete) -> None:
        self._statement = statement
        self._writes = not isinstance(statement, Select)
        # In one attribute: another thread may put those for another database in their place.
        self._compiled: tuple[type[Dialect] | None, dict[tuple[str, ...], _Compiled]] = (None, {})

    def rows(self, connection: Connection, values: Values = _NONE) -> list[Row]:
        """All rows that a SELECT finds.

        Args:
            connection: The transaction's connection.
            values: Value by parameter.
        """
        compiled = self._for(connection, values)
        with _cursor(connection) as cursor:
            compiled.execute(cursor.execute, compiled.arguments(values))
            found = compiled.fetch(cursor)
        return found if compiled.convert is None else [compiled.convert(row) for row in found]

    def row(self, connection: Connection, values: Values = _NONE) -> Row | None:
        """The row that a SELECT finds where there is at most one, None without.

        Args:
            connection: The transaction's connection.
            values: Value by parameter.
        """
        found = self.rows(connection, values)
        return found[0] if found else None

    def value(self, connection: Connection, values: Values = _NONE) -> Any:
        """What the only column of `row` has, None where there is no row.

        Args:
            connection: The transaction's connection.
            values: Value by parameter.
        """
        found = self.rows(connection, values)
        return found[0][0] if found else None

    def run(self, connection: Connection, values: Values = _NONE) -> None:
        """Write.

        Args:
            connection: The transaction's connection.
            values: Value by parameter and by column.
        """
        compiled = self._for(connection, values)
        with _cursor(connection) as cursor:
            compiled.execute(cursor.execute, compiled.arguments(values))

    def run_many(self, connection: Connection, several: Sequence[Values]) -> None:
        """Write once for each of several values, which are of the same parameters and columns.

        Args:
            connection: The transaction's connection.
            several: Value by parameter and by column, of each time.
        """
        if len(several) <= 1:
            # Of one the driver of PostgreSQL makes a pipeline all the same, which waits twice and
            # takes a third more; one row is the most frequent case.
            for values in several:
                self.run(connection, values)
            return
        compiled = self._for(connection, several[0])
        with _cursor(connection) as cursor:
            compiled.execute(cursor.executemany, [compiled.arguments(each) for each in several])

    def _for(self, connection: Connection, values: Values) -> "_Compiled":
        kind, known = self._compiled
        # Two SQLite files have two dialects, and the same text.
        if kind is not type(connection.dialect):
            kind, known = self._compiled = type(connection.dialect), {}
        names = tuple(values) if self._writes else ()
        found = known.get(names)
        if found is None:
            found = known[names] = self._compile(connection.dialect, names)
        return found

    def _compile(self, dialect: Dialect, names: tuple[str, ...]) -> "_Compiled":
        statement = self._statement
        # What the database itself fills in is not asked for.
        if isinstance(statement, Insert):
            statement = statement.inline()
        compiled = statement.compile(dialect=dialect, column_keys=list(names) or None)
        assert isinstance(compiled, SQLCompiler)
        return _Compiled(compiled, dialect, statement)


class _Compiled:
    """The text of a statement for one database, and how its values go in and come out."""

    __slots__ = ("_convert_in", "_dialect", "_fixed", "_names", "_positional", "_text", "convert")

    def __init__(self, compiled: SQLCompiler, dialect: Dialect, statement: Any) -> None:
        self._text = str(compiled)
        self._dialect = dialect
        self._positional = compiled.positional
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        self._names = tuple((compiled.positiontup or ()) if compiled.positional else binds)
        # Written into the statement, as the 1 of `count + 1`.
        self._fixed = {name: bind.value for name, bind in binds.items() if not bind.required}
        into = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in binds.items()
        }
        self._convert_in = {name: convert for name, convert in into.items() if convert is not None}
        self.convert = _converter(statement, dialect)

    def arguments(self, values: Values) -> Any:
        """These values as the driver is given them."""
        given = {**self._fixed, **values} if self._fixed else values
        if self._convert_in:
            given = dict(given)
            for name, convert in self._convert_in.items():
                given[name] = convert(given[name])
        if self._positional:
            return tuple([given[name] for name in self._names])
        return {name: given[name] for name in self._names}

    def execute(self, act: Callable[[str, Any], Any], arguments: Any) -> None:
        """Execute by a method of the driver's cursor.

        Raises:
            DBAPIError: What the driver raises, as SQLAlchemy tells it.
        """
        with self._told(arguments):
            act(self._text, arguments)

    def fetch(self, cursor: Any) -> list[Row]:
        """All rows that the driver's cursor has found.

        Raises:
            DBAPIError: SQLite reads most rows only now, and finds damage as it does.
        """
        with self._told(()):
            found: list[Row] = cursor.fetchall()
        return found

    @contextmanager
    def _told(self, arguments: Any) -> Iterator[None]:
        kinds = self._dialect.loaded_dbapi.Error
        try:
            yield
        except kinds as error:
            raise DBAPIError.instance(
                self._text, arguments, error, kinds, dialect=self._dialect
            ) from error


def _converter(statement: Any, dialect: Dialect) -> Callable[[Row], Row] | None:
    """What brings a row from the driver's types to ours, None where they are the same."""
    if not isinstance(statement, Select):
        return None
    found: list[tuple[int, _Convert]] = []
    for place, column in enumerate(statement.selected_columns):
        convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
        if convert is not None:
            found.append((place, convert))

    def converted(row: Row) -> Row:
        values = list(row)
        for place, convert in found:
            values[place] = convert(values[place])
        return tuple(values)

    return converted if found else None


def _cursor(connection: Connection) -> "closing[Any]":
    # SQLAlchemy begins a transaction before its own first statement only.
    if not connection.in_transaction():
        connection.begin()
    return closing(connection.connection.cursor())
