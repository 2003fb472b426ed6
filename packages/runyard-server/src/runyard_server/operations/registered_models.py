"""Registered models: what belongs to a name and not to one of its versions."""

from collections.abc import Sequence
from dataclasses import replace

from runyard.protocol import events as kinds
from runyard.protocol.errors import AlreadyExists, ModelNotFound
from runyard.protocol.models import NAME_RULE
from runyard.protocol.registered_models import (
    ALIAS_RULE,
    ChangeRegisteredModel,
    CreateRegisteredModel,
    RegisteredModelPage,
    RegisteredModelRecord,
    SetAlias,
)
from runyard.protocol.search import Search
from runyard.protocol.suggestions import suggest
from runyard.protocol.trash import MODEL, AddTrash
from runyard_server.core import names
from runyard_server.core.clock import iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import model_history, model_titles, models, searches, trash
from runyard_server.operations.model_history import name_subject
from runyard_server.operations.model_lookups import require, require_name
from runyard_server.operations.searches import Words
from runyard_server.operations.trash_models import refuse_served_name
from runyard_server.store import models as versions
from runyard_server.store import nouns
from runyard_server.store import registered_models as rows
from runyard_server.store.registered_models import RegisteredRow

_ALIAS_MEANING = (
    "1 to 255 letters, digits, '-', '.' or '_', begin with none of '-' and '.', and be neither "
    "'latest' nor a version's number"
)
WORDS = Words(
    "registered models",
    nouns.REGISTERED_MODELS,
    others={
        "last_version": "versions",
        "created": "created_at",
        "creation_timestamp": "created_at",
        "changed": "changed_at",
        "last_updated_timestamp": "changed_at",
    },
)
TITLED = replace(WORDS, noun=nouns.TITLED_NAMES)


def create(
    system: System, workspace: str, body: CreateRegisteredModel, *, title: str = ""
) -> RegisteredModelRecord:
    """Make a model's name before its first version.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.
        title: What a tracker calls it, which its name is made of.

    Raises:
        WrongName: The name breaks its rule.
        AlreadyExists: There is a model of that name.
    """
    names.checked("model", body.name, NAME_RULE, models.MEANING)
    names.check_texts("tag", body.tags)
    model_titles.refuse_tag(list(body.tags))
    tags = {**body.tags, **model_titles.kept(body.name, title)}

    def write(work: Work) -> RegisteredModelRecord:
        workspace_row(work, workspace)
        _refuse_taken(work, workspace, body.name)
        key = rows.ensure(work.connection, workspace, body.name, work.now, work.person)
        rows.change(work.connection, key, description=body.description)
        rows.set_tags(work.connection, key, tags)
        model_history.note(work, key, name_subject(workspace, body.name), kinds.CREATED)
        return work.answered(_records(work, workspace, [key])[0])

    return system.write(write)


def search(
    system: System, workspace: str, body: Search, *, titled: bool = False
) -> RegisteredModelPage:
    """One page of a search for registered models.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.
        titled: Whether `title`, what trackers call them, is one of the attributes.

    Raises:
        InvalidRequest: The filter, an order, a column or the page token makes no sense.
    """
    asked = searches.prepared(TITLED if titled else WORDS, workspace, body)
    asked = replace(asked, wanted=replace(asked.wanted, more=[rows.NOT_REMOVED]))

    def read(work: Work) -> RegisteredModelPage:
        workspace_row(work, workspace)
        page = searches.found(work, asked)
        items = _records(work, workspace, page.keys)
        return RegisteredModelPage(items, page.token, page.looked_at)

    return system.read(read)


def get(system: System, workspace: str, name: str) -> RegisteredModelRecord:
    """A registered model with its aliases and the newest version of each stage.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: The name.

    Raises:
        ModelNotFound: There is none; the message names the nearest.
    """

    def read(work: Work) -> RegisteredModelRecord:
        return _records(work, workspace, [require_name(work, workspace, name).key])[0]

    return system.read(read)


def change(
    system: System, workspace: str, name: str, *, body: ChangeRegisteredModel, title: str = ""
) -> RegisteredModelRecord:
    """Change the name, the description or the tags of a registered model.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: The name.
        body: What is asked for.
        title: What a tracker calls it from now on, where it gets another name.

    Raises:
        ModelNotFound: There is none.
        AlreadyExists: The new name is another model's.
        WrongState: It is to be renamed and an endpoint serves it by its name.
    """
    names.check_texts("tag", body.tags)
    model_titles.refuse_tag([*body.tags, *body.removed_tags])
    if body.name is not None:
        names.checked("model", body.name, NAME_RULE, models.MEANING)

    def write(work: Work) -> RegisteredModelRecord:
        row = require_name(work, workspace, name)
        values = {} if body.description is None else {"description": body.description}
        rows.change(work.connection, row.key, changed_at=work.now, **values)
        rows.set_tags(work.connection, row.key, body.tags, body.removed_tags)
        if body.name is not None and body.name != name:
            _rename(work, row, body.name, title)
        told = _told(body)
        if any(told.values()):
            subject = name_subject(workspace, body.name or name)
            model_history.note(work, row.key, subject, kinds.CHANGED, details=told)
        return _records(work, workspace, [row.key])[0]

    return system.write(write)


def delete(system: System, workspace: str, name: str) -> None:
    """Delete a registered model with all its versions; the trash has them for a while.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: The name.

    Raises:
        ModelNotFound: There is none.
        WrongState: An endpoint serves one of its versions, or an alias points to one.
    """
    system.read(lambda work: require_name(work, workspace, name))
    trash.add(system, workspace, AddTrash(MODEL, name))


def set_alias(
    system: System, workspace: str, name: str, alias: str, *, body: SetAlias
) -> RegisteredModelRecord:
    """Have an alias point to a version, wherever it pointed before.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: The model.
        alias: The alias.
        body: The version.

    Raises:
        WrongName: The alias breaks its rule.
        ModelNotFound: There is no such version.
    """
    names.checked("alias", alias, ALIAS_RULE, _ALIAS_MEANING)

    def write(work: Work) -> RegisteredModelRecord:
        row = require_name(work, workspace, name)
        # As a text: a number from outside may be beyond what the database takes.
        require(work, workspace, f"{name}:{body.version}")
        before = rows.alias(work.connection, workspace, name, alias)
        rows.set_alias(work.connection, row.key, alias, body.version)
        rows.change(work.connection, row.key, changed_at=work.now)
        told = {"alias": alias, "before": "" if before is None else str(before)}
        subject = name_subject(workspace, name)
        model_history.note(work, row.key, subject, model_history.ALIASED, body.version, told)
        return _records(work, workspace, [row.key])[0]

    return system.write(write)


def delete_alias(system: System, workspace: str, name: str, alias: str) -> RegisteredModelRecord:
    """Remove an alias; the version stays.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: The model.
        alias: The alias.

    Raises:
        ModelNotFound: There is no such alias.
    """

    def write(work: Work) -> RegisteredModelRecord:
        row = require_name(work, workspace, name)
        before = rows.alias(work.connection, workspace, name, alias)
        if before is None:
            [found] = rows.find_many(work.connection, [row.key])
            near = suggest(alias, found.aliases, "it has none")
            raise ModelNotFound(
                f"model {name!r} has no alias {alias!r}; {near.sentence}", {"nearest": near.names}
            )
        rows.delete_alias(work.connection, row.key, alias)
        rows.change(work.connection, row.key, changed_at=work.now)
        subject = name_subject(workspace, name)
        model_history.note(work, row.key, subject, model_history.NO_ALIAS, before, {"alias": alias})
        return _records(work, workspace, [row.key])[0]

    return system.write(write)


def _rename(work: Work, row: RegisteredRow, name: str, title: str) -> None:
    _refuse_taken(work, row.workspace, name)
    refuse_served_name(work, row.workspace, row.name)
    rows.rename(work.connection, row, name, model_titles.kept(name, title))
    told = {"name": name, "before": row.name}
    subject = name_subject(row.workspace, name)
    model_history.note(work, row.key, subject, model_history.RENAMED, details=told)


def _refuse_taken(work: Work, workspace: str, name: str) -> None:
    found = rows.find(work.connection, workspace, name)
    if found is not None and not found.removed:
        raise AlreadyExists(f"there is a model {name!r} already; choose another name")


def _told(body: ChangeRegisteredModel) -> dict[str, str]:
    tags = [f"{name}={value}" for name, value in body.tags.items()]
    tags += [f"-{name}" for name in body.removed_tags]
    return {"tags": ", ".join(tags), "description": body.description or ""}


def _records(work: Work, workspace: str, keys: Sequence[int]) -> list[RegisteredModelRecord]:
    found = rows.find_many(work.connection, keys)
    newest = rows.newest_of_stages(work.connection, workspace, [row.name for row in found])
    by_name: dict[str, list[versions.ModelRow]] = {}
    for version in versions.find_many(work.connection, newest):
        by_name.setdefault(version.name, []).append(version)
    return [
        RegisteredModelRecord(
            name=row.name,
            created_at=iso(row.created_at),
            changed_at=iso(row.changed_at),
            description=row.description,
            created_by=row.created_by,
            tags=row.tags,
            aliases=row.aliases,
            latest=[models.record_of(each) for each in by_name.get(row.name, [])],
        )
        for row in found
    ]
