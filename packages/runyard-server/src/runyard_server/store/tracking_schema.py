"""The tables of what trackers such as MLflow say beside the nouns of ours; see `store.schema`.

`experiment_facts` has a row for an experiment that has a title which is no name of ours, a place
of its own for files, or was deleted. `logged_models` are models that a tracker has logged, before
anybody has registered one of them.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from runyard_server.store import team_schema

metadata = team_schema.metadata
# SQLite numbers rows by itself only for a column declared INTEGER.
_Key = BigInteger().with_variant(Integer, "sqlite")

experiment_facts = Table(
    "experiment_facts",
    metadata,
    Column("experiment", String, primary_key=True),
    Column("workspace", String, nullable=False),
    # Two without a title are no clash: NULLs are all different.
    Column("title", String),
    Column("location", Text, nullable=False),
    Column("deleted_at", BigInteger),
    Column("changed_at", BigInteger, nullable=False),
    UniqueConstraint("workspace", "title"),
)

experiment_tags = Table(
    "experiment_tags",
    metadata,
    Column("experiment", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

run_inputs = Table(
    "run_inputs",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("context", String),
    Column("document", Text, nullable=False),
    Index("run_inputs_by_name", "kind", "name", "run_key"),
)

logged_models = Table(
    "logged_models",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
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

logged_model_tags = Table(
    "logged_model_tags",
    metadata,
    Column("logged_key", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

logged_model_params = Table(
    "logged_model_params",
    metadata,
    Column("logged_key", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

logged_model_metrics = Table(
    "logged_model_metrics",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("logged_key", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("run", String, nullable=False),
    Column("dataset_name", String),
    Column("dataset_digest", String),
    # "NaN" where the value is none: to SQLite it is NULL, which a value cannot be.
    Column("odd", String),
    Index("logged_model_metrics_of_model", "logged_key", "name"),
)

logged_model_files = Table(
    "logged_model_files",
    metadata,
    Column("logged_key", BigInteger, primary_key=True, autoincrement=False),
    Column("path", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("size", BigInteger, nullable=False),
)
