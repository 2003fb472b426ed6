"""MLflow's experiments."""

from typing import Any

from runyard.protocol.errors import InvalidRequest, NotFound
from runyard.protocol.filters import ATTRIBUTE, Field, Order
from runyard_server.faces.mlflow import asked, names, searching, shown
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.operations import tracked_experiments as experiments
from runyard_server.operations.tracked_experiments import TrackedSearch
from runyard_server.store.experiment_facts import ATTRIBUTES, TIMES

_MOST = 50_000
_PAGE = 1000
_KNOWN = {name: name for name in ATTRIBUTES}
# View types by number and by name; None is both.
_VIEWS = {"1": False, "2": True, "3": None, "ACTIVE_ONLY": False, "DELETED_ONLY": True, "ALL": None}


def create(given: Asked) -> dict[str, Any]:
    """Make an experiment; answer its id."""
    given.adding()
    title = names.title(given.required("name"))
    location = given.text("artifact_location")
    if "#" in location:
        raise InvalidRequest("'artifact_location' URL can't include fragments or params.")
    tags = {}
    for tag in given.records("tags"):
        name = names.checked(asked.required(tag, "key"), "key", "key")
        tags[name] = names.fitting(asked.text(tag, "value"), names.LONGEST_EXPERIMENT_TAG, "value")
    made = experiments.create(given.system, given.workspace, title, location, tags)
    return {"experiment_id": made.id}


def get(given: Asked) -> dict[str, Any]:
    """An experiment by its id."""
    found = experiments.get(given.system, given.workspace, given.required("experiment_id"))
    return {"experiment": shown.experiment(found)}


def get_by_name(given: Asked) -> dict[str, Any]:
    """An experiment by its name, deleted or not."""
    title = given.required("experiment_name")
    try:
        found = experiments.get_by_title(given.system, given.workspace, title)
    except NotFound:
        # MLflow's client asks this before it makes one, so it is no place for suggestions.
        raise NotFound(f"Could not find experiment with name '{title}'") from None
    return {"experiment": shown.experiment(found)}


def search(given: Asked) -> dict[str, Any]:
    """One page of experiments."""
    limit = size(given, _PAGE, _MOST)
    order = searching.orders_of_others(given.texts("order_by"), _KNOWN)
    fields = [one.field.name for one in order]
    # As MLflow orders what was not asked for.
    more = [("creation_time", True), ("experiment_id", False)]
    order += [Order(Field(ATTRIBUTE, n), d) for n, d in more if n not in fields]
    found, token = experiments.search(
        given.system,
        given.workspace,
        TrackedSearch(
            conditions=searching.of_others(given.text("filter"), _KNOWN, times=TIMES),
            order=order,
            deleted=view(given, "view_type"),
            limit=limit,
            page_token=given.text("page_token") or None,
        ),
    )
    return paged("experiments", [shown.experiment(one) for one in found], token)


def update(given: Asked) -> dict[str, Any]:
    """Rename an experiment."""
    given.only_user("rename experiments")
    experiment, title = given.required("experiment_id"), names.title(given.required("new_name"))
    experiments.rename(given.system, given.workspace, experiment, title)
    return {}


def delete(given: Asked) -> dict[str, Any]:
    """Delete an experiment with its runs."""
    return _set_deleted(given, deleted=True)


def restore(given: Asked) -> dict[str, Any]:
    """Restore an experiment with its runs."""
    return _set_deleted(given, deleted=False)


def set_tag(given: Asked) -> dict[str, Any]:
    """Set a tag of an experiment."""
    given.adding()
    experiment = given.required("experiment_id")
    name = names.checked(given.required("key"), "key", "key")
    value = names.fitting(given.text("value"), names.LONGEST_EXPERIMENT_TAG, "value")
    experiments.set_tag(given.system, given.workspace, experiment, name, value)
    return {}


def delete_tag(given: Asked) -> dict[str, Any]:
    """Remove a tag of an experiment."""
    given.only_user("remove tags of experiments")
    experiment, name = given.required("experiment_id"), given.required("key")
    experiments.remove_tag(given.system, given.workspace, experiment, name)
    return {}


def view(given: Asked, name: str) -> bool | None:
    """Whether only deleted ones are asked for, only others, or with None both.

    Args:
        given: The request.
        name: The field.

    Raises:
        InvalidRequest: There is no such view.
    """
    value = given.fields.get(name)
    value = value[0] if isinstance(value, list) and value else value
    if value is None:
        return False
    if str(value) not in _VIEWS:
        raise asked.wrong(name, value, "it can be ACTIVE_ONLY, DELETED_ONLY or ALL")
    return _VIEWS[str(value)]


def size(given: Asked, default: int, most: int, name: str = "max_results") -> int:
    """How many entries a page is to have.

    Args:
        given: The request.
        default: So many where nothing is said.
        most: The most that may be asked for.
        name: The field.

    Raises:
        InvalidRequest: It is none, or too many.
    """
    found = given.integer(name)
    if found is None:
        return default
    if not 1 <= found <= most:
        raise asked.wrong(name, found, f"it must be a positive integer, {most} at most")
    return found


def paged(name: str, items: list[Any], token: str | None) -> dict[str, Any]:
    """A page, with the token of the next one if there is one.

    Args:
        name: What the list is called.
        items: The entries.
        token: The token.
    """
    return {name: items} if token is None else {name: items, "next_page_token": token}


def _set_deleted(given: Asked, *, deleted: bool) -> dict[str, Any]:
    given.only_user("delete or restore experiments")
    experiment = given.required("experiment_id")
    experiments.set_deleted(given.system, given.workspace, experiment, deleted=deleted)
    return {}
