"""The tables of the trash and of the collector; see `store.schema`.

What is in the trash keeps its rows: they belong to another workspace, which nobody can ask for, so
that no list or search has to know of the trash. `trash` says what was put there, and until when.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from runyard_server.store import registry_schema

metadata = registry_schema.metadata
# SQLite numbers rows by itself only for a column declared INTEGER.
_Key = BigInteger().with_variant(Integer, "sqlite")

trash = Table(
    "trash",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
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

# Contents that nothing seemed to refer to: who refers to one again takes its mark away first.
blob_marks = Table(
    "blob_marks",
    metadata,
    Column("digest", String, primary_key=True),
    Column("marked_at", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Index("blob_marks_due", "due"),
)

# What the collector's last pass has done, in the one row there is.
collector_pass = Table(
    "collector_pass",
    metadata,
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("marked", BigInteger, nullable=False),
    Column("removed", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    PrimaryKeyConstraint("began_at"),
)
