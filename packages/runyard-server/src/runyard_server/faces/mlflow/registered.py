"""MLflow's registered models: what belongs to a name and not to one of its versions."""

from typing import Any

from runyard.protocol import filters
from runyard.protocol.errors import AlreadyExists, InvalidRequest
from runyard.protocol.models import STAGES
from runyard.protocol.registered_models import (
    ChangeRegisteredModel,
    CreateRegisteredModel,
    RegisteredModelRecord,
    SetAlias,
)
from runyard.protocol.search import Search
from runyard_server.faces.mlflow import (
    experiments,
    grammar,
    names,
    searching,
    shown,
    titles,
    versions,
)
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.operations import models
from runyard_server.operations import registered_models as registered
from runyard_server.store.registered_models import TITLE_TAG

_PAGE, _MOST = 100, 1000
# No alias can be called so: MLflow's client asks by it for the newest version of a prompt.
_NEWEST = "latest"
_KNOWN = {"name": "name"}
_ORDERED = {
    "name": "name",
    "timestamp": "changed_at",
    "last_updated_timestamp": "changed_at",
}


def create(given: Asked) -> dict[str, Any]:
    """Make a name before its first version."""
    given.adding()
    name, title = titles.named(given), given.text("name")
    body = CreateRegisteredModel(name, given.text("description"), versions.tags_of(given))
    try:
        return _told(registered.create(given.system, given.workspace, body, title=title))
    except AlreadyExists:
        raise _taken(given, name, is_prompt=searching.is_prompt(body.tags)) from None


def get(given: Asked) -> dict[str, Any]:
    """A registered model."""
    return _told(registered.get(given.system, given.workspace, titles.named(given)))


def update(given: Asked) -> dict[str, Any]:
    """Change the description of a registered model."""
    return _change(given, ChangeRegisteredModel(description=given.text("description")))


def rename(given: Asked) -> dict[str, Any]:
    """Rename a registered model."""
    name, title = titles.named(given, "new_name"), given.text("new_name")
    return _change(given, ChangeRegisteredModel(name=name), title)


def delete(given: Asked) -> dict[str, Any]:
    """Delete a registered model with all its versions."""
    given.only_user("delete models")
    name = titles.named(given)
    # Here an alias keeps nothing: MLflow's client has no other way to say that it is meant.
    for alias in registered.get(given.system, given.workspace, name).aliases:
        registered.delete_alias(given.system, given.workspace, name, alias)
    registered.delete(given.system, given.workspace, name)
    return {}


def search(given: Asked) -> dict[str, Any]:
    """One page of registered models."""
    order = searching.orders_of_others(given.texts("order_by"), _ORDERED, "order by key")
    if not any(one.field.name == "name" for one in order):
        order.append(filters.Order(filters.Field(filters.ATTRIBUTE, "name")))
    searched = titles.Searched(given)
    conditions = searched.conditions(searching.of_others(given.text("filter"), _KNOWN))
    body = Search(
        filter=filters.written(searching.no_prompts(conditions)),
        order_by=[searching.written(one) for one in searched.orders(order, conditions)],
        page_size=experiments.size(given, _PAGE, _MOST),
        page_token=given.text("page_token") or None,
    )
    with grammar.judged(body.filter):
        page = registered.search(given.system, given.workspace, body, titled=searched.titled)
    items = [_shown(one) for one in page.items]
    return experiments.paged("registered_models", items, page.next_page_token)


def get_latest_versions(given: Asked) -> dict[str, Any]:
    """The newest version of each stage, or of those that are asked for."""
    stages = given.texts("stages") or list(STAGES)
    wanted = {versions.stage(one) for one in stages}
    found = registered.get(given.system, given.workspace, titles.named(given))
    some = [one for one in found.latest if one.stage in wanted]
    return {"model_versions": versions.several(given, some)}


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
    name, alias = titles.named(given), names.of_alias(given.required("alias"))
    body = SetAlias(versions.number(given))
    registered.set_alias(given.system, given.workspace, name, alias, body=body)
    return {}


def delete_alias(given: Asked) -> dict[str, Any]:
    """Remove an alias; one that is not there is no fault."""
    given.only_user("remove aliases of models")
    name, alias = titles.named(given), given.required("alias")
    if alias in registered.get(given.system, given.workspace, name).aliases:
        registered.delete_alias(given.system, given.workspace, name, alias)
    return {}


def get_by_alias(given: Asked) -> dict[str, Any]:
    """The version that an alias points to."""
    name, alias = titles.named(given), given.required("alias")
    there = registered.get(given.system, given.workspace, name)
    if alias.lower() == _NEWEST and there.latest:
        newest = max(one.version for one in there.latest)
        found = models.get(given.system, given.workspace, f"{name}:{newest}")
        return versions.told(given, found)
    if alias not in there.aliases:
        raise InvalidRequest(
            f"Registered model alias {alias} not found: model {name} has no such alias"
        )
    return versions.told(given, models.get(given.system, given.workspace, f"{name}@{alias}"))


def _taken(given: Asked, name: str, *, is_prompt: bool) -> AlreadyExists:
    """Make the error that says which of a model and a prompt has a name."""
    there = registered.get(given.system, given.workspace, name)
    title, kinds = given.text("name"), ("registered model", "prompt")
    if searching.is_prompt(there.tags) != is_prompt:
        return AlreadyExists(
            f"Tried to create a {kinds[is_prompt]} with name '{title}', but the name is already "
            f"taken by a {kinds[not is_prompt]}. Choose another name"
        )
    kind = "Prompt" if is_prompt else "Registered Model"
    return AlreadyExists(f"{kind} (name={title}) already exists. Choose another name")


def _change(given: Asked, body: ChangeRegisteredModel, title: str = "") -> dict[str, Any]:
    given.only_user("change models")
    name = titles.named(given)
    return _told(registered.change(given.system, given.workspace, name, body=body, title=title))


def _told(found: RegisteredModelRecord) -> dict[str, Any]:
    return {"registered_model": _shown(found)}


def _shown(found: RegisteredModelRecord) -> dict[str, Any]:
    tags = dict(found.tags)
    title = tags.pop(TITLE_TAG, found.name)
    return {
        "name": title,
        "creation_timestamp": versions.milliseconds(found.created_at),
        "last_updated_timestamp": versions.milliseconds(found.changed_at),
        "description": found.description,
        "latest_versions": [versions.shown(one, title) for one in found.latest],
        "tags": shown.pairs(tags),
        "aliases": [{"alias": a, "version": str(v)} for a, v in found.aliases.items()],
    }
