"""Brings what a source has to the service, run by run, and goes on where it was left.

Everything is told by MLflow's protocol, which the service speaks. A run keeps its id, by which an
import that is repeated knows it; a tag says that it came whole. Points of metrics come in one
order, so what is there already says how many to pass over. Experiments and models are known by
their names, a version by its number; a tag says that it is not whole yet, or only fills a gap.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlsplit

from runyard.protocol.errors import NotFound, RunyardError
from runyard_server.cli.importing.server import Server
from runyard_server.cli.importing.sources import (
    Source,
    SourceExperiment,
    SourceLogged,
    SourceModel,
    SourceRun,
    SourceVersion,
)

DONE_TAG = "runyard.imported"
_WHOLE, _BEGUN = "whole", "begun"
_POINTS, _NAMED = 1000, 100
_RUNNING = ("RUNNING", "SCHEDULED")
_NO_STAGE = "None"
Item = TypeVar("Item")


@dataclass
class Brought:
    """What came, and what did not."""

    experiments: int = 0
    runs: int = 0
    known: int = 0
    files: int = 0
    bytes: int = 0
    models: int = 0
    versions: int = 0
    logged: int = 0
    missing: list[str] = field(default_factory=list)


class Import:
    """An import from one place.

    Args:
        source: The place.
        server: The service, by MLflow's protocol.
        told: Hears of each run: how many are done, and how many there are.
    """

    def __init__(self, source: Source, server: Server, told: Callable[[int, int], None]) -> None:
        self._source = source
        self._server = server
        self._told = told
        self._places: dict[str, str] = {}
        self._known_models: set[str] = set()
        self.brought = Brought()

    def bring(self) -> Brought:
        """Bring everything; what is here already is left as it is."""
        experiments = self._source.experiments()
        several = [(one, self._source.runs(one.id)) for one in experiments]
        total = sum(len(runs) for _, runs in several)
        done = 0
        for experiment, runs in several:
            home = self._experiment(experiment)
            for run in runs:
                self._run(home, run)
                done += 1
                self._told(done, total)
            for logged in self._source.logged(experiment.id):
                self._logged(home, logged)
            if experiment.deleted:
                self._delete(home)
        for model in self._source.models():
            self._model(model)
        return self.brought

    def _experiment(self, one: SourceExperiment) -> str:
        """The id of an experiment here; it is made where there is none of its name."""
        try:
            found = self._server.get("experiments/get-by-name", experiment_name=one.name)
        except NotFound:
            fields = {"name": one.name, "tags": _pairs(one.tags)}
            self.brought.experiments += 1
            return str(self._server.tell("experiments/create", fields)["experiment_id"])
        there = found["experiment"]
        if there["lifecycle_stage"] == "deleted":
            # A run cannot be added to one that is; it is deleted again at the end.
            fields = {"experiment_id": there["experiment_id"]}
            self._server.tell("experiments/restore", fields)
        return str(there["experiment_id"])

    def _delete(self, experiment: str) -> None:
        self._server.tell("experiments/delete", {"experiment_id": experiment})

    def _run(self, experiment: str, run: str) -> None:
        known = self._known(run)
        if known is not None:
            # For versions of models, whose sources name the place there.
            uri = known["info"]["artifact_uri"]
        if known is None or not _is_whole(known):
            one = self._source.run(run)
            uri = self._started(experiment, one) if known is None else uri
            self._log(one)
            self._files(one, uri)
            self._end(one)
            self.brought.runs += 1
        else:
            self.brought.known += 1
        self._places[run] = uri

    def _known(self, run: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._server.get("runs/get", run_id=run)["run"]
        except NotFound:
            return None
        return found

    def _started(self, experiment: str, one: SourceRun) -> str:
        fields = {
            "runyard_run_id": one.id,
            "experiment_id": experiment,
            "run_name": one.name,
            "user_id": one.user,
            "start_time": one.started_at,
            "tags": _pairs({**one.tags, **({"mlflow.runName": one.name} if one.name else {})}),
        }
        made = self._server.tell("runs/create", fields)["run"]
        return str(made["info"]["artifact_uri"])

    def _log(self, one: SourceRun) -> None:
        for some in _pieces(_pairs(one.params), _NAMED):
            self._server.tell("runs/log-batch", {"run_id": one.id, "params": some})
        for name, points in one.metrics.items():
            there = self._server.get("metrics/get-history", run_id=one.id, metric_key=name)
            # A point that was logged twice is kept once; NaN equals nothing, but by its text.
            once = list({repr(point): point for point in points}.values())
            left = once[len(there.get("metrics", [])) :]
            told = [_point(name, *point) for point in left]
            for metrics in _pieces(told, _POINTS):
                self._server.tell("runs/log-batch", {"run_id": one.id, "metrics": metrics})
        used = [{"model_id": model} for model in one.used]
        if one.inputs or used:
            fields = {"run_id": one.id, "datasets": list(one.inputs), "models": used}
            self._server.tell("runs/log-inputs", fields)
        if one.made:
            made = [{"model_id": model, "step": step} for model, step in one.made]
            self._server.tell("runs/outputs", {"run_id": one.id, "models": made})

    def _logged(self, experiment: str, one: SourceLogged) -> None:
        """Bring a logged model, whose runs have come; it keeps its id, too."""
        there = self._known_logged(one.id)
        if there is None:
            there = self._server.tell(
                "logged-models",
                {
                    "runyard_model_id": one.id,
                    "experiment_id": experiment,
                    "name": one.name,
                    "source_run_id": one.run,
                    "model_type": one.model_type,
                    "tags": _pairs({**one.tags, DONE_TAG: _BEGUN}),
                    "params": _pairs(one.params),
                },
            )["model"]
        self._known_models.add(one.id)
        info = there["info"]
        if _tag(info.get("tags", []), DONE_TAG) != _WHOLE:
            self._measure(one)
            self._files_of_logged(one, info["artifact_uri"])
            if one.status and one.status != info["status"]:
                fields = {"model_id": one.id, "status": one.status}
                self._server.tell(f"logged-models/{one.id}", fields, method="PATCH")
            told = {"model_id": one.id, "tags": _pairs({DONE_TAG: _WHOLE})}
            self._server.tell(f"logged-models/{one.id}/tags", told, method="PATCH")
            self.brought.logged += 1

    def _known_logged(self, model: str) -> dict[str, Any] | None:
        try:
            # Also one that has come and was deleted here: it does not come back.
            found: dict[str, Any] = self._server.get(
                f"logged-models/{model}", allow_deleted="true"
            )["model"]
        except NotFound:
            return None
        return found

    def _measure(self, one: SourceLogged) -> None:
        """Send what was measured of a logged model; its runs know it already, and so may it."""
        points: dict[str, list[dict[str, Any]]] = {}
        for each in one.metrics:
            told: dict[str, Any] = _point(
                each["key"], each["value"], each["timestamp"], each["step"]
            )
            more = {str(n): each[n] for n in ("dataset_name", "dataset_digest") if n in each}
            points.setdefault(each["run_id"], []).append({**told, **more, "model_id": one.id})
        for run, several in points.items():
            for metrics in _pieces(several, _POINTS):
                fields = {"run_id": run, "metrics": metrics, "runyard_of_models_alone": True}
                self._server.tell("runs/log-batch", fields)

    def _files_of_logged(self, one: SourceLogged, uri: str) -> None:
        place, count = urlsplit(uri).path.strip("/"), 0
        for path, file in self._source.files_of_logged(one):
            size = file.stat().st_size
            self._server.send(f"{place}/{path}", file)
            self.brought.bytes += size
            count += 1
        self.brought.files += count
        if not count and urlsplit(one.artifact_uri).scheme not in ("", "file", "mlflow-artifacts"):
            self.brought.missing.append(one.artifact_uri)

    def _files(self, one: SourceRun, uri: str) -> None:
        place = urlsplit(uri).path.strip("/")
        count = 0
        for path, file in self._source.files(one):
            size = file.stat().st_size
            self._server.send(f"{place}/{path}", file)
            self.brought.bytes += size
            count += 1
        self.brought.files += count
        if not count and urlsplit(one.artifact_uri).scheme not in ("", "file", "mlflow-artifacts"):
            self.brought.missing.append(one.artifact_uri)

    def _end(self, one: SourceRun) -> None:
        fields: dict[str, Any] = {"run_id": one.id, "status": one.status}
        # A run that had no end has none here either.
        if one.status not in _RUNNING:
            fields["end_time"] = one.ended_at or one.started_at
        self._server.tell("runs/update", fields)
        if one.deleted:
            # In place of the tag: a deleted run takes none, and a kill between the two leaves one.
            self._server.tell("runs/delete", {"run_id": one.id})
            return
        tag = {"run_id": one.id, "key": DONE_TAG, "value": _WHOLE}
        self._server.tell("runs/set-tag", tag)

    def _model(self, one: SourceModel) -> None:
        try:
            there = self._server.get("registered-models/get", name=one.name)["registered_model"]
            known = max((int(v["version"]) for v in there.get("latest_versions", [])), default=0)
            self._mend(one)
        except NotFound:
            fields = {"name": one.name, "description": one.description, "tags": _pairs(one.tags)}
            try:
                self._server.tell("registered-models/create", fields)
            except RunyardError as error:
                self.brought.missing.append(f"model {one.name}: {error.message}")
                return
            self.brought.models += 1
            known = 0
        for version in one.versions:
            if version.version > known:
                self._version(one.name, version)
        for alias, number in one.aliases.items():
            fields = {"name": one.name, "alias": alias, "version": str(number)}
            self._server.tell("registered-models/alias", fields)

    def _version(self, name: str, one: SourceVersion) -> None:
        fields = {
            "name": name,
            "source": self._source_of(one),
            "run_id": one.run,
            "description": one.description,
            "tags": _pairs({**one.tags, DONE_TAG: _BEGUN}),
        }
        made = self._tell_version(fields)
        while int(made["version"]) < one.version:
            # Versions in between were deleted there; numbers are what others know them by.
            self._server.tell("model-versions/delete", _named(made), method="DELETE")
            made = self._tell_version(fields)
        self._finish(made, one)

    def _mend(self, model: SourceModel) -> None:
        """Finish or remove the versions that an import was at when it was interrupted."""
        several = {one.version: one for one in model.versions}
        name = model.name.replace("'", "''")
        text = f"name = '{name}' AND tags.`{DONE_TAG}` = '{_BEGUN}'"
        found = self._server.get("model-versions/search", filter=text)
        for made in found.get("model_versions", []):
            one = several.get(int(made["version"]))
            if one is not None:
                self._finish(made, one)
            else:
                self._server.tell("model-versions/delete", _named(made), method="DELETE")

    def _finish(self, made: Mapping[str, Any], one: SourceVersion) -> None:
        if one.stage != _NO_STAGE:
            self._server.tell(
                "model-versions/transition-stage", {**_named(made), "stage": one.stage}
            )
        tag = {**_named(made), "key": DONE_TAG, "value": _WHOLE}
        self._server.tell("model-versions/set-tag", tag)
        logged = one.source.removeprefix("models:").strip("/")
        if logged.startswith("m-") and logged not in self._known_models:
            # It was deleted there, and its files with it.
            self.brought.missing.append(f"{one.source}, {made['name']} {made['version']}")
        self.brought.versions += 1

    def _tell_version(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = self._server.tell("model-versions/create", fields)["model_version"]
        return made

    def _source_of(self, one: SourceVersion) -> str:
        """Where the files of a version are here: below its run, as they were there."""
        _, found, rest = one.source.partition(f"{one.run}/artifacts")
        if not one.run or not found or one.run not in self._places:
            # A place on the other's disk is none here, and is refused as one.
            is_local = urlsplit(one.source).scheme in ("", "file")
            return f"imported:{one.source}" if is_local else one.source
        return self._places[one.run] + rest


def _is_whole(run: Mapping[str, Any]) -> bool:
    """Whether a run that is here has come whole."""
    has_tag = _tag(run["data"].get("tags", []), DONE_TAG) == _WHOLE
    return has_tag or bool(run["info"]["lifecycle_stage"] == "deleted")


def _point(name: str, value: float, time: int, step: int) -> dict[str, Any]:
    # JSON has no NaN: its name travels.
    told = value if value == value and abs(value) != float("inf") else repr(value)  # noqa: PLR0124
    spelt = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(told), told)
    return {"key": name, "value": spelt, "timestamp": time, "step": step}


def _tag(tags: Sequence[Mapping[str, Any]], name: str) -> str:
    return next((one["value"] for one in tags if one["key"] == name), "")


def _named(version: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": version["name"], "version": version["version"]}


def _pairs(named: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": name, "value": value} for name, value in named.items()]


def _pieces(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    several = iter(items)
    while piece := list(islice(several, size)):
        yield piece
