"""The tables of endpoints and of images; see `store.schema`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
# SQLite numbers rows by itself only for a column declared INTEGER.
_Key = BigInteger().with_variant(Integer, "sqlite")

endpoints = Table(
    "endpoints",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
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

deployments = Table(
    "deployments",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
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

revisions = Table(
    "revisions",
    metadata,
    Column("deployment_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("spec", Text, nullable=False),
    Column("snapshot", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

deployed_models = Table(
    "deployed_models",
    metadata,
    Column("workspace", String, primary_key=True),
    # In front: who deletes a model asks which endpoints have it.
    Column("model", String, primary_key=True),
    Column("deployment_key", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

replicas = Table(
    "replicas",
    metadata,
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

images = Table(
    "images",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
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

image_names = Table(
    "image_names",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("last_version", Integer, nullable=False),
    sqlite_with_rowid=False,
)
