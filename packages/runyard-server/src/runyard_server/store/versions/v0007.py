"""Schema 0007: endpoints with deployments, revisions and replicas; images of 2019."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

_KEY = BigInteger().with_variant(Integer, "sqlite")


def upgrade(op: Any) -> None:
    """Add the tables of endpoints and images, kinds of compute targets, and wishes of models."""
    kind = Column("kind", String, nullable=False, server_default="AmlCompute")
    op.add_column("compute", kind)
    for wish in (Column("cpus", Float), Column("memory_gb", Float), Column("gpus", Integer)):
        op.add_column("models", wish)
    _add_endpoints(op)
    _add_deployments(op)
    _add_images(op)


def _add_endpoints(op: Any) -> None:
    op.create_table(
        "endpoints",
        Column("key", _KEY, primary_key=True, autoincrement=True),
        Column("workspace", String, nullable=False),
        Column("name", String, nullable=False),
        Column("id", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("state", String, nullable=False),
        Column("port", Integer, nullable=False),
        Column("default_deployment", String, nullable=False),
        Column("access", Text, nullable=False),
        Column("keys", Text, nullable=False),
        Column("operation", Text, nullable=False),
        Column("error", Text, nullable=False),
        Column("description", Text, nullable=False),
        Column("tags", Text, nullable=False),
        Column("properties", Text, nullable=False),
        Column("v1", Text, nullable=False),
        Column("created_by", String, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
        UniqueConstraint("workspace", "name"),
    )


def _add_deployments(op: Any) -> None:
    op.create_table(
        "deployments",
        Column("key", _KEY, primary_key=True, autoincrement=True),
        Column("endpoint_key", BigInteger, nullable=False),
        Column("name", String, nullable=False),
        Column("state", String, nullable=False),
        Column("percent", Integer, nullable=False),
        Column("mirror", Integer, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("coming", Integer),
        Column("next_revision", Integer, nullable=False),
        Column("wanted", Integer, nullable=False),
        Column("error", Text, nullable=False),
        Column("deaths", Integer, nullable=False),
        Column("again_at", BigInteger),
        Column("low_since", BigInteger),
        Column("leaving", Boolean, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
        UniqueConstraint("endpoint_key", "name"),
    )
    op.create_table(
        "revisions",
        Column("deployment_key", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("spec", Text, nullable=False),
        Column("snapshot", String, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deployed_models",
        Column("workspace", String, primary_key=True),
        Column("model", String, primary_key=True),
        Column("deployment_key", BigInteger, primary_key=True, autoincrement=False),
        Column("revision", Integer, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "replicas",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("deployment_key", BigInteger, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("state", String, nullable=False),
        Column("since", BigInteger, nullable=False),
        Column("restarts", Integer, nullable=False),
        Column("reason", Text, nullable=False),
        Column("gpus", String, nullable=False),
        Column("retired_at", BigInteger),
        Index("replicas_of_deployment", "deployment_key", "run_key"),
    )


def _add_images(op: Any) -> None:
    op.create_table(
        "images",
        Column("key", _KEY, primary_key=True, autoincrement=True),
        Column("workspace", String, nullable=False),
        Column("name", String, nullable=False),
        Column("version", Integer, nullable=False),
        Column("run", String, nullable=False),
        Column("spec", Text, nullable=False),
        Column("description", Text, nullable=False),
        Column("tags", Text, nullable=False),
        Column("properties", Text, nullable=False),
        Column("v1", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        UniqueConstraint("workspace", "name", "version"),
    )
    op.create_table(
        "image_names",
        Column("workspace", String, primary_key=True),
        Column("name", String, primary_key=True),
        Column("last_version", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
