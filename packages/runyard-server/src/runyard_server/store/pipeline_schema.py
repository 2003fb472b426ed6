"""The tables of pipelines; see `store.schema`.

The first three begin with the key of a run whose rows they are, so they go when that run is freed.
Published pipelines, their endpoints and drafts are nobody's: they stay.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from runyard_server.store import dataset_schema

metadata = dataset_schema.metadata
# SQLite numbers rows by itself only for a column declared INTEGER.
_Key = BigInteger().with_variant(Integer, "sqlite")

pipeline_runs = Table(
    "pipeline_runs",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("active", Boolean, nullable=False),
    Column("spec", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("continue_on_failure", Boolean, nullable=False),
    Column("regenerate", Boolean, nullable=False),
    # Of thousands of steps not all are written at once.
    Column("written", Boolean, nullable=False, server_default=true()),
    Index("pipeline_runs_active", "active", "run_key"),
)

pipeline_nodes = Table(
    "pipeline_nodes",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("step_key", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("reuse", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reused_key", BigInteger),
    Column("parts", Text, nullable=False),
    Column("outputs", Text, nullable=False),
    # How many of those before it have not settled.
    Column("missing", Integer, nullable=False, server_default="0"),
    # Its run has ended, or it is over, and nobody has drawn the consequences.
    Column("news", Boolean, nullable=False, server_default=false()),
    # Two equal steps at once are looked for; most nodes are past that.
    Index("pipeline_nodes_of_digest", "digest", "state"),
    # What a turn asks for, and nothing else is read: there may be thousands.
    Index("pipeline_nodes_by_state", "run_key", "state", "missing", "number"),
    Index("pipeline_nodes_by_news", "run_key", "news", "number"),
    Index("pipeline_nodes_of_step", "step_key"),
)

# The workspaces that were told once what it means that a step is reused.
reuse_notices = Table(
    "reuse_notices",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("told_at", BigInteger, nullable=False),
)

step_results = Table(
    "step_results",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("name", String, nullable=False),
    Column("parts", Text, nullable=False),
    Column("outputs", Text, nullable=False),
    Index("step_results_of_digest", "workspace", "digest", "run_key"),
    Index("step_results_of_name", "workspace", "name", "run_key"),
)

published_pipelines = Table(
    "published_pipelines",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String, nullable=False),
    Column("id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("version", String, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("continue_on_failure", Boolean, nullable=False),
    Column("spec", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("published_by", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("workspace", "id"),
    Index("published_pipelines_of_workspace", "workspace", "key"),
    Index("published_pipelines_active", "workspace", "active", "key"),
)

# What a draft has beside its spec is JSON: lists show it, and nothing is looked for in it.
pipeline_drafts = Table(
    "pipeline_drafts",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String, nullable=False),
    Column("id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("experiment", String, nullable=False),
    Column("continue_on_failure", Boolean, nullable=False),
    Column("spec", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("last_run", String),
    Column("created_by", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    UniqueConstraint("workspace", "id"),
    Index("pipeline_drafts_of_workspace", "workspace", "key"),
)

# What keeps the collector from the files of published steps, whatever becomes of runs, and from
# those of drafts: `published` is the id of either.
published_snapshots = Table(
    "published_snapshots",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("snapshot", String, primary_key=True),
    Column("published", String, primary_key=True),
)

pipeline_endpoints = Table(
    "pipeline_endpoints",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String, nullable=False),
    Column("id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("default_version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("workspace", "id"),
    Index("pipeline_endpoints_of_workspace", "workspace", "key"),
    Index("pipeline_endpoints_by_status", "workspace", "status", "key"),
    Index("pipeline_endpoints_by_name", "workspace", "name", "key"),
)

pipeline_endpoint_versions = Table(
    "pipeline_endpoint_versions",
    metadata,
    Column("endpoint_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("published", String, nullable=False),
)
