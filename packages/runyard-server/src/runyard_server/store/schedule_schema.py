"""The tables of schedules; see `store.schema`.

What a schedule has submitted goes with the run, as all that begins with a run's key. Runs name a
schedule by its id: the key of a deleted one may be given again.
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
)

from runyard_server.store import pipeline_schema

metadata = pipeline_schema.metadata
# SQLite numbers rows by itself only for a column declared INTEGER.
_Key = BigInteger().with_variant(Integer, "sqlite")

schedules = Table(
    "schedules",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String, nullable=False),
    Column("id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("pipeline", String, nullable=False),
    Column("endpoint", String, nullable=False),
    Column("experiment", String, nullable=False),
    Column("spec", Text, nullable=False),
    Column("anchor", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("last_key", BigInteger),
    Column("last_at", BigInteger),
    Column("reason", Text, nullable=False),
    Column("runs_for", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("workspace", "id"),
    Index("schedules_of_workspace", "workspace", "key"),
    Index("schedules_of_pipeline", "workspace", "pipeline", "key"),
    Index("schedules_of_endpoint", "workspace", "endpoint", "key"),
    Index("schedules_active", "workspace", "active", "key"),
    Index("schedules_due", "active", "due_at"),
)

schedule_runs = Table(
    "schedule_runs",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("schedule", String, nullable=False),
    Index("schedule_runs_of_schedule", "schedule", "run_key"),
)

# The files of a folder as they were when it was looked at last.
schedule_files = Table(
    "schedule_files",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("schedule", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("version", String, nullable=False),
)
