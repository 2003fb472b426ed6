"""MLflow's versions of models, over the registry.

A version's files are those of its source, as they are when it is registered: a folder of a run, a
logged model, another version. A source that leads to nothing here (another store's, a run that is
gone) is kept as it was given, and the version has no files; a local path is refused. What
MLflow tells of a version and the registry has no field for are properties, which never change.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from runyard.protocol import filters
from runyard.protocol.errors import Forbidden, InvalidRequest, NotFound, RunFileNotFound
from runyard.protocol.files import FileEntry
from runyard.protocol.filters import ATTRIBUTE, PATTERNS, PROPERTY, Condition, Field, Order
from runyard.protocol.models import (
    ARCHIVED,
    NO_STAGE,
    STAGES,
    ChangeModel,
    ModelRecord,
    RegisterModel,
    SetStage,
)
from runyard.protocol.search import Search
from runyard_server.core import lookups
from runyard_server.core.system import Content, RemoteContent
from runyard_server.faces.mlflow import (
    asked,
    experiments,
    grammar,
    names,
    places,
    searching,
    titles,
    version_files,
)
from runyard_server.faces.mlflow import shown as views
from runyard_server.faces.mlflow.asked import THOUSAND, Asked
from runyard_server.faces.mlflow.places import Place
from runyard_server.operations import file_trees, logged_models, model_titles, models
from runyard_server.operations import registered_models as registered

_PAGE, _MOST = 1000, 200_000
_OF_MODELS = "models:"
_SHOWN, _DIGITS = 200, 18
_SOURCE, _LINK, _MODEL = "mlflow.source", "mlflow.run_link", "mlflow.model_id"
_KNOWN = {"name": "name", "version_number": "version", "run_id": "run"}
_ORDERED = {
    "name": "name",
    "version_number": "version",
    "creation_timestamp": "created_at",
    "last_updated_timestamp": "changed_at",
}


def create(given: Asked) -> dict[str, Any]:
    """Register a version of a model that has a name already."""
    name, source, tags = titles.named(given), given.required("source"), tags_of(given)
    # A prompt is its tags: its source is a word that leads nowhere.
    if not searching.is_prompt(tags):
        _check(source)
    registered.get(given.system, given.workspace, name)
    run = _run(given, source)
    noted = {
        _SOURCE: source,
        _LINK: given.text("run_link"),
        _MODEL: given.text("model_id"),
    }
    body = RegisterModel(
        name=name,
        path=_base(source),
        run=run,
        tags=tags,
        properties={key: value for key, value in noted.items() if value},
        description=given.text("description"),
    )
    made = _registered(given, source, body)
    if not searching.is_prompt(tags):
        _note(given, made)
    return told(given, made)


def get(given: Asked) -> dict[str, Any]:
    """A version."""
    return told(given, models.get(given.system, given.workspace, _id(given)))


def update(given: Asked) -> dict[str, Any]:
    """Change the description of a version."""
    return _change(given, ChangeModel(description=given.text("description")))


def delete(given: Asked) -> dict[str, Any]:
    """Delete a version."""
    given.only_user("delete versions of models")
    found = models.get(given.system, given.workspace, _id(given))
    # Here an alias keeps nothing: MLflow's client has no other way to say that it is meant.
    for alias in found.aliases:
        registered.delete_alias(given.system, given.workspace, found.name, alias)
    models.delete(given.system, given.workspace, found.id)
    return {}


def transition(given: Asked) -> dict[str, Any]:
    """Move a version to a stage."""
    given.only_user("move models to stages")
    archive, wanted = given.flag("archive_existing_versions"), stage(given.required("stage"))
    if archive and wanted in (NO_STAGE, ARCHIVED):
        raise InvalidRequest(
            "Model version transition cannot archive existing model versions because "
            f"'{wanted}' is not an Active stage: leave archive_existing_versions out"
        )
    body = SetStage(wanted, archive)
    return told(given, models.stage(given.system, given.workspace, _id(given), body=body))


def get_download_uri(given: Asked) -> dict[str, Any]:
    """Where a version's files are fetched: here, as they were registered."""
    found = models.get(given.system, given.workspace, _id(given))
    if not found.files:
        return {"artifact_uri": _first_source(given, found)}
    return {"artifact_uri": f"{views.SCHEME}/{places.VERSIONS}/{found.name}/{found.version}"}


def search(given: Asked) -> dict[str, Any]:
    """One page of versions."""
    order = searching.orders_of_others(given.texts("order_by"), _ORDERED)
    there = {one.field.name for one in order}
    # As MLflow orders what was not asked for.
    more = [("name", False), ("version", True)]
    for name, descending in more if order else [("changed_at", True), *more]:
        if name not in there:
            order.append(Order(Field(ATTRIBUTE, name), descending))
    searched = titles.Searched(given)
    conditions = searched.conditions(
        [_condition(one) for one in searching.conditions(given.text("filter"))]
    )
    body = Search(
        filter=filters.written(searching.no_prompts(conditions)),
        order_by=[searching.written(one) for one in searched.orders(order, conditions)],
        page_size=experiments.size(given, _PAGE, _MOST),
        page_token=given.text("page_token") or None,
    )
    with grammar.judged(body.filter):
        page = models.search(given.system, given.workspace, body, titled=searched.titled)
    return experiments.paged("model_versions", several(given, page.items), page.next_page_token)


def set_tag(given: Asked) -> dict[str, Any]:
    """Set a tag of a version."""
    key = names.checked(given.required("key"), "key", "key")
    _change(given, ChangeModel(tags={key: fitting_tag(given.text("value"))}))
    return {}


def delete_tag(given: Asked) -> dict[str, Any]:
    """Remove a tag of a version."""
    _change(given, ChangeModel(removed_tags=[given.required("key")]))
    return {}


def content(given: Asked) -> Content | RemoteContent:
    """A file of a version, as MLflow's pages ask for it."""
    path = places.checked(given.required("path"))
    return version_files.read(given, _id(given), path)


def tags_of(given: Asked) -> dict[str, str]:
    """The tags of a request, each of a name and length that MLflow takes."""
    found = {}
    for tag in given.records("tags"):
        name = names.checked(asked.required(tag, "key"), "key", "key")
        found[name] = fitting_tag(asked.text(tag, "value"))
    return found


def fitting_tag(value: str) -> str:
    """The value of a tag of a model or a version, if it is not too long."""
    return names.fitting(value, names.LONGEST_MODEL_TAG, "value")


def number(given: Asked) -> int:
    """The number of a version, which MLflow sends as a text.

    Raises:
        InvalidRequest: It is none.
    """
    try:
        value = given.integer("version")
    except InvalidRequest:
        told = given.fields["version"]
        told = str(told[0] if isinstance(told, list) and told else told)[:_SHOWN]
        raise InvalidRequest(f"Parameter 'version' must be an integer, got '{told}'.") from None
    if value is None:
        raise asked.missing("version")
    return value


def stage(name: str) -> str:
    """A stage by its name, in any case.

    Raises:
        InvalidRequest: There is none of that name.
    """
    for one in STAGES:
        if one.lower() == name.lower():
            return one
    raise InvalidRequest(
        f"Invalid Model Version stage: {name}. Value must be one of {', '.join(STAGES)}."
    )


def told(given: Asked, found: ModelRecord) -> dict[str, Any]:
    """The answer that has one version."""
    [one] = several(given, [found])
    return {"model_version": one}


def several(given: Asked, found: Sequence[ModelRecord]) -> list[dict[str, Any]]:
    """Versions as MLflow's JSON, under the names that MLflow knows their models by."""
    called = model_titles.of_names(given.system, given.workspace, [one.name for one in found])
    return [shown(one, called.get(one.name, one.name)) for one in found]


def shown(found: ModelRecord, title: str) -> dict[str, Any]:
    """A version as MLflow's JSON.

    Args:
        found: The version.
        title: What MLflow calls its model.
    """
    source = found.properties.get(_SOURCE)
    if source is None:
        source = f"runs:/{found.run}/{found.path}" if found.run else f"models:/{found.id}"
    fields = {
        "name": title,
        "version": str(found.version),
        "creation_timestamp": milliseconds(found.created_at),
        "last_updated_timestamp": milliseconds(found.changed_at or found.created_at),
        "user_id": found.created_by,
        "current_stage": found.stage,
        "description": found.description,
        "source": source,
        "run_id": found.run or "",
        "status": "READY",
        "run_link": found.properties.get(_LINK, ""),
        "tags": views.pairs(found.tags),
        "aliases": found.aliases,
    }
    model = found.properties.get(_MODEL)
    return {**fields, "model_id": model} if model else fields


def milliseconds(time: str) -> int:
    """A time of ours as MLflow counts it."""
    return round(datetime.fromisoformat(time).timestamp() * THOUSAND)


def _first_source(given: Asked, found: ModelRecord) -> str:
    """The source of a version without files; of a copy, that of the version it is a copy of."""
    source, seen = found.properties.get(_SOURCE, ""), set[str]()
    while source.startswith(_OF_MODELS) and source not in seen:
        seen.add(source)
        try:
            found = models.get(given.system, given.workspace, _named(source))
        except NotFound:
            break
        source = found.properties.get(_SOURCE, source)
    return source


def _named(source: str) -> str:
    """What `models:/name/version` or `models:/name@alias` is called here."""
    name, _, version = source.removeprefix(_OF_MODELS).strip("/").partition("/")
    if version:
        return f"{model_titles.name_of(name)}:{version}"
    title, at, alias = name.rpartition("@")
    return f"{model_titles.name_of(title)}@{alias}" if at else model_titles.name_of(name)


def _check(source: str) -> None:
    """Refuse a source that MLflow refuses: a place on somebody's disk, or a way out of a store.

    Raises:
        InvalidRequest: It is one.
    """
    scheme = source.partition(":")[0] if ":" in source else ""
    if scheme in ("", "file"):
        raise InvalidRequest(
            f"Invalid model version source: '{source[:_SHOWN]}'. To use a local path as a model "
            "version source, the run_id request parameter has to be specified and the local path "
            "has to be among the run's files; here no run's files are a local path: name them "
            "by runs:/<run>/<path>, or log them first"
        )
    plain = places.decoded(source)
    if ".." in plain.split("/") or "\0" in plain:
        raise InvalidRequest(
            f"Invalid model version source: '{source[:_SHOWN]}'. If supplying a source as an http, "
            "https, local file path, ftp, objectstore, or mlflow-artifacts uri, it must lead "
            "nowhere else: it has '..', or a sign that no path has"
        )


def _id(given: Asked) -> str:
    return f"{titles.named(given)}:{number(given)}"


def _change(given: Asked, body: ChangeModel) -> dict[str, Any]:
    model = _id(given)
    if given.adding() is not None:
        found = models.get(given.system, given.workspace, model)
        given.own(found.run or "")
    return told(given, models.change(given.system, given.workspace, model, body=body))


def _condition(one: Condition) -> Condition:
    if one.field == Field(ATTRIBUTE, "source_path"):
        return one._replace(field=Field(PROPERTY, _SOURCE))
    named = searching.renamed(one, _KNOWN)
    is_count = named.operator not in PATTERNS and all(map(_is_count, named.values))
    if named.field.name == "version" and is_count:
        return named._replace(values=tuple(int(value) for value in named.values))
    return named


def _is_count(value: object) -> bool:
    return isinstance(value, str) and value.isdecimal() and len(value) <= _DIGITS


def _run(given: Asked, source: str) -> str | None:
    """The run that a version is of: the one that is named, else the token's own."""
    run = given.text("run_id") or None
    caller = given.adding()
    if caller is not None:
        run = given.own(run or caller)
    place = places.of_uri(given.system, given.workspace, source)
    if run is None and place is not None:
        run = place.run
        if place.model is not None:
            run = logged_models.run_of(given.system, given.workspace, place.model)
    return run


def _base(source: str) -> str:
    """The last word of a source, which the registry shows as where a version's files were."""
    return source.rstrip("/").rpartition("/")[2] or "model"


def _registered(given: Asked, source: str, body: RegisterModel) -> ModelRecord:
    """Register what a source leads to; nothing, where it leads nowhere here."""
    system, workspace = given.system, given.workspace
    place = places.of_uri(system, workspace, source)
    if place is not None and place.run is not None and body.run == place.run:
        try:
            return models.register(system, workspace, body=replace(body, path=place.path or "."))
        except RunFileNotFound:
            return models.refer(system, workspace, body)
    entries: list[FileEntry] = []
    if place is not None and place.model is not None:
        entries = logged_models.entries(system, workspace, place.model)
    elif place is not None and place.run is not None:
        entries = file_trees.entries(system, workspace, place.run, place.path)
    elif source.startswith(_OF_MODELS):
        entries = _of_version(given, source)
    known = body.run is None or system.read(
        lambda work: lookups.has_run(work, workspace, str(body.run))
    )
    if not entries or not known:
        return models.refer(system, workspace, body)
    return models.register(system, workspace, body=replace(body, files=entries))


def _note(given: Asked, made: ModelRecord) -> None:
    """Have the logged model that is named tell of its version, as MLflow's server does.

    What it was made of is told by the version itself, so nothing is lost where this is not done:
    for a model that is not here, and with a token that may not change it.
    """
    model = given.text("model_id")
    with suppress(NotFound, Forbidden):
        if model:
            places.changeable(given, Place("", model=model))
            name = given.required("name")
            logged_models.note_version(given.system, given.workspace, model, name, made.version)


def _of_version(given: Asked, source: str) -> list[FileEntry]:
    """The files of the version that `models:/name/version` or `models:/name@alias` means."""
    try:
        return version_files.entries(given, _named(source))
    except NotFound:
        return []
