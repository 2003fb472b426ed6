"""Schema 0012: what comes after datasets and priorities."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)


def upgrade(op: Any) -> None:
    """Take the steps, in any order."""
    _let_runs_be_archived(op)
    _add_stars(op)
    _keep_the_collectors_pass(op)
    _number_datasets(op)
    _add_summaries(op)
    _odd_metrics(op)
    _experiments_by_creation(op)
    _add_secrets(op)
    _add_pipelines(op)
    _publish_pipelines(op)


def _let_runs_be_archived(op: Any) -> None:
    op.add_column("runs", Column("archived", Boolean, nullable=False, server_default=false()))
    op.create_index("runs_by_archived", "runs", ["workspace", "archived", "key"])
    op.create_index("runs_by_priority", "runs", ["workspace", "priority", "key"])


def _add_stars(op: Any) -> None:
    op.create_table(
        "stars",
        Column("workspace", String, nullable=False),
        Column("person", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("name", String, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("workspace", "person", "kind", "name"),
        Index("stars_of", "workspace", "kind", "name"),
    )


def _keep_the_collectors_pass(op: Any) -> None:
    op.create_table(
        "collector_pass",
        Column("began_at", BigInteger, nullable=False),
        Column("ended_at", BigInteger, nullable=False),
        Column("seen", BigInteger, nullable=False),
        Column("marked", BigInteger, nullable=False),
        Column("removed", BigInteger, nullable=False),
        Column("size", BigInteger, nullable=False),
        PrimaryKeyConstraint("began_at"),
    )


def _number_datasets(op: Any) -> None:
    """Keep the highest number that a dataset's name ever had; no version takes it again."""
    op.add_column("dataset_names", Column("numbered", Integer, nullable=False, server_default="0"))
    op.execute(text("UPDATE dataset_names SET numbered = latest"))


def _add_summaries(op: Any) -> None:
    """Of series that are there nothing is kept: a look at one reads all its points, as before."""
    op.create_table(
        "metric_summaries",
        Column("series_id", BigInteger, primary_key=True, autoincrement=False),
        Column("first", Integer, primary_key=True, autoincrement=False),
        Column("count", Integer, nullable=False),
        Column("encoding", String, nullable=False),
        Column("payload", LargeBinary, nullable=False),
    )


def _odd_metrics(op: Any) -> None:
    """Metrics of logged models may be no number."""
    op.add_column("logged_model_metrics", Column("odd", String))


def _experiments_by_creation(op: Any) -> None:
    """Experiments are read page by page in the order in which trackers list them."""
    op.create_index("experiments_by_creation", "experiments", ["workspace", "created_at", "id"])


def _add_secrets(op: Any) -> None:
    op.create_table(
        "secrets",
        Column("workspace", String, nullable=False),
        Column("name", String, nullable=False),
        Column("sealed", Text, nullable=False),
        Column("owner", String, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("workspace", "name"),
    )


def _add_pipelines(op: Any) -> None:
    op.create_table(
        "pipeline_runs",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("active", Boolean, nullable=False),
        Column("spec", Text, nullable=False),
        Column("parameters", Text, nullable=False),
        Column("continue_on_failure", Boolean, nullable=False),
        Column("regenerate", Boolean, nullable=False),
        Index("pipeline_runs_active", "active", "run_key"),
    )
    op.create_table(
        "pipeline_nodes",
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
        Index("pipeline_nodes_of_digest", "digest", "state"),
    )
    op.create_table(
        "step_results",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("workspace", String, nullable=False),
        Column("digest", String, nullable=False),
        Column("name", String, nullable=False),
        Column("parts", Text, nullable=False),
        Column("outputs", Text, nullable=False),
        Index("step_results_of_digest", "workspace", "digest", "run_key"),
        Index("step_results_of_name", "workspace", "name", "run_key"),
    )


def _publish_pipelines(op: Any) -> None:
    key = BigInteger().with_variant(Integer, "sqlite")
    op.create_table(
        "published_pipelines",
        Column("key", key, primary_key=True, autoincrement=True),
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
    op.create_table(
        "published_snapshots",
        Column("workspace", String, primary_key=True),
        Column("snapshot", String, primary_key=True),
        Column("published", String, primary_key=True),
    )
    op.create_table(
        "pipeline_endpoints",
        Column("key", key, primary_key=True, autoincrement=True),
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
    op.create_table(
        "pipeline_endpoint_versions",
        Column("endpoint_key", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("published", String, nullable=False),
    )
