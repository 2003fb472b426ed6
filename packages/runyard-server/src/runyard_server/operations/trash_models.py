"""Models into the trash and back: one version, or a name with all its versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from runyard.protocol import events as kinds
from runyard.protocol.errors import WrongState
from runyard_server.core.work import Work
from runyard_server.operations import model_history
from runyard_server.operations.model_history import name_subject
from runyard_server.operations.model_lookups import require, require_name
from runyard_server.store import endpoints, trashed
from runyard_server.store import models as rows
from runyard_server.store import registered_models as registered
from runyard_server.store.models import ModelRow
from runyard_server.store.trash import TrashRow


@dataclass(frozen=True)
class FoundModel:
    """What would be deleted: the versions, and what belongs to the name if that goes too."""

    name: str
    versions: Sequence[ModelRow]
    description: str
    tags: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(row.size for row in self.versions)


def found(work: Work, workspace: str, model: str) -> FoundModel:
    """What deleting a version (`name:version`, `name@alias`) or a name takes away.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        model: The model.

    Raises:
        ModelNotFound: There is none; the message names the nearest.
        WrongState: An endpoint serves it, or an alias points to it.
    """
    if ":" in model or "@" in model:
        row = require(work, workspace, model)
        # By its one spelling: `m:01` is version 1, too.
        served = endpoints.serving_model(work.connection, workspace, row.subject.id)
        _refuse_served(row.subject.id, served)
        _refuse_aliased(row.name, row.subject.id, row.aliases)
        return FoundModel(row.subject.id, [row], "", {})
    name = require_name(work, workspace, model)
    refuse_served_name(work, workspace, model)
    [named] = registered.find_many(work.connection, [name.key])
    _refuse_aliased(model, model, list(named.aliases))
    versions = rows.all_of(work.connection, workspace, model)
    return FoundModel(model, versions, named.description, named.tags)


def put(work: Work, workspace: str, model: str, keys: Sequence[int]) -> None:
    """Move versions into the trash, and with a name alone the name.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        model: What is deleted, as `found` gave it.
        keys: Keys of the versions.
    """
    name, _, version = model.partition(":")
    key = require_name(work, workspace, name).key
    rows.move(work.connection, keys, trashed.of(workspace))
    rows.point_to_newest(work.connection, workspace, name)
    if version:
        subject = rows.subject_of(workspace, name, int(version))
        registered.change(work.connection, key, changed_at=work.now)
        model_history.note(work, key, subject, kinds.DELETED, int(version))
        return
    registered.remove(work.connection, key)
    model_history.note(work, key, name_subject(workspace, name), kinds.DELETED)


def back(
    work: Work, entry: TrashRow, keys: Sequence[int], description: str, tags: dict[str, str]
) -> None:
    """Bring versions back, and what belonged to their name.

    Args:
        work: The unit of work.
        entry: The entry.
        keys: Keys of the versions.
        description: The name's.
        tags: The name's.
    """
    name, _, version = entry.subject.partition(":")
    key = registered.ensure(work.connection, entry.workspace, name, work.now, work.person)
    rows.move(work.connection, keys, entry.workspace)
    rows.point_to_newest(work.connection, entry.workspace, name)
    if version:
        subject = rows.subject_of(entry.workspace, name, int(version))
        model_history.note(work, key, subject, kinds.RESTORED, int(version))
        return
    if description:
        registered.change(work.connection, key, description=description)
    registered.set_tags(work.connection, key, tags)
    model_history.note(work, key, name_subject(entry.workspace, name), kinds.RESTORED)


def refuse_served_name(work: Work, workspace: str, name: str) -> None:
    """Refuse to delete or rename a model of which an endpoint serves a version.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        name: The model's name.

    Raises:
        WrongState: One does; the message names it.
    """
    _refuse_served(name, endpoints.serving_name(work.connection, workspace, name))


def _refuse_served(model: str, users: list[str]) -> None:
    if users:
        named = ", ".join(repr(name) for name in users)
        raise WrongState(
            f"model {model} is served by endpoint{'' if len(users) == 1 else 's'} {named}; deploy "
            "another there, or delete the endpoint, first",
            {"endpoints": users},
        )


def _refuse_aliased(name: str, model: str, aliases: list[str]) -> None:
    if aliases:
        raise WrongState(
            f"model {model} has the alias {aliases[0]!r}, by which others find it; point it to "
            f"another version (`runyard models alias {name} {aliases[0]} VERSION`) or remove it "
            f"(`runyard models alias {name} {aliases[0]} --delete`) first",
            {"aliases": aliases},
        )
