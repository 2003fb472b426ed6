"""MLflow's registered models: what belongs to a name and not to one of its versions."""

from typing import Any

from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.models import STAGES
from runyard.protocol.registered_models import (
    ChangeRegisteredModel,
    CreateRegisteredModel,
    RegisteredModelRecord,
    SetAlias,
)
from runyard.protocol.search import Search
from runyard_server.faces.mlflow import experiments, names, searching, shown, versions
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.operations import models
from runyard_server.operations import registered_models as registered

_PAGE, _MOST = 100, 1000
# No alias can be called so: MLflow's client asks by it for the newest version of a prompt.
_NEWEST = "latest"
_KNOWN = {"name": "name"}
_ORDERED = {
    "name": "name",
    "timestamp": "changed_at",
    "last_updated_timestamp": "changed_at",
    "creation_timestamp": "created_at",
}


def create(given: Asked) -> dict[str, Any]:
    """Make a name before its first version."""
    given.adding()
    body = CreateRegisteredModel(
        given.required("name"), given.text("description"), versions.tags_of(given)
    )
    return _told(registered.create(given.system, given.workspace, body))


def get(given: Asked) -> dict[str, Any]:
    """A registered model."""
    return _told(registered.get(given.system, given.workspace, given.required("name")))


def update(given: Asked) -> dict[str, Any]:
    """Change the description of a registered model."""
    return _change(given, ChangeRegisteredModel(description=given.text("description")))


def rename(given: Asked) -> dict[str, Any]:
    """Rename a registered model."""
    return _change(given, ChangeRegisteredModel(name=given.required("new_name")))


def delete(given: Asked) -> dict[str, Any]:
    """Delete a registered model with all its versions."""
    given.only_user("delete models")
    name = given.required("name")
    # Here an alias keeps nothing: MLflow's client has no other way to say that it is meant.
    for alias in registered.get(given.system, given.workspace, name).aliases:
        registered.delete_alias(given.system, given.workspace, name, alias)
    registered.delete(given.system, given.workspace, name)
    return {}


def search(given: Asked) -> dict[str, Any]:
    """One page of registered models."""
    order = searching.orders_of_others(given.texts("order_by"), _ORDERED)
    if not any(one.field.name == "name" for one in order):
        order.append(filters.Order(filters.Field(filters.ATTRIBUTE, "name")))
    body = Search(
        filter=filters.written(
            searching.no_prompts(searching.of_others(given.text("filter"), _KNOWN))
        ),
        order_by=[searching.written(one) for one in order],
        page_size=experiments.size(given, _PAGE, _MOST),
        page_token=given.text("page_token") or None,
    )
    page = registered.search(given.system, given.workspace, body)
    items = [_shown(one) for one in page.items]
    return experiments.paged("registered_models", items, page.next_page_token)


def get_latest_versions(given: Asked) -> dict[str, Any]:
    """The newest version of each stage, or of those that are asked for."""
    stages = given.texts("stages") or list(STAGES)
    wanted = {versions.stage(one) for one in stages}
    found = registered.get(given.system, given.workspace, given.required("name"))
    return {"model_versions": [versions.shown(one) for one in found.latest if one.stage in wanted]}


def set_tag(given: Asked) -> dict[str, Any]:
    """Set a tag of a registered model."""
    key = names.checked(given.required("key"), "key", "key")
    _change(given, ChangeRegisteredModel(tags={key: versions.fitting_tag(given.text("value"))}))
    return {}


def delete_tag(given: Asked) -> dict[str, Any]:
    """Remove a tag of a registered model."""
    _change(given, ChangeRegisteredModel(removed_tags=[given.required("key")]))
    return {}


def set_alias(given: Asked) -> dict[str, Any]:
    """Have an alias point to a version."""
    given.only_user("set aliases of models")
    name, alias = given.required("name"), given.required("alias")
    body = SetAlias(versions.number(given))
    registered.set_alias(given.system, given.workspace, name, alias, body=body)
    return {}


def delete_alias(given: Asked) -> dict[str, Any]:
    """Remove an alias; one that is not there is no fault."""
    given.only_user("remove aliases of models")
    name, alias = given.required("name"), given.required("alias")
    if alias in registered.get(given.system, given.workspace, name).aliases:
        registered.delete_alias(given.system, given.workspace, name, alias)
    return {}


def get_by_alias(given: Asked) -> dict[str, Any]:
    """The version that an alias points to."""
    name, alias = given.required("name"), given.required("alias")
    there = registered.get(given.system, given.workspace, name)
    if alias.lower() == _NEWEST and there.latest:
        newest = max(one.version for one in there.latest)
        found = models.get(given.system, given.workspace, f"{name}:{newest}")
        return {"model_version": versions.shown(found)}
    if alias not in there.aliases:
        raise InvalidRequest(f"Registered model alias {alias} not found: {name!r} has none of it")
    found = models.get(given.system, given.workspace, f"{name}@{alias}")
    return {"model_version": versions.shown(found)}


def _change(given: Asked, body: ChangeRegisteredModel) -> dict[str, Any]:
    given.only_user("change models")
    name = given.required("name")
    return _told(registered.change(given.system, given.workspace, name, body=body))


def _told(found: RegisteredModelRecord) -> dict[str, Any]:
    return {"registered_model": _shown(found)}


def _shown(found: RegisteredModelRecord) -> dict[str, Any]:
    return {
        "name": found.name,
        "creation_timestamp": versions.milliseconds(found.created_at),
        "last_updated_timestamp": versions.milliseconds(found.changed_at),
        "description": found.description,
        "latest_versions": [versions.shown(one) for one in found.latest],
        "tags": shown.pairs(found.tags),
        "aliases": [{"alias": a, "version": str(v)} for a, v in found.aliases.items()],
    }
