"""The tables of the model registry; see `store.schema`.

`models` has a row for each version, `registered_models` one for each name. The row of a name stays
when all of it is deleted, for it counts the versions: no number is given twice.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from runyard_server.store import journal_schema

metadata = journal_schema.metadata
# SQLite numbers rows by itself only for a column declared INTEGER.
_Key = BigInteger().with_variant(Integer, "sqlite")

registered_models = Table(
    "registered_models",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
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

registered_model_tags = Table(
    "registered_model_tags",
    metadata,
    Column("registered_key", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
    Column("number", Float),
    Index("registered_model_tags_by_value", "name", "value", "registered_key"),
    Index("registered_model_tags_by_number", "name", "number", "registered_key"),
)

model_aliases = Table(
    "model_aliases",
    metadata,
    Column("registered_key", BigInteger, primary_key=True, autoincrement=False),
    Column("alias", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Index("model_aliases_of_version", "registered_key", "version"),
)

# Who changed what: rows are added and never changed, and stay when the model is deleted.
model_changes = Table(
    "model_changes",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("registered_key", BigInteger, nullable=False),
    Column("version", Integer),
    Column("time", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("details", Text, nullable=False),
    Index("model_changes_of_model", "registered_key", "key"),
)

models = Table(
    "models",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String, nullable=False),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("run", String),
    Column("experiment", String),
    Column("path", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("file_count", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("framework", String, nullable=False),
    Column("framework_version", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("cpus", Float),
    Column("memory_gb", Float),
    Column("gpus", Integer),
    Column("stage", String, nullable=False, server_default="None"),
    Column("changed_at", BigInteger, nullable=False, server_default="0"),
    Column("created_by", String, nullable=False, server_default=""),
    # A version whose files are those of a run has no rows of its own in `model_files`: they are the
    # rows of this run below this folder, until one of them is about to change.
    Column("files_of", BigInteger),
    Column("files_below", String),
    UniqueConstraint("workspace", "name", "version"),
    Index("models_of_workspace", "workspace", "key"),
    Index("models_of_run", "workspace", "run", "key"),
    Index("models_of_stage", "workspace", "name", "stage", "key"),
    Index("models_by_files", "files_of", "key"),
)

model_tags = Table(
    "model_tags",
    metadata,
    Column("model_key", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
    Column("number", Float),
    Index("model_tags_by_value", "name", "value", "model_key"),
    Index("model_tags_by_number", "name", "number", "model_key"),
)

model_properties = Table(
    "model_properties",
    metadata,
    Column("model_key", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
    Column("number", Float),
    Index("model_properties_by_value", "name", "value", "model_key"),
    Index("model_properties_by_number", "name", "number", "model_key"),
)

model_files = Table(
    "model_files",
    metadata,
    Column("model_key", BigInteger, primary_key=True, autoincrement=False),
    Column("path", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("executable", Boolean, nullable=False),
)
