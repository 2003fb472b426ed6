"""The tables of the studio: sessions, views and stars; see `store.schema`."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from runyard_server.store import endpoint_schema

metadata = endpoint_schema.metadata

studio_sessions = Table(
    "studio_sessions",
    metadata,
    # SHA-256 of the nonce: who reads the database can sign nobody in with it.
    Column("id", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("client", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    # The hash of the token that signed the browser in, "" for the service's own.
    Column("token", String, nullable=False, server_default=""),
    Index("ix_studio_sessions_ends_at", "ends_at"),
)

views = Table(
    "views",
    metadata,
    Column("id", String, primary_key=True),
    Column("workspace", String, nullable=False),
    Column("noun", String, nullable=False),
    Column("name", String, nullable=False),
    Column("settings", Text, nullable=False),
    Column("owner", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    UniqueConstraint("workspace", "noun", "name"),
)

# What a person wants to have at hand, by its kind and the name that its routes have for it.
stars = Table(
    "stars",
    metadata,
    Column("workspace", String, nullable=False),
    Column("person", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "person", "kind", "name"),
    Index("stars_of", "workspace", "kind", "name"),
)

# Up to when a person has looked at what failed, in microseconds since 1970.
seen = Table(
    "seen",
    metadata,
    Column("workspace", String, nullable=False),
    Column("person", String, nullable=False),
    Column("failures", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "person"),
)
