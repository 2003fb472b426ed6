"""Saved views: a search with what is shown of it, or a layout of charts, under a name."""

import uuid
from dataclasses import replace

import msgspec

from runyard.protocol.errors import AlreadyExists, InvalidRequest, NotFound
from runyard.protocol.search import Search
from runyard.protocol.stars import STARRED_VIEW
from runyard.protocol.suggestions import suggest
from runyard.protocol.views import (
    CHARTS,
    LONGEST_VIEW_NAME,
    VIEWED,
    ChangeView,
    ChartLayout,
    CreateView,
    ViewPage,
    ViewQuery,
    ViewRecord,
)
from runyard_server.core.clock import iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import experiments, models, run_searches, searches
from runyard_server.operations.searches import Words
from runyard_server.store import stars
from runyard_server.store import views as rows
from runyard_server.store.views import ViewRow

_WORDS: dict[str, Words] = {
    "runs": run_searches.RUNS,
    "models": models.WORDS,
    "experiments": experiments.WORDS,
    # Of a layout nothing is searched: an order or a filter that somebody gives it is one of runs.
    CHARTS: run_searches.RUNS,
}
_MOST = 1000
_MOST_CHARTS = 1000
_SMOOTHEST = 0.99


class _Settings(msgspec.Struct, frozen=True):
    """What a view shows, as it is kept."""

    filter: str = ""
    order_by: list[str] = []
    columns: list[str] = []
    group_by: str = ""
    children: bool = False
    charts: list[str] = []
    layout: dict[str, ChartLayout] = {}


def list_(system: System, workspace: str, query: ViewQuery) -> ViewPage:
    """The views of a workspace, by name.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Of which noun and name.

    Raises:
        WorkspaceNotFound: No such workspace.
        InvalidRequest: There is no such noun.
    """
    if query.noun is not None:
        _check_noun(query.noun)

    def read(work: Work) -> ViewPage:
        workspace_row(work, workspace)
        found = rows.of_workspace(work.connection, workspace, query.noun, query.name)
        return ViewPage([_record(row) for row in found])

    return system.read(read)


def create(system: System, workspace: str, body: CreateView) -> ViewRecord:
    """Save a view.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What it is called and shows.

    Raises:
        InvalidRequest: The name, the filter, an order or a column makes no sense.
        AlreadyExists: There is one of that name.
    """
    _check_noun(body.noun)
    given = {field: getattr(body, field) for field in _Settings.__struct_fields__}
    settings = _Settings(**given)
    text = _checked(workspace, body.noun, body.name, settings)

    def write(work: Work) -> ViewRecord:
        workspace_row(work, workspace)
        if len(rows.of_workspace(work.connection, workspace, None)) >= _MOST:
            raise InvalidRequest(f"a workspace keeps {_MOST} views; delete one first")
        _check_free(work, workspace, body.noun, body.name)
        view = ViewRow(
            uuid.uuid4().hex,
            workspace,
            body.noun,
            body.name,
            text,
            work.by(body.owner),
            work.now,
            work.now,
        )
        rows.add(work.connection, view)
        return work.answered(_record(view))

    return system.write(write)


def change(system: System, workspace: str, view: str, body: ChangeView) -> ViewRecord:
    """Change a view.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        view: Id of the view.
        body: What is to be different.

    Raises:
        NotFound: There is none.
        InvalidRequest: The name, the filter, an order or a column makes no sense.
        AlreadyExists: There is another of that name.
    """
    given = {field: getattr(body, field) for field in _Settings.__struct_fields__}
    news = {field: value for field, value in given.items() if value is not None}

    def write(work: Work) -> ViewRecord:
        row = _row(work, workspace, view)
        settings = msgspec.structs.replace(_settings(row), **news)
        name = row.name if body.name is None else body.name
        if name != row.name:
            _check_free(work, workspace, row.noun, name)
        text = _checked(workspace, row.noun, name, settings)
        changed = replace(row, name=name, settings=text, changed_at=work.now)
        rows.change(work.connection, changed)
        return _record(changed)

    return system.write(write)


def delete(system: System, workspace: str, view: str) -> None:
    """Delete a view; what it shows stays.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        view: Id of the view.

    Raises:
        NotFound: There is none.
    """

    def write(work: Work) -> None:
        rows.remove(work.connection, _row(work, workspace, view).id)
        stars.forget(work.connection, workspace, STARRED_VIEW, [view])

    system.write(write)


def _check_noun(noun: str) -> None:
    if noun not in VIEWED:
        near = suggest(noun, VIEWED, "")
        raise InvalidRequest(f"there are no views of {noun[:80]!r}; {near.sentence}")


def _check_free(work: Work, workspace: str, noun: str, name: str) -> None:
    if rows.of_workspace(work.connection, workspace, noun, name):
        raise AlreadyExists(
            f"there is a view {name!r} of {noun} already; change that one, or take another name"
        )


def _checked(workspace: str, noun: str, name: str, settings: _Settings) -> str:
    """The settings as they are kept, if a search can be made of them."""
    if not name.strip() or len(name) > LONGEST_VIEW_NAME or not name.isprintable():
        raise InvalidRequest(f"a view's name has 1 to {LONGEST_VIEW_NAME} printable characters")
    words = _WORDS[noun]
    # As the search would check them: a view that was saved can be shown.
    asked = Search(settings.filter, settings.order_by, settings.columns, 1)
    searches.prepared(words, workspace, asked)
    if settings.group_by:
        searches.field_of(words, settings.group_by)
    _check_charts(settings)
    return msgspec.json.encode(settings).decode()


def _check_charts(settings: _Settings) -> None:
    if max(len(settings.charts), len(settings.layout)) > _MOST_CHARTS:
        raise InvalidRequest(f"a view lays out {_MOST_CHARTS} charts at most")
    for name, chart in settings.layout.items():
        if chart.smoothing is not None and not 0 <= chart.smoothing <= _SMOOTHEST:
            raise InvalidRequest(
                f"the smoothing of {name[:80]!r} is a number from 0 to {_SMOOTHEST}, not "
                f"{chart.smoothing}"
            )


def _row(work: Work, workspace: str, view: str) -> ViewRow:
    row = rows.find(work.connection, workspace, view)
    if row is None:
        workspace_row(work, workspace)
        known = [one.name for one in rows.of_workspace(work.connection, workspace, None)]
        raise NotFound(
            f"there is no view {view[:80]!r}; {suggest('', known, 'none is saved').sentence}"
        )
    return row


def _settings(row: ViewRow) -> _Settings:
    return msgspec.json.decode(row.settings, type=_Settings)


def _record(row: ViewRow) -> ViewRecord:
    shown = _settings(row)
    return ViewRecord(
        id=row.id,
        workspace=row.workspace,
        name=row.name,
        noun=row.noun,
        filter=shown.filter,
        order_by=list(shown.order_by),
        columns=list(shown.columns),
        group_by=shown.group_by,
        children=shown.children,
        charts=list(shown.charts),
        owner=row.owner,
        created_at=iso(row.made_at),
        changed_at=iso(row.changed_at),
        layout=shown.layout,
    )
