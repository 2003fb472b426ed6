"""MLflow's file store: a folder for each experiment and each run, a file for each value.

    mlruns/<experiment>/meta.yaml, tags/<name>
    mlruns/<experiment>/<run>/meta.yaml, params/<name>, tags/<name>, artifacts/
    mlruns/<experiment>/<run>/metrics/<name>      a line for each point: time, value, step
    mlruns/<experiment>/models/<logged model>/meta.yaml, params/, tags/, metrics/, artifacts/
    mlruns/models/<name>/meta.yaml, tags/<name>, aliases/<alias>, version-<n>/meta.yaml

Names may have slashes and are then paths. What was deleted lies in `.trash`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

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

_META, _TRASH, _MODELS = "meta.yaml", ".trash", "models"
_STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_DATASETS = "datasets"


class Folder(Source):
    """A file store of MLflow's.

    Args:
        path: The folder, which is mostly called `mlruns`.
    """

    def __init__(self, path: Path) -> None:
        inner = path / "mlruns"
        self._root = inner if inner.is_dir() else path
        if not list(self._root.glob(f"*/{_META}")):
            raise InvalidRequest(f"{path} is no file store of MLflow's: no folder has a {_META}")

    def experiments(self) -> list[SourceExperiment]:
        """All experiments, deleted ones too."""
        places = [*self._root.glob(f"*/{_META}"), *self._root.glob(f"{_TRASH}/*/{_META}")]
        found = []
        for place in sorted(places):
            meta = _meta(place)
            if place.parent.name == _MODELS or "experiment_id" not in meta:
                continue
            deleted = meta.get("lifecycle_stage") == "deleted"
            tags = _texts(place.parent / "tags")
            experiment = str(meta["experiment_id"])
            found.append(SourceExperiment(experiment, str(meta["name"]), tags, deleted))
        return found

    def runs(self, experiment: str) -> list[str]:
        """The ids of all runs of an experiment, oldest first."""
        several = [
            (int(meta.get("start_time") or 0), place.parent.name)
            for place in self._place(experiment).glob(f"*/{_META}")
            for meta in [_meta(place)]
            if "run_id" in meta or "run_uuid" in meta
        ]
        return [run for _, run in sorted(several)]

    def run(self, run: str) -> SourceRun:
        """A run."""
        folder = self._folder_of(run)
        meta = _meta(folder / _META)
        tags = _texts(folder / "tags")
        status = meta.get("status", "FINISHED")
        return SourceRun(
            id=run,
            name=tags.get("mlflow.runName") or str(meta.get("run_name") or ""),
            user=str(meta.get("user_id") or ""),
            status=_STATUSES.get(status, str(status)),
            started_at=int(meta.get("start_time") or 0),
            ended_at=meta.get("end_time"),
            deleted=meta.get("lifecycle_stage") == "deleted",
            artifact_uri=str(meta.get("artifact_uri") or ""),
            tags=tags,
            params=_texts(folder / "params"),
            metrics={name: _points(path) for name, path in below(folder / "metrics")},
            inputs=self._inputs(folder),
            used=[model for model, _ in _links(folder / "inputs")],
            made=_links(folder / "outputs"),
        )

    def files(self, run: SourceRun) -> Iterator[tuple[str, Path]]:
        """The files of a run that are on this machine, also where its folder has moved."""
        here = self._folder_of(run.id) / "artifacts"
        folder = here if here.is_dir() else local(run.artifact_uri, None)
        return below(folder) if folder is not None else iter(())

    def logged(self, experiment: str) -> list[SourceLogged]:
        """The logged models of an experiment, the oldest first."""
        metas = [
            (place.parent, _meta(place))
            for place in (self._place(experiment) / _MODELS).glob(f"*/{_META}")
        ]
        active = [one for one in metas if one[1].get("lifecycle_stage", "active") == "active"]
        active.sort(key=lambda one: (int(one[1].get("creation_timestamp") or 0), one[0].name))
        return [_logged(folder, meta) for folder, meta in active]

    def files_of_logged(self, model: SourceLogged) -> Iterator[tuple[str, Path]]:
        """The files of a logged model that are on this machine, also where its folder has moved."""
        for pattern in (f"*/{_MODELS}/{model.id}", f"{_TRASH}/*/{_MODELS}/{model.id}"):
            for place in self._root.glob(pattern):
                if (place / "artifacts").is_dir():
                    return below(place / "artifacts")
        folder = local(model.artifact_uri, None)
        return below(folder) if folder is not None else iter(())

    def models(self) -> list[SourceModel]:
        """All registered models."""
        found = []
        for place in sorted((self._root / _MODELS).glob(f"*/{_META}")):
            meta = _meta(place)
            aliases = _texts(place.parent / "aliases")
            found.append(
                SourceModel(
                    str(meta["name"]),
                    str(meta.get("description") or ""),
                    _texts(place.parent / "tags"),
                    {alias: int(version) for alias, version in aliases.items()},
                    _versions(place.parent),
                )
            )
        return found

    def close(self) -> None:
        """Nothing was opened for longer than a look."""

    def _place(self, experiment: str) -> Path:
        place = self._root / experiment
        return place if place.is_dir() else self._root / _TRASH / experiment

    def _folder_of(self, run: str) -> Path:
        for pattern in (f"*/{run}", f"{_TRASH}/*/{run}"):
            for place in self._root.glob(pattern):
                return place
        raise InvalidRequest(f"{self._root} has no run {run}: the folder changed while it was read")

    def _inputs(self, folder: Path) -> list[dict[str, Any]]:
        """The datasets that a run's links of inputs name."""
        found = []
        for place in sorted((folder / "inputs").glob(f"*/{_META}")):
            meta = _meta(place)
            known = folder.parent / _DATASETS / str(meta.get("source_id")) / _META
            if known.is_file():
                dataset = {k: v for k, v in _meta(known).items() if v}
                tags = dict(meta.get("tags") or {})
                told = [{"key": name, "value": value} for name, value in tags.items()]
                found.append({"tags": told, "dataset": dataset})
        return found


def _logged(folder: Path, meta: dict[str, Any]) -> SourceLogged:
    metrics = [point for name, path in below(folder / "metrics") for point in _measured(name, path)]
    return SourceLogged(
        str(meta["model_id"]),
        str(meta.get("name") or ""),
        str(meta.get("source_run_id") or ""),
        str(meta.get("model_type") or ""),
        LOGGED_STATUSES.get(int(meta.get("status") or 0), ""),
        str(meta.get("artifact_location") or ""),
        _texts(folder / "tags"),
        _texts(folder / "params"),
        metrics,
    )


def _measured(name: str, path: Path) -> list[dict[str, Any]]:
    """The points of a metric of a logged model: time, value, step, run, and perhaps a dataset."""
    found = []
    for line in path.read_text("utf-8").splitlines():
        time, value, step, run, *dataset = line.split(" ")
        point = {"key": name, "value": float(value), "timestamp": int(time), "step": int(step)}
        named = dict(zip(("dataset_name", "dataset_digest"), dataset, strict=False))
        found.append({**point, "run_id": run, **named})
    return found


def _links(folder: Path) -> list[tuple[str, int]]:
    """The logged models that a run's folder of links names, each with its step."""
    found = []
    for place in sorted(folder.glob(f"*/{_META}")):
        meta = _meta(place)
        kinds = {str(meta.get(name)) for name in ("source_type", "destination_type")}
        if any("MODEL" in kind for kind in kinds):
            found.append((place.parent.name, int(meta.get("step") or 0)))
    return found


def _versions(model: Path) -> list[SourceVersion]:
    found = []
    for place in model.glob(f"version-*/{_META}"):
        meta = _meta(place)
        if meta.get("current_stage") == "Deleted_Internal":
            continue
        found.append(
            SourceVersion(
                int(meta["version"]),
                str(meta.get("source") or ""),
                str(meta.get("run_id") or ""),
                str(meta.get("description") or ""),
                str(meta.get("current_stage") or "None"),
                _texts(place.parent / "tags"),
            )
        )
    return sorted(found, key=lambda one: one.version)


def _meta(place: Path) -> dict[str, Any]:
    """A description; what is no YAML is told with its place."""
    try:
        found = yaml.safe_load(place.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{place} cannot be read: {error}") from None
    return found if isinstance(found, dict) else {}


def _texts(folder: Path) -> dict[str, str]:
    """The text of each file below a folder, by its path."""
    return {name: path.read_text("utf-8").removesuffix("\n") for name, path in below(folder)}


def _points(path: Path) -> list[tuple[float, int, int]]:
    found = []
    for line in path.read_text("utf-8").splitlines():
        # What was measured on a dataset has its name and digest behind these.
        time, value, *rest = line.split(" ")
        found.append((float(value), int(time), int(rest[0]) if rest else 0))
    return sorted(found, key=lambda point: (point[1], point[2]))
