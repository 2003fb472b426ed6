"""Runs as a file: a search read page by page, and its rows written as they come.

Nothing is kept but one group of rows, so a million runs take as much memory as ten thousand. Names
of metrics and the like become columns, and those must be known before the first row: they are read
of the runs that are found, and where these are very many, of the workspace.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import msgspec

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import ATTRIBUTE, METRIC, PARAMETER, PROPERTY, TAG, Field
from runyard.protocol.metrics import SCALAR
from runyard.protocol.run_export import (
    CSV,
    FORMATS,
    JSON_LINES,
    MOST_COLUMNS,
    PARQUET,
    ExportRuns,
)
from runyard.protocol.search import Search
from runyard.protocol.suggestions import suggest
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import Chunks, System
from runyard_server.core.work import Work
from runyard_server.operations import parquet, run_searches, searches
from runyard_server.operations.parquet import INTEGER, NUMBER, SWITCH, TEXT, TIME
from runyard_server.store import metrics, nouns, run_keys, run_names, runs
from runyard_server.store.runs import RunRow

PAGE = 1000
# So many runs are asked for their names: a second. Of more, the workspace's names are taken.
_ASKED_FOR_NAMES = 20_000
# A group of rows has up to so many cells, and so many rows.
_CELLS, _ROWS = 500_000, 10_000
_KINDS = (METRIC, PARAMETER, TAG, PROPERTY)


class Entry(NamedTuple):
    """A run with what it has by name, by kind of field."""

    run: RunRow
    named: Mapping[str, Mapping[str, Any]]
    now: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of the file; the field is of what stands in a side table."""

    name: str
    kind: str
    value: Callable[[Entry], Any]
    field: Field | None = None


def _duration(entry: Entry) -> float | None:
    started = entry.run.started_at
    return None if started is None else ((entry.run.ended_at or entry.now) - started) / SECOND


_ATTRIBUTES = [
    Shown("id", TEXT, lambda entry: entry.run.id),
    Shown("name", TEXT, lambda entry: entry.run.name),
    Shown("experiment", TEXT, lambda entry: entry.run.experiment),
    Shown("number", INTEGER, lambda entry: entry.run.number),
    Shown("status", TEXT, lambda entry: entry.run.status),
    Shown("active", SWITCH, lambda entry: entry.run.active),
    Shown("type", TEXT, lambda entry: entry.run.run_type),
    Shown("target", TEXT, lambda entry: entry.run.target),
    Shown("parent", TEXT, lambda entry: entry.run.parent),
    Shown("user", TEXT, lambda entry: entry.run.submitted_by or None),
    Shown("nodes", INTEGER, lambda entry: entry.run.node_count),
    Shown("attempt", INTEGER, lambda entry: entry.run.attempt),
    Shown("created_at", TIME, lambda entry: entry.run.created_at),
    Shown("started_at", TIME, lambda entry: entry.run.started_at),
    Shown("ended_at", TIME, lambda entry: entry.run.ended_at),
    Shown("duration", NUMBER, _duration),
    Shown("snapshot", TEXT, lambda entry: entry.run.snapshot),
    Shown("environment", TEXT, lambda entry: entry.run.environment_lock),
    Shown("description", TEXT, lambda entry: entry.run.description or None),
]
_BY_NAME = {one.name: one for one in _ATTRIBUTES}


def export(system: System, workspace: str, query: ExportRuns) -> Chunks:
    """What a search finds as a file, made while it is sent.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Which runs, and how.

    Raises:
        WorkspaceNotFound: There is no such workspace.
        InvalidRequest: It makes no sense, or has too many columns.
    """
    if query.format not in FORMATS:
        near = suggest(query.format, FORMATS, "", few=len(FORMATS))
        raise InvalidRequest(f"{query.format!r} is no format of exports; {near.sentence}")
    if query.limit is not None and query.limit < 0:
        raise InvalidRequest(f"limit is a whole number from 0, not {query.limit}")
    system.read(lambda work: workspace_row(work, workspace))
    finder = _Finder(system, workspace, query)
    columns = finder.columns()
    return Chunks(_WRITERS[query.format](columns, finder.entries(columns)), f"runs.{query.format}")


class _Finder:
    """Finds the runs of an export.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.

    Raises:
        InvalidRequest: The search makes no sense.
    """

    def __init__(self, system: System, workspace: str, query: ExportRuns) -> None:
        self._system = system
        self._workspace = workspace
        self._query = query
        self._fields = [searches.field_of(run_searches.RUNS, text) for text in query.columns]
        self._search(None)

    def columns(self) -> list[Shown]:
        """The columns of the file.

        Raises:
            InvalidRequest: They are too many.
        """
        asked = self._fields or [Field(ATTRIBUTE, ""), *(Field(kind, "") for kind in _KINDS)]
        names = self._names([one.kind for one in asked if not one.name and one.kind != ATTRIBUTE])
        found: dict[str, Shown] = {}
        for one in asked:
            for column in _columns(one, names):
                found.setdefault(column.name, column)
        if len(found) > MOST_COLUMNS:
            raise InvalidRequest(
                f"these runs have more than {MOST_COLUMNS} metrics, parameters, tags and "
                "properties by name; say with columns which are wanted, such as metrics.loss"
            )
        return list(found.values())

    def entries(self, columns: Sequence[Shown]) -> Iterator[list[Entry]]:
        """The runs, a page at a time.

        Args:
            columns: What will be asked of them.
        """
        wanted: dict[str, list[str]] = {}
        for column in columns:
            if column.field is not None:
                wanted.setdefault(column.field.kind, []).append(column.field.name)
        for keys in self._pages():
            found = self._system.read(partial(_entries, keys=keys, wanted=wanted))
            # They may be gone since they were found, and an empty piece would end the answer.
            if found:
                yield found

    def _names(self, kinds: Sequence[str]) -> dict[str, list[str]]:
        """The names of each kind."""
        if not kinds:
            return {}
        limit = self._query.limit
        if not self._query.filter and (limit is None or limit > _ASKED_FOR_NAMES):
            return self._names_of_workspace(kinds)
        found: dict[str, dict[str, None]] = {kind: {} for kind in kinds}
        looked = 0
        for keys in self._pages():
            looked += len(keys)
            if looked > _ASKED_FOR_NAMES:
                return self._names_of_workspace(kinds)
            for kind, names in self._system.read(partial(_names, keys=keys, kinds=kinds)).items():
                found[kind].update(dict.fromkeys(names))
        return {kind: sorted(names) for kind, names in found.items()}

    def _names_of_workspace(self, kinds: Sequence[str]) -> dict[str, list[str]]:
        def read(work: Work) -> dict[str, list[str]]:
            return {
                kind: run_keys.names(
                    work.connection,
                    nouns.RUNS.sides[kind].table,
                    self._workspace,
                    prefix="",
                    limit=MOST_COLUMNS + 1,
                    only=_is_scalar if kind == METRIC else run_keys.nothing_more,
                )
                for kind in kinds
            }

        return self._system.read(read)

    def _pages(self) -> Iterator[list[int]]:
        """The keys of the runs, some at a time."""
        left, token = self._query.limit, None
        while left is None or left > 0:
            asked = self._search(token)
            if left is not None:
                asked = replace(asked, limit=min(PAGE, left))
            page = self._system.read(partial(run_searches.found, those=asked))
            if page.keys:
                yield page.keys
            token = page.token
            if token is None:
                return
            left = None if left is None else left - len(page.keys)

    def _search(self, token: str | None) -> searches.Prepared:
        query = self._query
        asked = Search(query.filter, query.order_by, [], PAGE, token, short_pages=True)
        return run_searches.prepared(self._workspace, asked)


def _is_scalar(rows: Any) -> Sequence[Any]:
    return (rows.c.kind == SCALAR,)


def _names(work: Work, keys: Sequence[int], kinds: Sequence[str]) -> dict[str, list[str]]:
    return {kind: run_names.of(work.connection, kind, keys) for kind in kinds}


def _entries(work: Work, keys: Sequence[int], wanted: Mapping[str, list[str]]) -> list[Entry]:
    connection = work.connection
    read: dict[str, Callable[..., Mapping[int, Mapping[str, Any]]]] = {
        METRIC: metrics.latest,
        PARAMETER: runs.params,
        TAG: runs.tags,
        PROPERTY: runs.properties,
    }
    found = {kind: read[kind](connection, keys, names) for kind, names in wanted.items()}
    return [
        Entry(row, {kind: values[row.key] for kind, values in found.items()}, work.now)
        for row in runs.find_in_order(connection, keys)
    ]


def _columns(field: Field, names: Mapping[str, list[str]]) -> list[Shown]:
    """The columns that a field stands for."""
    if field.kind == ATTRIBUTE:
        return [_BY_NAME[field.name]] if field.name else _ATTRIBUTES
    wanted = [field.name] if field.name else names[field.kind]
    kind = NUMBER if field.kind == METRIC else TEXT
    return [
        Shown(f"{field.kind}.{name}", kind, _named(field.kind, name), Field(field.kind, name))
        for name in wanted
    ]


def _named(kind: str, name: str) -> Callable[[Entry], Any]:
    return lambda entry: entry.named[kind].get(name)


def _csv(columns: Sequence[Shown], pages: Iterator[list[Entry]]) -> Iterator[bytes]:
    """Commas between fields; times as in the protocol, and nothing for what a run lacks."""
    shown = [(_told(column.kind), column.value) for column in columns]

    def lines(rows: Iterator[list[Any]] | list[list[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode("utf-8", "replace")

    yield lines([[column.name for column in columns]])
    for page in pages:
        yield lines([tell(value(entry)) for tell, value in shown] for entry in page)


def _json_lines(columns: Sequence[Shown], pages: Iterator[list[Entry]]) -> Iterator[bytes]:
    """An object a line, without what a run lacks."""
    shown = [(column.name, _told(column.kind), column.value) for column in columns]
    encoder = msgspec.json.Encoder()
    for page in pages:
        rows = []
        for entry in page:
            values = ((name, tell, value(entry)) for name, tell, value in shown)
            rows.append({name: tell(value) for name, tell, value in values if value is not None})
        yield encoder.encode_lines(rows)


def _parquet(columns: Sequence[Shown], pages: Iterator[list[Entry]]) -> Iterator[bytes]:
    writer = parquet.Writer([parquet.Column(one.name, one.kind) for one in columns])
    yield parquet.MAGIC
    most = max(PAGE, min(_ROWS, _CELLS // max(1, len(columns))))
    rows: list[Entry] = []
    for page in pages:
        rows += page
        if len(rows) >= most:
            yield writer.group([[one.value(row) for row in rows] for one in columns])
            rows = []
    if rows:
        yield writer.group([[one.value(row) for row in rows] for one in columns])
    yield writer.end()


def _told(kind: str) -> Callable[[Any], Any]:
    """How a value is written in text."""
    return _time if kind == TIME else _as_it_is


def _time(value: int | None) -> str | None:
    return None if value is None else iso(value)


def _as_it_is(value: Any) -> Any:
    return value


_WRITERS = {CSV: _csv, JSON_LINES: _json_lines, PARQUET: _parquet}
