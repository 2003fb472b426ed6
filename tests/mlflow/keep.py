"""Run by hand: has MLflow's own server keep some of everything, and writes its database down.

`kept.sql` has the tables that the importer reads, as MLflow of `peers/mlflow.in` makes them.
"""

import sqlite3
import tempfile
from pathlib import Path

from tests.mlflow.clients import HERE, running_client
from tests.mlflow.oracle import running_oracle

KEPT = HERE / "kept.sql"
_TABLES = (
    "datasets",
    "experiment_tags",
    "experiments",
    "input_tags",
    "inputs",
    "logged_model_metrics",
    "logged_model_params",
    "logged_model_tags",
    "logged_models",
    "metrics",
    "model_version_tags",
    "model_versions",
    "params",
    "registered_model_aliases",
    "registered_model_tags",
    "registered_models",
    "runs",
    "tags",
)


def record(folder: Path) -> str:
    """The database of a server that was told all that `cross.keep` tells, as SQL."""
    with running_oracle(folder) as url, running_client("3", folder) as client:
        client.see("cross.keep", url)
    connection = sqlite3.connect(folder / "mlflow.db")
    lines = [one for one in connection.iterdump() if _table(one) in _TABLES]
    connection.close()
    return "\n".join(lines) + "\n"


def _table(statement: str) -> str:
    """The table that a statement makes or fills, "" for any other statement."""
    words = statement.replace("(", " ").split()
    filled = words[:2] == ["INSERT", "INTO"] or words[:2] == ["CREATE", "TABLE"]
    return words[2].strip('"') if filled else ""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        KEPT.write_text(record(Path(temporary)), "utf-8")
