"""MLflow's runs."""

import secrets
import uuid
from typing import Any

from runyard.protocol.errors import Forbidden, InvalidRequest
from runyard.protocol.search import Search
from runyard_server.core import rights
from runyard_server.faces.mlflow import asked, experiments, grammar, names, searching, shown
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.operations import tracked_experiments, tracked_runs, tracked_views
from runyard_server.operations.tracked_runs import NAME_TAG, PARENT_TAG, Change, StartTracked
from runyard_server.operations.tracked_views import RunSearch

_MOST, _PAGE = 50_000, 1000
# By number in JSON of protocol buffers, and by name.
_NUMBERS = {
    "1": shown.RUNNING,
    "2": shown.SCHEDULED,
    "3": shown.FINISHED,
    "4": shown.FAILED,
    "5": shown.KILLED,
}


def create(given: Asked) -> dict[str, Any]:
    """Begin a run; answer it."""
    submitted_from = given.adding()
    tags = tags_of(given)
    name = given.text("run_name")
    if name and tags.get(NAME_TAG, name) != name:
        raise InvalidRequest(
            f"run_name is {name!r} and the tag {NAME_TAG} is {tags[NAME_TAG]!r}; give one of them"
        )
    body = StartTracked(
        # Its own id is what our importer sends; MLflow's client knows no such field.
        run=given.text("runyard_run_id") or uuid.uuid4().hex,
        experiment=given.text("experiment_id") or tracked_experiments.DEFAULT_ID,
        name=name or tags.get(NAME_TAG) or f"run-{secrets.token_hex(4)}",
        user=given.text("user_id") or tags.get(tracked_runs.USER_TAG, ""),
        started_at=given.time("start_time"),
        tags=tags,
        submitted_from=submitted_from,
    )
    _check_parent(given, submitted_from, tags.get(PARENT_TAG))
    tracked_runs.start(given.system, given.workspace, body)
    return {"run": shown.run(tracked_views.get(given.system, given.workspace, body.run))}


def get(given: Asked) -> dict[str, Any]:
    """A run, deleted or not."""
    return {"run": shown.run(tracked_views.get(given.system, given.workspace, given.run))}


def update(given: Asked) -> dict[str, Any]:
    """Change a run's state, end or name."""
    run = given.own(given.run)
    change = Change(
        status=_status(given),
        ended_at=given.time("end_time"),
        name=given.text("run_name") or None,
    )
    tracked_runs.change(given.system, given.workspace, run, change)
    found = tracked_views.get(given.system, given.workspace, run)
    return {"run_info": shown.run_info(found)}


def delete(given: Asked) -> dict[str, Any]:
    """Delete a run; nothing of it is lost yet."""
    run = given.own(given.required("run_id"))
    tracked_runs.set_deleted(given.system, given.workspace, run, deleted=True)
    return {}


def restore(given: Asked) -> dict[str, Any]:
    """Restore a run that was deleted."""
    run = given.own(given.required("run_id"))
    tracked_runs.set_deleted(given.system, given.workspace, run, deleted=False)
    return {}


def search(given: Asked) -> dict[str, Any]:
    """One page of runs."""
    text, datasets = searching.of_runs(given.text("filter"))
    search_ = Search(
        filter=text,
        order_by=searching.orders_of_runs(given.texts("order_by")),
        page_size=experiments.size(given, _PAGE, _MOST),
        page_token=given.text("page_token") or None,
    )
    wanted = RunSearch(
        search_,
        given.texts("experiment_ids"),
        experiments.view(given, "run_view_type"),
        datasets,
    )
    with grammar.judged(text):
        found, token = tracked_views.search(given.system, given.workspace, wanted)
    return experiments.paged("runs", [shown.run(one) for one in found], token)


def tags_of(given: Asked) -> dict[str, str]:
    """The tags of a request, each of a name and length that MLflow takes."""
    found = {}
    for place, tag in enumerate(given.records("tags")):
        where = f"tags[{place}].key"
        name = names.checked(asked.required(tag, "key", where), where, where)
        found[name] = asked.text(tag, "value")[: names.LONGEST_TAG]
    return found


def _check_parent(given: Asked, caller: str | None, parent: str | None) -> None:
    """Refuse a run below one that the token may not change."""
    if caller is None or parent is None:
        return
    if not rights.is_below(given.system, given.workspace, parent, caller):
        raise Forbidden(f"the token of run {caller} begins no run below {parent}")


def _status(given: Asked) -> str | None:
    value = given.fields.get("status")
    if value is None:
        return None
    word = _NUMBERS.get(str(value), str(value))
    if word not in shown.STATUSES:
        raise asked.wrong("status", value, f"it can be {', '.join(shown.STATUSES)}")
    # A tracker's run is never in a queue of ours, so it goes on.
    word = shown.RUNNING if word == shown.SCHEDULED else word
    return shown.STATUSES[word][0]
