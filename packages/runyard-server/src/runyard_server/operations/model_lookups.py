"""The version of a model that a request speaks of, or the refusal that names the nearest."""

from runyard.protocol.errors import InvalidRequest, ModelNotFound
from runyard.protocol.suggestions import KNOWN, suggest
from runyard_server.core.lookups import workspace_row
from runyard_server.core.work import Work
from runyard_server.store import models as rows
from runyard_server.store import registered_models as registered
from runyard_server.store.models import ModelRow
from runyard_server.store.registered_models import RegisteredRow

# More digits than any real version has would be beyond what SQLite's driver takes.
_DIGITS = 9


def require(work: Work, workspace: str, model: str) -> ModelRow:
    """The row of a model.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        model: The model: `name`, `name:version` or `name@alias`.

    Raises:
        ModelNotFound: There is none; the message names the nearest.
    """
    if ":" not in model and "@" in model:
        return _aliased(work, workspace, model)
    name, _, version = model.partition(":")
    row = None
    if not version:
        row = rows.latest(work.connection, workspace, name)
    elif version.isdecimal() and len(version) <= _DIGITS:
        row = rows.find(work.connection, workspace, name, int(version))
    if row is None:
        workspace_row(work, workspace)
        raise not_found(work, workspace, name, version)
    return row


def one_version(model: str) -> str:
    """`model` if it names one version.

    Raises:
        InvalidRequest: It is a name alone, which would mean another version tomorrow.
    """
    if ":" not in model and "@" not in model:
        raise InvalidRequest(f"say which version of {model!r}: {model}:<version>")
    return model


def require_name(work: Work, workspace: str, name: str) -> RegisteredRow:
    """The row of a registered model, without tags and aliases.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        name: The name.

    Raises:
        ModelNotFound: There is none; the message names the nearest.
    """
    row = registered.find(work.connection, workspace, name)
    if row is None or row.removed:
        workspace_row(work, workspace)
        raise not_found(work, workspace, name, "")
    return row


def not_found(work: Work, workspace: str, name: str, version: str) -> ModelNotFound:
    """Make the error that says which versions or models there are.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        name: The model's name.
        version: The version that there is none of; "" where it is the name.
    """
    known = rows.versions(work.connection, workspace, name, 5)
    if known:
        near = [f"{name}:{number}" for number in known]
        return ModelNotFound(
            f"model {name!r} has no version {version!r}; there are: {', '.join(near)}",
            {"nearest": near},
        )
    row = registered.find(work.connection, workspace, name)
    if row is not None and not row.removed:
        return ModelNotFound(f"model {name!r} has no version yet; register one", {"nearest": []})
    close = suggest(name, rows.names(work.connection, workspace, KNOWN), "it has none yet")
    return ModelNotFound(
        f"workspace {workspace!r} has no model {name!r}; {close.sentence}",
        {"nearest": close.names},
    )


def _aliased(work: Work, workspace: str, model: str) -> ModelRow:
    name, _, alias = model.partition("@")
    version = registered.alias(work.connection, workspace, name, alias)
    row = None
    if version is not None:
        row = rows.find(work.connection, workspace, name, version)
    if row is None:
        [found] = registered.find_many(work.connection, [require_name(work, workspace, name).key])
        near = suggest(alias, found.aliases, "it has none; `runyard models alias` sets one")
        raise ModelNotFound(
            f"model {name!r} has no alias {alias!r}; {near.sentence}", {"nearest": near.names}
        )
    return row
