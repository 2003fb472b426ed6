"""Schema 0011: what comes after the registry's history and the trash."""

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
    text,
)

_PLACE = text('coalesce(place, "key" * 1048576)')


def upgrade(op: Any) -> None:
    """Take the steps, in any order."""
    _add_priority(op)
    _end_what_is_revoked(op)
    _let_titles_follow(op)
    _add_stores(op)
    _add_datasets(op)
    _add_uses_of_datasets(op)


def _add_priority(op: Any) -> None:
    """Add to runs their priority and their place in a queue."""
    op.add_column("runs", Column("priority", Integer, nullable=False, server_default="0"))
    op.add_column("runs", Column("place", BigInteger))
    op.drop_index("runs_of_target", "runs")
    in_turn = [text("priority DESC"), _PLACE, "key"]
    op.create_index("runs_of_target", "runs", ["workspace", "target", "active", *in_turn])


def _end_what_is_revoked(op: Any) -> None:
    """Let browsers' sessions end with their tokens, and runs act for nobody who was removed."""
    # Which token has begun a session nobody has written down: all sign in once more.
    op.execute(text("DELETE FROM studio_sessions"))
    op.add_column("studio_sessions", Column("token", String, nullable=False, server_default=""))
    op.create_table(
        "former_people",
        Column("name", String, primary_key=True),
        Column("removed_at", BigInteger, nullable=False),
    )


def _let_titles_follow(op: Any) -> None:
    """Have the titles of experiments in the trash be there, too, where they keep nobody's."""
    op.execute(
        text(
            "UPDATE experiment_facts SET workspace = (SELECT found.workspace "
            "FROM experiments AS found WHERE found.id = experiment_facts.experiment) "
            "WHERE EXISTS (SELECT 1 FROM experiments AS found "
            "WHERE found.id = experiment_facts.experiment "
            "AND found.workspace <> experiment_facts.workspace)"
        )
    )


def _add_stores(op: Any) -> None:
    """Let datastores be in object stores."""
    added = (
        Column("kind", String, nullable=False, server_default="folder"),
        Column("settings", Text, nullable=False, server_default=""),
        Column("credentials", Text, nullable=False, server_default=""),
    )
    for each in added:
        op.add_column("datastores", each)


def _add_datasets(op: Any) -> None:
    op.create_table(
        "dataset_definitions",
        Column("id", String, primary_key=True),
        Column("workspace", String, nullable=False),
        Column("definition", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
    )
    op.create_table(
        "dataset_names",
        Column("workspace", String, nullable=False),
        Column("name", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("latest", Integer, nullable=False),
        PrimaryKeyConstraint("workspace", "name"),
    )
    op.create_table(
        "dataset_versions",
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
        PrimaryKeyConstraint("workspace", "name", "version"),
        Index("dataset_versions_of_definition", "workspace", "dataset", "name", "version"),
    )
    op.create_table(
        "file_digests",
        Column("workspace", String, nullable=False),
        Column("datastore", String, nullable=False),
        Column("path", String, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("modified_at", String, nullable=False),
        Column("digest", String, nullable=False),
        PrimaryKeyConstraint("workspace", "datastore", "path"),
    )
    op.create_table(
        "web_files",
        Column("workspace", String, nullable=False),
        Column("url", String, nullable=False),
        Column("digest", String, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("etag", String, nullable=False),
        Column("fetched_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("workspace", "url"),
    )


def _add_uses_of_datasets(op: Any) -> None:
    op.create_table(
        "run_datasets",
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
    op.create_table(
        "model_datasets",
        Column("model_key", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("scenario", String, nullable=False),
        Column("dataset", String, nullable=False),
        Column("digest", String, nullable=False),
        Index("model_datasets_of", "dataset", "model_key"),
    )
