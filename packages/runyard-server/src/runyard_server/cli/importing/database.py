"""MLflow's database, as its server and its client keep it in SQLite; read only, of any version.

Versions differ in columns: what a database lacks is told by empty texts.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runyard.protocol.errors import InvalidRequest
from runyard_server.cli.importing.sources import (
    LOGGED_STATUSES,
    Source,
    SourceExperiment,
    SourceLogged,
    SourceModel,
    SourceRun,
    SourceVersion,
    below,
    local,
)

_DELETED = "deleted"


class Database(Source):
    """A database of MLflow's.

    Args:
        path: The file.
        files: Where its server kept the files of runs; None: beside the database.
    """

    def __init__(self, path: Path, files: Path | None) -> None:
        beside = path.resolve().parent / "mlartifacts"
        self._files = files or (beside if beside.is_dir() else None)
        # Read only, also by the file system: a server may be at work on it.
        # Quoted, or a folder with `#` or `?` in its name would be another one.
        self._connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
        self._connection.row_factory = sqlite3.Row
        try:
            found = {row["name"] for row in self._rows("SELECT name FROM sqlite_master")}
        except sqlite3.DatabaseError as error:
            raise InvalidRequest(f"{path} is no database of SQLite: {error}") from None
        if not {"experiments", "runs", "metrics", "params", "tags"} <= found:
            raise InvalidRequest(f"{path} is no database of MLflow's: it lacks tables of runs")
        self._tables = found

    def experiments(self) -> list[SourceExperiment]:
        """All experiments, deleted ones too."""
        tags = self._named("experiment_tags", "experiment_id")
        return [
            SourceExperiment(
                str(row["experiment_id"]),
                row["name"],
                tags[str(row["experiment_id"])],
                row["lifecycle_stage"] == _DELETED,
            )
            for row in self._rows("SELECT * FROM experiments ORDER BY experiment_id")
        ]

    def runs(self, experiment: str) -> list[str]:
        """The ids of all runs of an experiment, oldest first."""
        text = "SELECT run_uuid FROM runs WHERE experiment_id = ? ORDER BY start_time, run_uuid"
        return [row["run_uuid"] for row in self._rows(text, experiment)]

    def run(self, run: str) -> SourceRun:
        """A run."""
        [row] = self._rows("SELECT * FROM runs WHERE run_uuid = ?", run)
        tags = self._of_run("tags", run)
        return SourceRun(
            id=run,
            name=tags.get("mlflow.runName") or _of(row, "name"),
            user=_of(row, "user_id"),
            status=_of(row, "status"),
            started_at=row["start_time"] or 0,
            ended_at=row["end_time"],
            deleted=row["lifecycle_stage"] == _DELETED,
            artifact_uri=_of(row, "artifact_uri"),
            tags=tags,
            params=self._of_run("params", run),
            metrics=self._metrics(run),
            inputs=self._inputs(run),
            used=[row["destination_id"] for row in self._links(run, "RUN_INPUT")],
            made=[(row["destination_id"], row["step"]) for row in self._links(run, "RUN_OUTPUT")],
        )

    def files(self, run: SourceRun) -> Iterator[tuple[str, Path]]:
        """The files of a run that are on this machine."""
        folder = local(run.artifact_uri, self._files)
        return below(folder) if folder is not None else iter(())

    def logged(self, experiment: str) -> list[SourceLogged]:
        """The logged models of an experiment, the oldest first; databases of MLflow 2 have none."""
        if "logged_models" not in self._tables:
            return []
        text = (
            "SELECT * FROM logged_models WHERE experiment_id = ? AND lifecycle_stage = 'active' "
            "ORDER BY creation_timestamp_ms, model_id"
        )
        return [
            SourceLogged(
                row["model_id"],
                row["name"],
                _of(row, "source_run_id"),
                _of(row, "model_type"),
                LOGGED_STATUSES.get(row["status"], ""),
                row["artifact_location"],
                self._of_logged("tag", row["model_id"]),
                self._of_logged("param", row["model_id"]),
                self._measured(row["model_id"]),
            )
            for row in self._rows(text, experiment)
        ]

    def files_of_logged(self, model: SourceLogged) -> Iterator[tuple[str, Path]]:
        """The files of a logged model that are on this machine."""
        folder = local(model.artifact_uri, self._files)
        return below(folder) if folder is not None else iter(())

    def models(self) -> list[SourceModel]:
        """All registered models."""
        if "registered_models" not in self._tables:
            return []
        tags = self._named("registered_model_tags", "name")
        aliases: defaultdict[str, dict[str, int]] = defaultdict(dict)
        if "registered_model_aliases" in self._tables:
            for row in self._rows("SELECT * FROM registered_model_aliases"):
                aliases[row["name"]][row["alias"]] = int(row["version"])
        return [
            SourceModel(
                row["name"],
                _of(row, "description"),
                tags[row["name"]],
                aliases[row["name"]],
                self._versions(row["name"]),
            )
            for row in self._rows("SELECT * FROM registered_models ORDER BY name")
        ]

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _versions(self, name: str) -> list[SourceVersion]:
        tags: defaultdict[int, dict[str, str]] = defaultdict(dict)
        if "model_version_tags" in self._tables:
            for row in self._rows("SELECT * FROM model_version_tags WHERE name = ?", name):
                tags[int(row["version"])][row["key"]] = row["value"] or ""
        text = "SELECT * FROM model_versions WHERE name = ? ORDER BY version"
        return [
            SourceVersion(
                int(row["version"]),
                _of(row, "source"),
                _of(row, "run_id"),
                _of(row, "description"),
                _of(row, "current_stage") or "None",
                tags[int(row["version"])],
            )
            for row in self._rows(text, name)
            if _of(row, "current_stage") != "Deleted_Internal"
        ]

    def _metrics(self, run: str) -> dict[str, list[tuple[float, int, int]]]:
        found: defaultdict[str, list[tuple[float, int, int]]] = defaultdict(list)
        # By the key of the table, so that an import which is repeated meets the same order.
        text = "SELECT * FROM metrics WHERE run_uuid = ? ORDER BY key, timestamp, step, value"
        for row in self._rows(text, run):
            value = float("nan") if _of(row, "is_nan") == "1" else float(row["value"])
            found[row["key"]].append((value, row["timestamp"], row["step"]))
        return dict(found)

    def _inputs(self, run: str) -> list[dict[str, Any]]:
        if not {"inputs", "datasets", "input_tags"} <= self._tables:
            return []
        text = (
            "SELECT inputs.input_uuid, datasets.* FROM inputs JOIN datasets "
            "ON datasets.dataset_uuid = inputs.source_id WHERE inputs.destination_id = ? "
            "AND inputs.source_type = 'DATASET' ORDER BY datasets.name, datasets.digest"
        )
        return [self._input(row) for row in self._rows(text, run)]

    def _input(self, row: sqlite3.Row) -> dict[str, Any]:
        tags = self._rows("SELECT * FROM input_tags WHERE input_uuid = ?", row["input_uuid"])
        told = {
            "name": row["name"],
            "digest": row["digest"],
            "source_type": row["dataset_source_type"],
            "source": row["dataset_source"],
            "schema": row["dataset_schema"],
            "profile": row["dataset_profile"],
        }
        return {
            "tags": [{"key": tag["name"], "value": tag["value"]} for tag in tags],
            "dataset": {name: value for name, value in told.items() if value},
        }

    def _links(self, run: str, kind: str) -> list[sqlite3.Row]:
        """How a run is linked with logged models; MLflow 2 has no steps there."""
        if "logged_models" not in self._tables:
            return []
        text = (
            "SELECT destination_id, step FROM inputs WHERE source_id = ? AND source_type = ? "
            "ORDER BY destination_id"
        )
        return self._rows(text, run, kind)

    def _of_logged(self, what: str, model: str) -> dict[str, str]:
        # `what` is one of this file's own.
        text = f"SELECT {what}_key, {what}_value FROM logged_model_{what}s WHERE model_id = ?"  # noqa: S608
        return {row[0]: row[1] or "" for row in self._rows(text, model)}

    def _measured(self, model: str) -> list[dict[str, Any]]:
        text = (
            "SELECT metric_name AS key, metric_value AS value, metric_timestamp_ms AS timestamp, "
            "metric_step AS step, run_id, dataset_name, dataset_digest FROM logged_model_metrics "
            "WHERE model_id = ? ORDER BY metric_name, metric_timestamp_ms, metric_step"
        )
        found = [dict(row) for row in self._rows(text, model)]
        return [{k: v for k, v in one.items() if v is not None} for one in found]

    def _of_run(self, table: str, run: str) -> dict[str, str]:
        # The table's name is one of this file's own.
        rows = self._rows(f"SELECT key, value FROM {table} WHERE run_uuid = ?", run)  # noqa: S608
        return {row["key"]: row["value"] or "" for row in rows}

    def _named(self, table: str, owner: str) -> defaultdict[str, dict[str, str]]:
        found: defaultdict[str, dict[str, str]] = defaultdict(dict)
        if table in self._tables:
            for row in self._rows(f"SELECT * FROM {table}"):  # noqa: S608 - one of this file's own
                found[str(row[owner])][row["key"]] = row["value"] or ""
        return found

    def _rows(self, text: str, *values: str) -> list[sqlite3.Row]:
        return self._connection.execute(text, values).fetchall()


def _of(row: sqlite3.Row, column: str) -> str:
    """A column's text, "" where this version of the database has none."""
    value = row[column] if column in row.keys() else None  # noqa: SIM118 - a row is no dictionary
    return "" if value is None else str(value)
