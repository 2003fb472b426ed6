"""Schema 0013: what pipelines of later years add."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)


def upgrade(op: Any) -> None:
    """Take the steps, in any order."""
    _add_schedules(op)
    _count_what_nodes_wait_for(op)
    _tell_of_reuse_once(op)
    _archived_by_experiment(op)
    _add_seen(op)
    _add_batches(op)


def _add_schedules(op: Any) -> None:
    op.create_table(
        "schedules",
        Column(
            "key",
            BigInteger().with_variant(Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
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
    op.create_table(
        "schedule_runs",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("schedule", String, nullable=False),
        Index("schedule_runs_of_schedule", "schedule", "run_key"),
    )
    op.create_table(
        "schedule_files",
        Column("workspace", String, primary_key=True),
        Column("schedule", String, primary_key=True),
        Column("name", String, primary_key=True),
        Column("version", String, nullable=False),
    )


def _count_what_nodes_wait_for(op: Any) -> None:
    """A turn of a pipeline reads what has happened and what is ready, instead of all nodes."""
    written = Column("written", Boolean, nullable=False, server_default=true())
    op.add_column("pipeline_runs", written)
    missing = Column("missing", Integer, nullable=False, server_default="0")
    op.add_column("pipeline_nodes", missing)
    op.add_column("pipeline_nodes", Column("news", Boolean, nullable=False, server_default=false()))
    by_state = ["run_key", "state", "missing", "number"]
    op.create_index("pipeline_nodes_by_state", "pipeline_nodes", by_state)
    op.create_index("pipeline_nodes_by_news", "pipeline_nodes", ["run_key", "news", "number"])
    op.create_index("pipeline_nodes_of_step", "pipeline_nodes", ["step_key"])
    bind = op.get_bind()
    # A switch is a number in PostgreSQL, too, and no condition by itself.
    going_on = text("SELECT run_key, spec FROM pipeline_runs WHERE active = 1")
    for key, spec in bind.execute(going_on):
        found = bind.execute(
            text("SELECT number FROM pipeline_nodes WHERE run_key = :key AND state = 'settled'"),
            {"key": key},
        )
        for number, missing_now in _missing(json.loads(spec), {row[0] for row in found}):
            bind.execute(
                # Whatever has happened before is looked at once more.
                text(
                    "UPDATE pipeline_nodes SET missing = :missing, "
                    "news = CASE WHEN state <> 'settled' THEN 1 ELSE 0 END "
                    "WHERE run_key = :key AND number = :number"
                ),
                {"missing": missing_now, "key": key, "number": number},
            )


def _missing(spec: dict[str, Any], settled: set[int]) -> Iterable[tuple[int, int]]:
    """For each node how many of those before it have not settled."""
    numbers = {node["id"]: number for number, node in enumerate(spec["nodes"])}
    for number, node in enumerate(spec["nodes"]):
        before = {each["node"] for each in node.get("inputs", []) if each.get("node")}
        before.update(node.get("after", []))
        yield number, sum(numbers[each] not in settled for each in before)


def _tell_of_reuse_once(op: Any) -> None:
    op.create_table(
        "reuse_notices",
        Column("workspace", String, nullable=False),
        Column("told_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("workspace"),
    )


def _archived_by_experiment(op: Any) -> None:
    fields = ["workspace", "experiment", "archived", "key"]
    op.create_index("runs_of_experiment_by_archived", "runs", fields)


def _add_seen(op: Any) -> None:
    op.create_table(
        "seen",
        Column("workspace", String, nullable=False),
        Column("person", String, nullable=False),
        Column("failures", BigInteger, nullable=False),
        PrimaryKeyConstraint("workspace", "person"),
    )


def _add_batches(op: Any) -> None:
    op.create_table(
        "parallel_runs",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("digest", String, nullable=False),
        Column("batches", Integer, nullable=False),
        Column("next", Integer, nullable=False),
        Column("done", Integer, nullable=False),
        Column("failed", Integer, nullable=False),
        Column("items", BigInteger, nullable=False),
        Column("errors", BigInteger, nullable=False),
    )
    op.create_table(
        "parallel_batches",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("state", String, nullable=False),
        Column("node", Integer, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("tries", Integer, nullable=False),
        Column("errors", BigInteger, nullable=False),
        Column("digest", String),
        Column("start", BigInteger, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("reason", Text, nullable=False),
        Index("parallel_batches_by_state", "run_key", "state", "node", "number"),
    )
