"""The history of models: who changed what, in an order that nobody can change."""

from collections.abc import Mapping

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.events import CHANGED, CREATED, DELETED, REGISTERED, RESTORED
from runyard.protocol.models import ModelChange, ModelChangePage, ModelChangeQuery
from runyard_server.core import events
from runyard_server.core.clock import iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations.model_lookups import not_found, require
from runyard_server.store import pages
from runyard_server.store import registered_models as registered
from runyard_server.store.subjects import MODEL, Subject

RENAMED, STAGED, ALIASED, NO_ALIAS = "renamed", "moved to stage", "alias set", "alias removed"
NOTHING: Mapping[str, str] = {}
_EVENTS = (REGISTERED, CREATED, CHANGED, DELETED, RESTORED)


def note(
    work: Work,
    key: int,
    subject: Subject,
    action: str,
    version: int | None = None,
    details: Mapping[str, str] = NOTHING,
) -> None:
    """Write down what is changed, in the history of the model and in the feed.

    Args:
        work: The unit of work that changes it.
        key: Key of the model's name.
        subject: What the event is about.
        action: What is done.
        version: The version; None: the name itself.
        details: More about it; what is empty is left out.
    """
    told = {name: text for name, text in details.items() if text}
    registered.note(work.connection, key, version, work.now, work.person, action, told)
    message = ", ".join(f"{name} {text}" for name, text in told.items())
    # Followers of the feed know few kinds, and read the rest.
    kind = action if action in _EVENTS else CHANGED
    if kind != action:
        message = f"{action}: {message}"
    events.append(work, subject, [EventDraft(kind, message)])


def name_subject(workspace: str, name: str) -> Subject:
    """A model's name as what events are about.

    Args:
        workspace: Id of the workspace.
        name: The name.
    """
    return Subject(MODEL, workspace, name)


def history(system: System, workspace: str, model: str, query: ModelChangeQuery) -> ModelChangePage:
    """Who changed what of a model, or of one version, newest first; also of one that was deleted.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: The model: `name`, `name:version` or `name@alias`.
        query: What is asked for.

    Raises:
        ModelNotFound: There never was one; the message names the nearest.
    """
    limit = pages.limit(query.page_size)
    before = pages.after(query.page_token, int)

    def read(work: Work) -> ModelChangePage:
        name, version = _named(work, workspace, model)
        row = registered.find(work.connection, workspace, name)
        if row is None:
            workspace_row(work, workspace)
            raise not_found(work, workspace, name, "")
        found = registered.changes(work.connection, row.key, version, before, limit + 1)
        page, token = pages.cut(found, limit, lambda each: each.key)
        items = [
            ModelChange(iso(each.time), each.action, each.actor, each.version, each.details)
            for each in page
        ]
        return ModelChangePage(items, token)

    return system.read(read)


def _named(work: Work, workspace: str, model: str) -> tuple[str, int | None]:
    """The name and the version that are asked about; the version may be one that was deleted."""
    if ":" not in model and "@" in model:
        row = require(work, workspace, model)
        return row.name, row.version
    name, colon, version = model.partition(":")
    if colon and not (version.isdecimal() and len(version) < 10):  # noqa: PLR2004 - of 64 bits
        raise InvalidRequest(f"{model!r} is no version: say {name}:<number>")
    return name, int(version) if version else None
