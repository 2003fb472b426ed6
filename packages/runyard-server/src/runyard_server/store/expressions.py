"""Expressions that SQLite and PostgreSQL spell apart; no other statement names a database.

Where the two differ in a word, a class below says it for each of them. What is said for PostgreSQL
is registered by name, so a service on SQLite never loads that dialect.
"""

from typing import Any

from sqlalchemy import ColumnElement, Exists, Float, Integer, String, Text, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

POSTGRESQL = "postgresql"
# Of a private plane: hardly any text has it, and none is refused for it.
MARK = "\U000f0000"
NUL = f"{MARK}0"
"""As PostgreSQL, whose texts cannot have it, keeps a NUL; the mark is kept as itself and a 1."""
# So many letters of a text are in an index: PostgreSQL refuses entries of more than 2,704 bytes.
INDEXED_LETTERS = 250


class Unindexed(FunctionElement[Any]):
    """A column, of which no index is taken to be the way to its rows."""

    # Without it SQLAlchemy would compile every statement that has one anew.
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(Unindexed)
def _with_plus(element: Unindexed, compiler: Any, **options: Any) -> str:
    # SQLite's documented way: a term with a unary plus is never taken for an index.
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(Unindexed, POSTGRESQL)
def _with_nothing_added(element: Unindexed, compiler: Any, **options: Any) -> str:
    nothing = "|| ''" if isinstance(element.type, String) else "+ 0"
    return f"({compiler.process(element.clauses, **options)} {nothing})"


class Begin(FunctionElement[str]):
    """A text as its index has it: whole in SQLite, only the first letters in PostgreSQL."""

    inherit_cache = True
    type = String()

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)


@compiles(Begin)
def _whole(element: Begin, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(Begin, POSTGRESQL)
def _left(element: Begin, compiler: Any, **options: Any) -> str:
    return f"left({compiler.process(element.clauses, **options)}, {INDEXED_LETTERS})"


def as_indexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column as its indexes have it: of one that is declared as `Text` the first letters."""
    return Begin(column) if isinstance(getattr(column, "type", None), Text) else column


class Part(FunctionElement[str]):
    """A part of a text.

    Args:
        text: The text.
        first: Its first letter, counted from 1.
        length: How many letters; None: all that follow.
    """

    inherit_cache = True
    type = String()

    def __init__(self, text: ColumnElement[Any], first: int, length: int | None = None) -> None:
        bounds = (first,) if length is None else (first, length)
        super().__init__(text, *(literal(each, Integer) for each in bounds))


@compiles(Part)
def _substr(element: Part, compiler: Any, **options: Any) -> str:
    return f"substr({compiler.process(element.clauses, **options)})"


@compiles(Part, POSTGRESQL)
def _substr_of_32_bits(element: Part, compiler: Any, **options: Any) -> str:
    # Of our whole numbers, which have 64 bits there, it knows no such function.
    text, *bounds = (compiler.process(each, **options) for each in element.clauses)
    return f"substr({', '.join((text, *(f'({each})::int4' for each in bounds)))})"


class Second(FunctionElement[float]):
    """A second in microseconds, as a float: SQLite drops the rest when it divides whole numbers."""

    inherit_cache = True
    type = Float()


@compiles(Second)
def _float(_element: Second, _compiler: Any, **_options: Any) -> str:
    # Figures are part of the text: an index of another text than the statement's is not found.
    return "1000000.0"


@compiles(Second, POSTGRESQL)
def _double(_element: Second, _compiler: Any, **_options: Any) -> str:
    # Without its type it would be a decimal, which no index compares with a float.
    return "1000000.0::float8"


class OneIn(FunctionElement[bool]):
    """Whether a row is one of so many, by chance; a power of two."""

    inherit_cache = True

    def __init__(self, many: int) -> None:
        super().__init__(literal(many, Integer))


@compiles(OneIn)
def _by_bits(element: OneIn, compiler: Any, **options: Any) -> str:
    return f"(random() & ({compiler.process(element.clauses, **options)} - 1)) = 0"


@compiles(OneIn, POSTGRESQL)
def _by_part(element: OneIn, compiler: Any, **options: Any) -> str:
    return f"(random() * {compiler.process(element.clauses, **options)} < 1)"


class OfEachRow(FunctionElement[bool]):
    """Whether a row of another table is there, asked of each row as it comes: no way to rows."""

    inherit_cache = True

    def __init__(self, there: Exists) -> None:
        super().__init__(there)


@compiles(OfEachRow)
def _asked(element: OfEachRow, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(OfEachRow, POSTGRESQL)
def _not_joined(element: OfEachRow, compiler: Any, **options: Any) -> str:
    # Of an EXISTS by itself it makes a join, and begins with the side that it takes for the
    # smaller, or reads all of the other table once. It does neither behind an OFFSET.
    there = compiler.process(element.clauses, **options)
    return f"{there.removesuffix(')')} OFFSET 0)"


class Among(FunctionElement[bool]):
    """Whether a key is among those of a query, which are found first and looked up one by one.

    Args:
        key: The column of the keys.
        found: What selects them.
    """

    inherit_cache = True

    def __init__(self, key: ColumnElement[Any], found: Any) -> None:
        super().__init__(key, found.scalar_subquery())


@compiles(Among)
def _in(element: Among, compiler: Any, **options: Any) -> str:
    key, found = (compiler.process(each, **options) for each in element.clauses)
    return f"{key} IN {found}"


@compiles(Among, POSTGRESQL)
def _any(element: Among, compiler: Any, **options: Any) -> str:
    key, found = (compiler.process(each, **options) for each in element.clauses)
    # As an array, for an IN becomes a join, whose order is a guess.
    return f"{key} = ANY(ARRAY{found})"


class Fits(FunctionElement[bool]):
    """Whether a text fits a pattern, letter by letter.

    Args:
        text: The text.
        glob: The pattern as SQLite's GLOB has it, whose LIKE takes case for equal.
        like: The pattern as PostgreSQL's LIKE has it.
    """

    inherit_cache = True

    def __init__(self, text: ColumnElement[Any], glob: str, like: str) -> None:
        super().__init__(text, literal(glob, String), literal(like, String))


@compiles(Fits)
def _glob(element: Fits, compiler: Any, **options: Any) -> str:
    text, glob, _ = element.clauses
    return f"({compiler.process(text, **options)} GLOB {compiler.process(glob, **options)})"


@compiles(Fits, POSTGRESQL)
def _like(element: Fits, compiler: Any, **options: Any) -> str:
    text, _, like = (compiler.process(each, **options) for each in element.clauses)
    return rf"({text} LIKE {like} ESCAPE '\')"


class FitsLoosely(FunctionElement[bool]):
    """The same where upper and lower case are one.

    Args:
        text: The text.
        glob: The pattern in small letters, as SQLite's GLOB has it.
        like: The pattern in small letters, as LIKE has it.
    """

    inherit_cache = True

    def __init__(self, text: ColumnElement[Any], glob: str, like: str) -> None:
        super().__init__(text, literal(glob, String), literal(like, String))


@compiles(FitsLoosely)
def _by_python(element: FitsLoosely, compiler: Any, **options: Any) -> str:
    text, glob, like = (compiler.process(each, **options) for each in element.clauses)
    # Python makes letters small (`sqlite.py`), which is five times as slow as all the rest, so
    # texts of ASCII alone, which have as many bytes as letters, go through SQLite's own LIKE.
    is_ascii = f"length({text}) = length(CAST({text} AS BLOB))"
    return (
        rf"(CASE WHEN ({is_ascii}) THEN {text} LIKE {like} ESCAPE '\' "
        f"ELSE lowercase({text}) GLOB {glob} END)"
    )


@compiles(FitsLoosely, POSTGRESQL)
def _by_icu(element: FitsLoosely, compiler: Any, **options: Any) -> str:
    text, _, like = element.clauses
    text, like = compiler.process(text, **options), compiler.process(like, **options)
    # The columns' own collation is "C", which knows the letters of ASCII alone.
    small = f"""lower(({text}) COLLATE "und-x-icu") COLLATE "C" """
    return (
        f"(CASE WHEN octet_length({text}) = char_length({text}) "
        rf"THEN lower({text}) LIKE {like} ESCAPE '\' ELSE {small} LIKE {like} ESCAPE '\' END)"
    )


class Gathered(FunctionElement[str]):
    """The values of a group's rows as a JSON object.

    Args:
        name: The column of names, none twice in a group.
        value: The column of texts; a number would lose digits in SQLite.
    """

    inherit_cache = True
    type = String()

    def __init__(self, name: ColumnElement[str], value: ColumnElement[Any]) -> None:
        super().__init__(name, value)


@compiles(Gathered)
def _group_object(element: Gathered, compiler: Any, **options: Any) -> str:
    return f"json_group_object({compiler.process(element.clauses, **options)})"


@compiles(Gathered, POSTGRESQL)
def _object_agg(element: Gathered, compiler: Any, **options: Any) -> str:
    found = f"json_object_agg({compiler.process(element.clauses, **options)})::text"
    # Escaped here: the driver makes a bare NUL of it, and JSON has none.
    return rf"replace({found}, '{NUL}', '\u0000')"


class Entries(FunctionElement[Any]):
    """The entries of a JSON object of texts, as a table of `key` and `value`."""

    inherit_cache = True


class Elements(FunctionElement[Any]):
    """The elements of a JSON array of texts, as a table of `value`.

    Args:
        document: The JSON text.
        within: The object's entry that is the array; "" where the text is.
    """

    inherit_cache = True

    def __init__(self, document: ColumnElement[Any], within: str = "") -> None:
        path = (literal(within, String),) if within else ()
        super().__init__(document, *path)


class Numbers(FunctionElement[Any]):
    """The elements of a JSON array of whole numbers, as a table of `value`."""

    inherit_cache = True


@compiles(Entries)
@compiles(Elements)
@compiles(Numbers)
def _json_each(element: FunctionElement[Any], compiler: Any, **options: Any) -> str:
    document, *path = (compiler.process(each, **options) for each in element.clauses)
    return f"json_each({document}, '$.' || {path[0]})" if path else f"json_each({document})"


@compiles(Entries, POSTGRESQL)
def _each_text(element: Entries, compiler: Any, **options: Any) -> str:
    return f"json_each_text({_as_json(compiler.process(element.clauses, **options))})"


def _as_json(document: str) -> str:
    # In JSON a NUL is an escape, which PostgreSQL makes no text of: it becomes what stands for it.
    # One behind a backslash that is itself escaped is none.
    escape, plain = r"'(?<!\\)((?:\\\\)*)\\u0000'", rf"'\1{NUL}'"
    replaced = f"regexp_replace({document}, {escape}, {plain}, 'g')"
    return (
        rf"(CASE WHEN strpos({document}, '\u0000') > 0 THEN {replaced} ELSE {document} END)::json"
    )


@compiles(Elements, POSTGRESQL)
def _elements(element: Elements, compiler: Any, **options: Any) -> str:
    document, *path = (compiler.process(each, **options) for each in element.clauses)
    array = _as_json(document) + (f" -> {path[0]}" if path else "")
    return f"json_array_elements_text({array})"


@compiles(Numbers, POSTGRESQL)
def _numbers(element: Numbers, compiler: Any, **options: Any) -> str:
    texts = f"json_array_elements_text(({compiler.process(element.clauses, **options)})::json)"
    return f"(SELECT value::int8 AS value FROM {texts})"  # noqa: S608 - made of our own statement
