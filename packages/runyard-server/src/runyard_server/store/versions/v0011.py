"""Schema 0011: what comes after the registry's history and the trash."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, String, Text, text

_PLACE = text('coalesce(place, "key" * 1048576)')


def upgrade(op: Any) -> None:
    """Take the steps, in any order."""
    _add_priority(op)
    _end_what_is_revoked(op)
    _let_titles_follow(op)
    _add_stores(op)


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
