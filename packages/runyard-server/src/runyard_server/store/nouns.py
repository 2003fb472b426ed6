"""What of runs, models and experiments can be searched, and where it is found."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
)

from runyard.protocol.endpoints import HIDDEN_EXPERIMENT
from runyard.protocol.filters import METRIC, PARAMETER, PROPERTY, TAG
from runyard.protocol.metrics import SCALAR
from runyard_server.store.expressions import OfEachRow, Unindexed
from runyard_server.store.registered_models import TITLE_TAG
from runyard_server.store.registry_schema import (
    model_properties,
    model_tags,
    models,
    registered_model_tags,
    registered_models,
)
from runyard_server.store.schema import (
    GOES_ON_FOR,
    IS_GOING,
    LASTED,
    experiments,
    in_seconds,
    metric_series,
    run_params,
    run_properties,
    run_tags,
    runs,
)
from runyard_server.store.searched import (
    NUMBER,
    SWITCH,
    TEXT,
    TIME,
    Attribute,
    Noun,
    Side,
    Source,
)
from runyard_server.store.tracking_schema import experiment_facts

# Of an expression SQLite knows no `IS NOT NULL` as a place in an index, but `>` it does.
_LEAST = -1e300
# The second makes the index of what goes on the only one that serves.
_GOES_ON = and_(IS_GOING, GOES_ON_FOR > -(2**62))
# What goes on lasts until now.
_UNTIL_NOW = in_seconds(bindparam("now", type_=BigInteger) - runs.c.started_at)
_DURATION = func.coalesce(LASTED, _UNTIL_NOW)
_IS_LATEST = exists().where(
    registered_models.c.workspace == models.c.workspace,
    registered_models.c.name == models.c.name,
    registered_models.c.latest_key == models.c.key,
)
_LATEST = case((OfEachRow(_IS_LATEST), 1), else_=0)

# Names begin with a letter or a digit, all of which come after it; only hidden ones with a dot.
AFTER_HIDDEN = chr(ord(HIDDEN_EXPERIMENT) + 1)


def not_hidden(name: Column[str]) -> ColumnElement[bool]:
    """The condition that an experiment, by the column of its name, is shown in lists."""
    # Nearly all are, so no index of names is the way to them.
    return Unindexed(name) >= AFTER_HIDDEN


RUNS = Noun(
    table=runs,
    key=runs.c.key,
    attributes={
        "id": Attribute(runs.c.id, TEXT),
        "name": Attribute(runs.c.name, TEXT),
        "experiment": Attribute(runs.c.experiment, TEXT),
        "number": Attribute(runs.c.number, NUMBER),
        "status": Attribute(runs.c.status, TEXT),
        "active": Attribute(runs.c.active, SWITCH),
        "archived": Attribute(runs.c.archived, SWITCH),
        "type": Attribute(runs.c.run_type, TEXT),
        "target": Attribute(runs.c.target, TEXT),
        "parent": Attribute(runs.c.parent, TEXT),
        # The column knows no NULL: nobody is an empty text there, and IS NULL must find it.
        "user": Attribute(
            func.nullif(runs.c.submitted_by, "", type_=String),
            TEXT,
            [Source(runs.c.submitted_by, above="")],
        ),
        "nodes": Attribute(runs.c.node_count, NUMBER),
        "priority": Attribute(runs.c.priority, NUMBER),
        "attempt": Attribute(runs.c.attempt, NUMBER),
        "created_at": Attribute(runs.c.created_at, TIME),
        "started_at": Attribute(runs.c.started_at, TIME),
        "ended_at": Attribute(runs.c.ended_at, TIME),
        "duration": Attribute(
            _DURATION,
            NUMBER,
            [
                Source(LASTED, above=_LEAST),
                Source(_UNTIL_NOW, _GOES_ON, by=GOES_ON_FOR),
            ],
        ),
        "snapshot": Attribute(runs.c.snapshot, TEXT),
        "environment": Attribute(runs.c.environment_lock, TEXT),
        "description": Attribute(runs.c.description, TEXT),
    },
    sides={
        METRIC: Side(metric_series, "run_key", "last", only={"kind": SCALAR}),
        PARAMETER: Side(run_params, "run_key", "value", "number"),
        TAG: Side(run_tags, "run_key", "value", "number"),
        PROPERTY: Side(run_properties, "run_key", "value", "number"),
    },
)
MODELS = Noun(
    table=models,
    key=models.c.key,
    attributes={
        "name": Attribute(models.c.name, TEXT),
        "version": Attribute(models.c.version, NUMBER),
        "latest": Attribute(_LATEST, SWITCH),
        "run": Attribute(models.c.run, TEXT),
        "experiment": Attribute(models.c.experiment, TEXT),
        "framework": Attribute(models.c.framework, TEXT),
        "framework_version": Attribute(models.c.framework_version, TEXT),
        "path": Attribute(models.c.path, TEXT),
        "size": Attribute(models.c.size, NUMBER),
        "files": Attribute(models.c.file_count, NUMBER),
        "created_at": Attribute(models.c.created_at, TIME),
        "description": Attribute(models.c.description, TEXT),
        "stage": Attribute(models.c.stage, TEXT),
        "changed_at": Attribute(models.c.changed_at, TIME),
        "created_by": Attribute(func.nullif(models.c.created_by, "", type_=String), TEXT),
    },
    sides={
        TAG: Side(model_tags, "model_key", "value", "number"),
        PROPERTY: Side(model_properties, "model_key", "value", "number"),
    },
)
REGISTERED_MODELS = Noun(
    table=registered_models,
    key=registered_models.c.key,
    attributes={
        "name": Attribute(registered_models.c.name, TEXT),
        "versions": Attribute(registered_models.c.last_version, NUMBER),
        "created_at": Attribute(registered_models.c.created_at, TIME),
        "changed_at": Attribute(registered_models.c.changed_at, TIME),
        "description": Attribute(registered_models.c.description, TEXT),
    },
    sides={TAG: Side(registered_model_tags, "registered_key", "value", "number")},
)
_TITLES = registered_model_tags.alias("titles")
_NAMES = registered_models.alias("entitled")
_TITLE = select(_TITLES.c.value).where(_TITLES.c.name == TITLE_TAG)
_OF_NAME = _TITLE.where(_TITLES.c.registered_key == registered_models.c.key)
_OF_VERSION = (
    _TITLE.join(_NAMES, _NAMES.c.key == _TITLES.c.registered_key)
    .where(_NAMES.c.workspace == models.c.workspace, _NAMES.c.name == models.c.name)
    .correlate(models)
)


def _titled(noun: Noun, name: ColumnElement[str], title: Select[Any]) -> Noun:
    """Models with what trackers call them as one more attribute, which no index has."""
    called = func.coalesce(title.scalar_subquery(), name, type_=String)
    attributes = {**noun.attributes, "title": Attribute(called, TEXT)}
    return Noun(noun.table, noun.key, attributes, noun.sides)


# Apart from the others, for where there is no title nobody is to look for one in each row.
TITLED_MODELS = _titled(MODELS, models.c.name, _OF_VERSION)
TITLED_NAMES = _titled(REGISTERED_MODELS, registered_models.c.name, _OF_NAME)
EXPERIMENTS = Noun(
    table=experiments,
    key=experiments.c.name,
    attributes={
        "name": Attribute(experiments.c.name, TEXT),
        "id": Attribute(experiments.c.id, TEXT),
        "runs": Attribute(experiments.c.run_count, NUMBER),
        "created_at": Attribute(experiments.c.created_at, TIME),
    },
    sides={},
    newest_first=False,
)
# Nearly all are not, so no index is the way to them.
NOT_DELETED = Unindexed(runs.c.deleted_at).is_(None)
SHOWN_RUNS = (not_hidden(runs.c.experiment),)
SHOWN_EXPERIMENTS = (
    not_hidden(experiments.c.name),
    ~exists().where(
        experiment_facts.c.experiment == experiments.c.id,
        experiment_facts.c.deleted_at.is_not(None),
    ),
)
