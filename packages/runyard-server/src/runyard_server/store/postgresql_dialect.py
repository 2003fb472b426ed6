"""PostgreSQL as the store's statements need it: the same types, orders and texts as in SQLite.

* Whole numbers have 64 bits, whatever the column is called; a switch is one of 0 and 1, so that
  pages go on behind it as behind any number.
* Texts are compared byte by byte ("C"), which for UTF-8 is the order of code points.
* PostgreSQL's texts cannot hold the character NUL, which a message of a job's may have. It travels
  as two others, back and forth, and so does the one that marks it.
"""

from typing import Any

import psycopg
from psycopg.types.string import StrDumperUnknown, TextLoader
from sqlalchemy import Column, False_, Float, True_
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler, PGTypeCompiler
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg, PGDialect_psycopg

from runyard_server.store.expressions import MARK, NUL, POSTGRESQL, as_indexed

_MARK_ITSELF = f"{MARK}1"


class Types(PGTypeCompiler):
    """How types are declared."""

    def visit_INTEGER(self, type_: Any, **options: Any) -> str:  # noqa: N802 - SQLAlchemy's name
        """SQLite's integers have 64 bits."""
        parent: Any = super()
        return str(parent.visit_BIGINT(type_, **options))

    def visit_BOOLEAN(self, type_: Any, **options: Any) -> str:  # noqa: N802 - SQLAlchemy's name
        """Compared and ordered as numbers."""
        parent: Any = super()
        return str(parent.visit_SMALLINT(type_, **options))

    def visit_VARCHAR(self, type_: Any, **options: Any) -> str:  # noqa: N802 - SQLAlchemy's name
        """In the order of code points."""
        return super().visit_VARCHAR(type_, **options) + _collation(options)

    def visit_TEXT(self, type_: Any, **options: Any) -> str:  # noqa: N802 - SQLAlchemy's name
        """In the order of code points."""
        return super().visit_TEXT(type_, **options) + _collation(options)


class Statements(PGCompiler_psycopg):
    """How statements are written."""

    def visit_is__binary(self, binary: Any, _operator: Any, **options: Any) -> str:
        """`IS TRUE` is of PostgreSQL's own switches; ours are numbers."""
        sign = "=" if isinstance(binary.right, (True_, False_)) else "IS"
        left, right = (self.process(each, **options) for each in (binary.left, binary.right))
        return f"{left} {sign} {right}"


class Declarations(PGDDLCompiler):
    """How tables and indexes are declared."""

    def visit_create_index(self, create: Any, *given: Any, **options: Any) -> Any:
        """With the beginning of texts, and of some rows where SQLite's index is of those."""
        parent: Any = super()
        index = create.element
        whole, own = index.expressions, index.dialect_options[POSTGRESQL]
        # A condition for PostgreSQL in the tables would load its dialect at each start, 90 ms.
        own["where"] = index.dialect_options["sqlite"]["where"]
        index.expressions = [as_indexed(each) for each in whole]
        try:
            return parent.visit_create_index(create, *given, **options)
        finally:
            index.expressions = whole


class Double(Float[float]):
    """A float, which the driver gives as one, whatever the type of the result."""

    def result_processor(self, _dialect: Any, _coltype: object) -> None:
        """What is prepared knows no type of a result before it is executed."""


class Dialect(PGDialect_psycopg):
    """PostgreSQL through psycopg."""

    driver = "runyard"
    supports_statement_cache = True
    supports_native_boolean = False
    statement_compiler = Statements
    type_compiler_cls = Types
    ddl_compiler = Declarations
    colspecs = {**PGDialect_psycopg.colspecs, Float: Double}  # noqa: RUF012 - as SQLAlchemy has it

    @classmethod
    def import_dbapi(cls) -> Any:
        """The driver."""
        return psycopg

    def on_connect(self) -> Any:
        """Have each connection convert values as we do."""
        parent: Any = super()
        prepare = parent.on_connect()

        def connected(connection: Any) -> None:
            if prepare is not None:
                prepare(connection)
            connection.adapters.register_dumper(str, _Dumper)
            for name in ("text", "varchar"):
                connection.adapters.register_loader(name, _Loader)
            connection.adapters.register_loader("numeric", _NumberLoader)

        return connected


class _Dumper(StrDumperUnknown):
    """Texts on their way in."""

    def dump(self, obj: str) -> Any:
        if "\0" in obj or MARK in obj:
            obj = obj.replace(MARK, _MARK_ITSELF).replace("\0", NUL)
        return super().dump(obj)


class _Loader(TextLoader):
    """Texts on their way out."""

    def load(self, data: Any) -> str:
        text = str(super().load(data))
        if MARK in text:
            text = text.replace(NUL, "\0").replace(_MARK_ITSELF, MARK)
        return text


class _NumberLoader(psycopg.adapt.Loader):
    """Sums of 64-bit numbers, which PostgreSQL makes decimals of: whole numbers again."""

    def load(self, data: Any) -> int | float:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else float(text)


def _collation(options: Any) -> str:
    # Of a column's declaration only: in a cast it would be a syntax error.
    return ' COLLATE "C"' if isinstance(options.get("type_expression"), Column) else ""
