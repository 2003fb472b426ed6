"""The tables. Times are integer microseconds since 1970 in UTC; JSON is text.

`runs.key` is the order of history: it grows with every run of the database, so lists page by it.
Counters (`run_count`, `last_event`, series summaries) are stored, not counted.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
    func,
    literal_column,
    text,
)

from runyard_server.store import parallel_schema
from runyard_server.store.expressions import Second

SCHEMA_VERSION = "0014"

# One for all tables: those of endpoints, the studio, journals, registry, trash, team, trackers,
# datasets, pipelines, schedules and batches stand in files of their own.
metadata = parallel_schema.metadata
OF_NO_RUN = text("subject_kind <> 'run'")
# SQLite numbers rows by itself only for a column declared INTEGER.
_Key = BigInteger().with_variant(Integer, "sqlite")

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("subscription_id", String, nullable=False),
    Column("resource_group", String, nullable=False),
    Column("location", String, nullable=False),
    Column("friendly_name", String, nullable=False),
    Column("sku", String, nullable=False),
    Column("default_datastore", String, nullable=False),
    Column("tags", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("as_of", String, nullable=False, server_default=""),
    UniqueConstraint("name", "subscription_id", "resource_group"),
)

experiments = Table(
    "experiments",
    metadata,
    Column("id", String, primary_key=True),
    Column("workspace", String, nullable=False),
    Column("name", String, nullable=False),
    Column("run_count", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("notes", Text, nullable=False, server_default=""),
    UniqueConstraint("workspace", "name"),
    # As trackers list them, page by page.
    Index("experiments_by_creation", "workspace", "created_at", "id"),
)

runs = Table(
    "runs",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String, nullable=False),
    Column("id", String, nullable=False),
    Column("experiment", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", String, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("run_type", String),
    Column("name", String),
    Column("target", String, nullable=False),
    Column("parent", String),
    Column("snapshot", String),
    Column("environment_lock", String),
    Column("node_count", Integer, nullable=False),
    Column("reason", Text),
    Column("error", Text),
    Column("warnings", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("submitted_by", String, nullable=False),
    Column("stage_seconds", Text, nullable=False),
    Column("last_event", Integer, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    # Last, where ALTER TABLE has put it in older databases: a test compares the two.
    Column("submitted_from", String),
    Column("deleted_at", BigInteger),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("place", BigInteger),
    Column("archived", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("workspace", "id"),
    Index("runs_of_workspace", "workspace", "key"),
    Index("runs_by_created_at", "workspace", "created_at", "key"),
    Index("runs_by_started_at", "workspace", "started_at", "key"),
    Index("runs_by_ended_at", "workspace", "ended_at", "key"),
    Index("runs_by_name", "workspace", "name", "key"),
    Index("runs_of_experiment", "workspace", "experiment", "key"),
    Index("runs_of_status", "workspace", "status", "key"),
    Index("runs_of_parent", "workspace", "parent", "key"),
    Index("runs_submitted_from", "workspace", "submitted_from", "key"),
    Index("runs_active", "active", "key"),
    Index("runs_of_lock", "workspace", "environment_lock", "key"),
    # What tables are ordered by: without one a page of a million runs would sort them all.
    Index("runs_by_target", "workspace", "target", "key"),
    Index("runs_by_number", "workspace", "number", "key"),
    Index("runs_by_nodes", "workspace", "node_count", "key"),
    Index("runs_by_type", "workspace", "run_type", "key"),
    Index("runs_by_user", "workspace", "submitted_by", "key"),
    Index("runs_by_attempt", "workspace", "attempt", "key"),
    Index("runs_by_active", "workspace", "active", "key"),
    # Lists leave out what is archived: along this one they pass over none of it.
    Index("runs_by_archived", "workspace", "archived", "key"),
    Index("runs_by_priority", "workspace", "priority", "key"),
    Index("runs_by_snapshot", "workspace", "snapshot", "key"),
    Index("runs_by_description", "workspace", "description", "key"),
    # The table of an experiment, which may be old: along another index all newer runs come first.
    Index("runs_of_experiment_by_status", "workspace", "experiment", "status", "key"),
    Index("runs_of_experiment_by_name", "workspace", "experiment", "name", "key"),
    Index("runs_of_experiment_by_created_at", "workspace", "experiment", "created_at", "key"),
    Index("runs_of_experiment_by_started_at", "workspace", "experiment", "started_at", "key"),
    Index("runs_of_experiment_by_ended_at", "workspace", "experiment", "ended_at", "key"),
    Index("runs_of_experiment_by_archived", "workspace", "experiment", "archived", "key"),
)

# Figures are part of the text, for an index of another text than the statement's is not found.
_ZERO = literal_column("0", Integer)


def in_seconds(microseconds: ColumnElement[int]) -> ColumnElement[float]:
    """A time in seconds."""
    return microseconds.op("/", precedence=8, return_type=Float())(Second())


LASTED = in_seconds(runs.c.ended_at - runs.c.started_at)
# Written so that only the index of what goes on serves, and none of all starts or ends.
IS_GOING = and_(
    func.coalesce(runs.c.ended_at, _ZERO) == _ZERO, func.coalesce(runs.c.started_at, _ZERO) > _ZERO
)
GOES_ON_FOR = _ZERO - runs.c.started_at
# Keys are so far apart as places that another run can be put between two, and between those, and
# so on, twenty times at one spot.
PLACES_APART = 1 << 20
PLACE = func.coalesce(runs.c.place, runs.c.key.op("*")(literal_column(str(PLACES_APART), Integer)))
IN_TURN = (runs.c.priority.desc(), PLACE, runs.c.key)
# The queue of a target, in the order in which it is served: who looks reads as much as it can use.
Index("runs_of_target", runs.c.workspace, runs.c.target, runs.c.active, *IN_TURN)
Index("runs_by_duration", runs.c.workspace, LASTED, runs.c.key)
Index("runs_of_experiment_by_duration", runs.c.workspace, runs.c.experiment, LASTED, runs.c.key)
Index(
    "runs_deleted", runs.c.workspace, runs.c.deleted_at, sqlite_where=runs.c.deleted_at.is_not(None)
)
Index("runs_going", runs.c.workspace, GOES_ON_FOR, runs.c.key, sqlite_where=IS_GOING)

# Apart from runs, which are read whole and by the page: a spec is large and seldom asked for.
run_specs = Table(
    "run_specs",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("spec", Text, nullable=False),
)

beating_runs = Table(
    "beating_runs",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("process", String, nullable=False),
)

run_tags = Table(
    "run_tags",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("value", Text),
    Column("number", Float),
    Index("run_tags_by_value", "name", "value", "run_key"),
    Index("run_tags_by_number", "name", "number", "run_key"),
)

run_properties = Table(
    "run_properties",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
    Column("number", Float),
    Index("run_properties_by_value", "name", "value", "run_key"),
    Index("run_properties_by_number", "name", "number", "run_key"),
)

run_params = Table(
    "run_params",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
    Column("number", Float),
    Index("run_params_by_number", "name", "number", "run_key"),
    Index("run_params_by_value", "name", "value", "run_key"),
)

events = Table(
    "events",
    metadata,
    Column("position", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String, nullable=False),
    Column("subject_kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("message", Text, nullable=False),
    Column("status", String),
    Column("data", Text, nullable=False),
    UniqueConstraint("workspace", "subject_kind", "subject", "number"),
    Index("events_of_workspace", "workspace", "position"),
    # Nearly all events are of runs; those of others are found among them by this. It names SQLite's
    # condition alone: one for PostgreSQL would load that dialect at each start, 90 ms and 2 MB.
    Index(
        "events_of_others",
        "workspace",
        "subject_kind",
        "position",
        sqlite_where=OF_NO_RUN,
    ),
    # A follower of the feed goes on from a position, so none may be given twice.
    sqlite_autoincrement=True,
)

leases = Table(
    "leases",
    metadata,
    Column("kind", String, primary_key=True),
    Column("workspace", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("token", String, nullable=False),
    Column("until", BigInteger, nullable=False),
)

metric_series = Table(
    "metric_series",
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True),
    Column("run_key", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("count", Integer, nullable=False),
    Column("last", Float),
    Column("minimum", Float),
    Column("maximum", Float),
    Column("source", String, nullable=False, server_default=""),
    # Of the point that counts as the latest; `last_odd` has its value where that is not finite.
    Column("last_step", BigInteger),
    Column("last_time", BigInteger),
    Column("last_odd", String),
    UniqueConstraint("run_key", "name"),
    Index("metric_series_by_last", "name", "kind", "last", "run_key"),
)

metric_segments = Table(
    "metric_segments",
    metadata,
    Column("series_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    Column("encoding", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

# What a chart draws of a long series; see `store.summaries`.
metric_summaries = Table(
    "metric_summaries",
    metadata,
    Column("series_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    Column("encoding", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

spool_marks = Table(
    "spool_marks",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("writer", String, primary_key=True),
    Column("lines", Integer, nullable=False),
)

run_files = Table(
    "run_files",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("path", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("digest", String),
    Column("size", BigInteger, nullable=False),
    Column("executable", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("files", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

datastores = Table(
    "datastores",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("datastore_type", String, nullable=False),
    Column("account_name", String, nullable=False),
    Column("container_name", String, nullable=False),
    Column("protocol", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("kind", String, nullable=False, server_default="folder"),
    Column("settings", Text, nullable=False, server_default=""),
    Column("credentials", Text, nullable=False, server_default=""),
)

compute = Table(
    "compute",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("name", String, primary_key=True),
    # Older than sites: its values have always been the names of what are sites now.
    Column("backend", String, key="site", nullable=False),
    Column("vm_size", String, nullable=False),
    Column("vm_priority", String, nullable=False),
    Column("min_nodes", Integer, nullable=False),
    Column("max_nodes", Integer, nullable=False),
    Column("idle_seconds", Integer, nullable=False),
    Column("provisioning_state", String, nullable=False),
    Column("allocation_state", String, nullable=False),
    Column("allocation_changed_at", BigInteger, nullable=False),
    Column("target_nodes", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("location", String, nullable=False),
    Column("tags", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("kind", String, nullable=False, server_default="AmlCompute"),
)

nodes = Table(
    "nodes",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("compute", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("run", String),
    Column("since", BigInteger, nullable=False),
    Index("nodes_of_run", "workspace", "run"),
)

job_nodes = Table(
    "job_nodes",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("node", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, nullable=False),
    Column("node_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("handle", Text),
    Column("pid", Integer),
    Column("host", String, nullable=False),
    Column("launched_at", BigInteger),
    Column("beat_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("finish", Text),
    Index("job_nodes_open", "finished_at", "run_key"),
)
LOST = "lost"
"""The state of a node that the service has given up: nobody can reach it."""
# Written out, as an index of some rows must have it: a value that is given with a statement is not
# known when its plan is made. Hardly any node is in this state, and a start looks for them all.
IS_LOST = job_nodes.c.state == literal_column(f"'{LOST}'", String)
Index("job_nodes_lost", job_nodes.c.run_key, sqlite_where=IS_LOST)

gang_nodes = Table(
    "gang_nodes",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("node", Integer, primary_key=True, autoincrement=False),
    Column("joined", Text),
    Column("tasks", Text),
)

commands = Table(
    "commands",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("node", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("key", String, nullable=False),
    Column("command", Text, nullable=False),
    Column("exit_code", Integer),
)

environments = Table(
    "environments",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("definition", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

environment_locks = Table(
    "environment_locks",
    metadata,
    Column("digest", String, primary_key=True),
    Column("python", String, nullable=False),
    Column("requirements", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

lock_cache = Table(
    "lock_cache",
    metadata,
    Column("definition", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

lock_notes = Table(
    "lock_notes",
    metadata,
    Column("definition", String, primary_key=True),
    Column("notes", Text, nullable=False),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String, nullable=False),
    Column("id", String, nullable=False),
    Column("run_key", BigInteger, nullable=False),
    Column("experiment", String, nullable=False),
    Column("name", String),
    Column("active", Boolean, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("spec", Text, nullable=False),
    Column("max_trials", Integer),
    Column("parallel", Integer),
    Column("max_duration_seconds", Float),
    Column("space_size", BigInteger),
    Column("queue", Text, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("next_number", Integer, nullable=False),
    Column("counts", Text, nullable=False),
    Column("best", Integer),
    Column("front", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("journal_key", BigInteger),
    Column("study", Integer),
    UniqueConstraint("workspace", "id"),
    Index("sweeps_of_workspace", "workspace", "key"),
    Index("sweeps_of_experiment", "workspace", "experiment", "key"),
    Index("sweeps_active", "active", "key"),
    Index("sweeps_of_journal", "journal_key", "study"),
)

# Found by sweep and number alone, so rows lie in this order and there is no other.
trials = Table(
    "trials",
    metadata,
    Column("sweep_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String, nullable=False),
    Column("params", Text, nullable=False),
    Column("results", Text, nullable=False),
    Column("best", Float),
    Column("last", Float),
    Column("position", BigInteger),
    Column("run_key", BigInteger),
    Column("client", String),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("verdict", String),
    Column("reason", Text, nullable=False),
    Column("from_trial", Integer),
    Column("resumes", String),
    sqlite_with_rowid=False,
)

trial_values = Table(
    "trial_values",
    metadata,
    Column("sweep_key", BigInteger, primary_key=True, autoincrement=False),
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

sweep_clients = Table(
    "sweep_clients",
    metadata,
    Column("sweep_key", BigInteger, primary_key=True, autoincrement=False),
    Column("client", String, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
    sqlite_with_rowid=False,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String, primary_key=True),
    Column("body", String, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("idempotency_by_age", "created_at"),
)

schema_version = Table(
    "schema_version",
    metadata,
    Column("version", String, primary_key=True),
)
