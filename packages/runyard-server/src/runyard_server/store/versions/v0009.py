"""Schema 0009: an index for each order of runs, and for those of an experiment's table."""

from typing import Any

from sqlalchemy import text

_OF_ALL = {
    "runs_by_user": "submitted_by",
    "runs_by_attempt": "attempt",
    "runs_by_active": "active",
    "runs_by_snapshot": "snapshot",
    "runs_by_description": "description",
}
_OF_EXPERIMENTS = ("status", "name", "created_at", "started_at", "ended_at")
_LASTED = text("(ended_at - started_at) / 1000000.0")


def upgrade(op: Any) -> None:
    """Add the indexes; among a million runs each takes about a second."""
    for name, column in _OF_ALL.items():
        op.create_index(name, "runs", ["workspace", column, "key"])
    for column in _OF_EXPERIMENTS:
        name = f"runs_of_experiment_by_{column}"
        op.create_index(name, "runs", ["workspace", "experiment", column, "key"])
    op.create_index("runs_by_duration", "runs", ["workspace", _LASTED, "key"])
    scoped = ["workspace", "experiment", _LASTED, "key"]
    op.create_index("runs_of_experiment_by_duration", "runs", scoped)
    going = text("coalesce(ended_at, 0) = 0 AND coalesce(started_at, 0) > 0")
    columns = ["workspace", text("0 - started_at"), "key"]
    op.create_index("runs_going", "runs", columns, sqlite_where=going)
