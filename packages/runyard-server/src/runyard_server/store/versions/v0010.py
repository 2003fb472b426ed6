"""Schema 0010: a registry with aliases and a history; the trash; people; what trackers say."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)

_KEY = BigInteger().with_variant(Integer, "sqlite")
# A name without a version was deleted: only its counter is left.
_COPY_NAMES = """
INSERT INTO registered_models
  (workspace, name, last_version, latest_key, description, created_at, changed_at, created_by,
   removed)
SELECT names.workspace, names.name, names.last_version, names.latest_key, '',
  coalesce(min(models.created_at), 0), coalesce(max(models.created_at), 0), '',
  names.latest_key IS NULL
FROM model_names AS names
LEFT JOIN models ON models.workspace = names.workspace AND models.name = names.name
GROUP BY names.workspace, names.name, names.last_version, names.latest_key
ORDER BY names.workspace, names.name
"""


def upgrade(op: Any) -> None:
    """Make the new tables, and move the counters of models' names."""
    _add_registry(op)
    _add_model_columns(op)
    _add_trash(op)
    _add_people(op)
    _add_audit(op)
    _add_tracking(op)
    _add_logged_models(op)


def _add_registry(op: Any) -> None:
    op.create_table(
        "registered_models",
        Column("key", _KEY, primary_key=True, autoincrement=True),
        Column("workspace", String, nullable=False),
        Column("name", String, nullable=False),
        Column("last_version", Integer, nullable=False),
        Column("latest_key", BigInteger),
        Column("description", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("created_by", String, nullable=False),
        Column("removed", Boolean, nullable=False, server_default=false()),
        UniqueConstraint("workspace", "name"),
        Index("registered_models_by_change", "workspace", "changed_at", "key"),
    )
    op.execute(text(_COPY_NAMES))
    op.drop_table("model_names")
    op.create_table(
        "registered_model_tags",
        Column("registered_key", BigInteger, primary_key=True, autoincrement=False),
        Column("name", String, primary_key=True),
        Column("value", Text, nullable=False),
        Column("number", Float),
        Index("registered_model_tags_by_value", "name", "value", "registered_key"),
        Index("registered_model_tags_by_number", "name", "number", "registered_key"),
    )
    op.create_table(
        "model_aliases",
        Column("registered_key", BigInteger, primary_key=True, autoincrement=False),
        Column("alias", String, primary_key=True),
        Column("version", Integer, nullable=False),
        Index("model_aliases_of_version", "registered_key", "version"),
    )
    op.create_table(
        "model_changes",
        Column("key", _KEY, primary_key=True, autoincrement=True),
        Column("registered_key", BigInteger, nullable=False),
        Column("version", Integer),
        Column("time", BigInteger, nullable=False),
        Column("actor", String, nullable=False),
        Column("action", String, nullable=False),
        Column("details", Text, nullable=False),
        Index("model_changes_of_model", "registered_key", "key"),
    )


def _add_model_columns(op: Any) -> None:
    added = (
        Column("stage", String, nullable=False, server_default="None"),
        Column("changed_at", BigInteger, nullable=False, server_default="0"),
        Column("created_by", String, nullable=False, server_default=""),
        Column("files_of", BigInteger),
        Column("files_below", String),
    )
    for each in added:
        op.add_column("models", each)
    op.execute(text("UPDATE models SET changed_at = created_at"))
    op.create_index("models_of_stage", "models", ["workspace", "name", "stage", "key"])
    op.create_index("models_by_files", "models", ["files_of", "key"])


def _add_trash(op: Any) -> None:
    op.create_table(
        "trash",
        Column("key", _KEY, primary_key=True, autoincrement=True),
        Column("workspace", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("subject", String, nullable=False),
        Column("state", String, nullable=False),
        Column("count", Integer, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("deleted_by", String, nullable=False),
        Column("deleted_at", BigInteger, nullable=False),
        Column("until", BigInteger, nullable=False),
        Column("details", Text, nullable=False),
        UniqueConstraint("workspace", "kind", "subject"),
        Index("trash_of_workspace", "workspace", "key"),
        Index("trash_due", "until"),
    )
    op.create_table(
        "blob_marks",
        Column("digest", String, primary_key=True),
        Column("marked_at", BigInteger, nullable=False),
        Column("due", BigInteger, nullable=False),
        Index("blob_marks_due", "due"),
    )


def _add_people(op: Any) -> None:
    op.create_table(
        "people",
        Column("name", String, primary_key=True),
        Column("role", String, nullable=False),
        Column("is_owner", Boolean, nullable=False),
        Column("created_at", BigInteger, nullable=False),
    )
    op.create_table(
        "roles",
        Column("person", String, nullable=False),
        Column("workspace", String, nullable=False),
        Column("role", String, nullable=False),
        PrimaryKeyConstraint("person", "workspace"),
    )
    op.create_index("roles_of_workspace", "roles", ["workspace", "person"])
    op.create_table(
        "user_tokens",
        Column("id", String, primary_key=True),
        Column("person", String, nullable=False),
        Column("name", String, nullable=False),
        Column("prefix", String, nullable=False),
        Column("digest", String, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("ends_at", BigInteger, nullable=False),
        Column("used_at", BigInteger, nullable=False),
        UniqueConstraint("person", "name"),
    )


def _add_audit(op: Any) -> None:
    op.create_table(
        "audit",
        Column("key", _KEY, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("person", String, nullable=False),
        Column("via", String, nullable=False),
        Column("address", String, nullable=False),
        Column("route", String, nullable=False),
        Column("workspace", String, nullable=False),
        Column("object", String, nullable=False),
        Column("outcome", String, nullable=False),
        Column("detail", Text, nullable=False),
        Column("count", Integer, nullable=False),
    )
    op.create_index("audit_of_object", "audit", ["object", "key"])


def _add_tracking(op: Any) -> None:
    op.add_column("runs", Column("deleted_at", BigInteger))
    gone = text("deleted_at IS NOT NULL")
    op.create_index("runs_deleted", "runs", ["workspace", "deleted_at"], sqlite_where=gone)
    for name, kind in (("last_step", BigInteger), ("last_time", BigInteger), ("last_odd", String)):
        op.add_column("metric_series", Column(name, kind))
    op.create_table(
        "experiment_facts",
        Column("experiment", String, primary_key=True),
        Column("workspace", String, nullable=False),
        Column("title", String),
        Column("location", Text, nullable=False),
        Column("deleted_at", BigInteger),
        Column("changed_at", BigInteger, nullable=False),
        UniqueConstraint("workspace", "title"),
    )
    op.create_table(
        "experiment_tags",
        Column("experiment", String, primary_key=True),
        Column("name", String, primary_key=True),
        Column("value", Text, nullable=False),
    )
    op.create_table(
        "run_inputs",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("kind", String, nullable=False),
        Column("name", String, nullable=False),
        Column("digest", String, nullable=False),
        Column("context", String),
        Column("document", Text, nullable=False),
        Index("run_inputs_by_name", "kind", "name", "run_key"),
    )


def _add_logged_models(op: Any) -> None:
    op.create_table(
        "logged_models",
        Column("key", _KEY, primary_key=True, autoincrement=True),
        Column("workspace", String, nullable=False),
        Column("id", String, nullable=False),
        Column("experiment", String, nullable=False),
        Column("name", String, nullable=False),
        Column("run", String),
        Column("model_type", String, nullable=False),
        Column("status", Integer, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("deleted_at", BigInteger),
        UniqueConstraint("workspace", "id"),
        Index("logged_models_of_experiment", "workspace", "experiment", "created_at", "key"),
        Index("logged_models_of_run", "workspace", "run", "key"),
    )
    op.create_table(
        "logged_model_tags",
        Column("logged_key", BigInteger, primary_key=True, autoincrement=False),
        Column("name", String, primary_key=True),
        Column("value", Text, nullable=False),
    )
    op.create_table(
        "logged_model_params",
        Column("logged_key", BigInteger, primary_key=True, autoincrement=False),
        Column("name", String, primary_key=True),
        Column("value", Text, nullable=False),
    )
    op.create_table(
        "logged_model_metrics",
        Column("key", _KEY, primary_key=True, autoincrement=True),
        Column("logged_key", BigInteger, nullable=False),
        Column("name", String, nullable=False),
        Column("value", Float, nullable=False),
        Column("time", BigInteger, nullable=False),
        Column("step", BigInteger, nullable=False),
        Column("run", String, nullable=False),
        Column("dataset_name", String),
        Column("dataset_digest", String),
        Index("logged_model_metrics_of_model", "logged_key", "name"),
    )
    op.create_table(
        "logged_model_files",
        Column("logged_key", BigInteger, primary_key=True, autoincrement=False),
        Column("path", String, primary_key=True),
        Column("digest", String, nullable=False),
        Column("size", BigInteger, nullable=False),
    )
