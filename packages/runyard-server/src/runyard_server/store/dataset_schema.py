"""The tables of datasets; see `store.schema`.

Lists of files are JSON, packed by zlib: a hundred thousand names take a tenth so.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
)

from runyard_server.store import tracking_schema

metadata = tracking_schema.metadata

dataset_definitions = Table(
    "dataset_definitions",
    metadata,
    # It follows from workspace and definition, so it is of one workspace alone.
    Column("id", String, primary_key=True),
    Column("workspace", String, nullable=False),
    Column("definition", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

dataset_names = Table(
    "dataset_names",
    metadata,
    Column("workspace", String, nullable=False),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    # 0 of a name that was given up, whose versions' numbers are not used again.
    Column("latest", Integer, nullable=False),
    Column("numbered", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("workspace", "name"),
)

dataset_versions = Table(
    "dataset_versions",
    metadata,
    Column("workspace", String, nullable=False),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("dataset", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("file_count", Integer, nullable=False),
    Column("files", LargeBinary, nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String, nullable=False),
    Column("run", String, nullable=False),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("workspace", "name", "version"),
    Index("dataset_versions_of_definition", "workspace", "dataset", "name", "version"),
)

# The contents that a pinned version keeps: they stand in its list of files, too, which is packed.
dataset_pins = Table(
    "dataset_pins",
    metadata,
    Column("workspace", String, nullable=False),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String, nullable=False),
    PrimaryKeyConstraint("workspace", "name", "version", "digest"),
)

# What was read of a file holds as long as its size and time do.
file_digests = Table(
    "file_digests",
    metadata,
    Column("workspace", String, nullable=False),
    Column("datastore", String, nullable=False),
    Column("path", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified_at", String, nullable=False),
    Column("digest", String, nullable=False),
    PrimaryKeyConstraint("workspace", "datastore", "path"),
)

web_files = Table(
    "web_files",
    metadata,
    Column("workspace", String, nullable=False),
    Column("url", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("etag", String, nullable=False),
    Column("fetched_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "url"),
)

run_datasets = Table(
    "run_datasets",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("direction", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("dataset", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("registered", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed", Boolean, nullable=False),
    Column("files", LargeBinary, nullable=False),
    Index("run_datasets_of", "dataset", "run_key"),
)

model_datasets = Table(
    "model_datasets",
    metadata,
    Column("model_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("scenario", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("digest", String, nullable=False),
    Index("model_datasets_of", "dataset", "model_key"),
)
