"""The tables of people, their roles and tokens, and of the audit log; see `store.schema`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from runyard_server.store import trash_schema

metadata = trash_schema.metadata

people = Table(
    "people",
    metadata,
    Column("name", String, primary_key=True),
    # In every workspace; "" for none.
    Column("role", String, nullable=False),
    Column("is_owner", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

roles = Table(
    "roles",
    metadata,
    Column("person", String, nullable=False),
    Column("workspace", String, nullable=False),
    Column("role", String, nullable=False),
    PrimaryKeyConstraint("person", "workspace"),
    Index("roles_of_workspace", "workspace", "person"),
)

# Who was removed, and when: a run that they had submitted by then acts for nobody, whoever gets the
# name later.
former_people = Table(
    "former_people",
    metadata,
    Column("name", String, primary_key=True),
    Column("removed_at", BigInteger, nullable=False),
)

# What is kept under a name for jobs to read, sealed under the service's secret.
secrets = Table(
    "secrets",
    metadata,
    Column("workspace", String, nullable=False),
    Column("name", String, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("owner", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "name"),
)

user_tokens = Table(
    "user_tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("name", String, nullable=False),
    Column("prefix", String, nullable=False),
    # SHA-256 of the token: 32 random bytes need no slow hash, and who reads this has no token.
    Column("digest", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    UniqueConstraint("person", "name"),
)

audit = Table(
    "audit",
    metadata,
    # SQLite numbers rows by itself only for a column declared INTEGER.
    Column("key", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
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
    Index("audit_of_object", "object", "key"),
)
