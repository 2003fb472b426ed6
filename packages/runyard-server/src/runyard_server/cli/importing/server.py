"""A server that speaks MLflow's protocol: Runyard's service to tell, any to ask."""

import json
import os
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from runyard.protocol.errors import InvalidRequest, NotFound
from runyard.protocol.mlflow import TOKEN_VARIABLE
from runyard_server.cli.importing.sources import (
    Source,
    SourceExperiment,
    SourceLogged,
    SourceModel,
    SourceRun,
    SourceVersion,
)

_API = "/api/2.0/mlflow"
_FILES = "/api/2.0/mlflow-artifacts/artifacts"
_SECONDS = 120
_NOT_FOUND = 404


class Server:
    """A server.

    Args:
        url: Its tracking URI.
        token: The token that it wants to be shown, "" for none.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token

    def get(self, path: str, /, **fields: Any) -> dict[str, Any]:
        """Ask for something; a list in `fields` is a parameter that comes several times."""
        query = urllib.parse.urlencode(fields, doseq=True)
        with self._asked("GET", f"{_API}/{path}?{query}") as answer:
            return _object(answer)

    def tell(self, path: str, fields: Mapping[str, Any], method: str = "POST") -> dict[str, Any]:
        """Send a message.

        Args:
            path: What is meant, below the protocol's root.
            fields: The fields of the message.
            method: The HTTP method.
        """
        body = json.dumps(fields).encode()
        with self._asked(method, f"{_API}/{path}", body, "application/json") as answer:
            return _object(answer)

    def send(self, place: str, file: Path) -> None:
        """Send a file to a path of the store of files."""
        with file.open("rb") as body:
            size = file.stat().st_size
            where = f"{_FILES}/{urllib.parse.quote(place)}"
            self._asked("PUT", where, body, "application/octet-stream", size).close()

    def fetch(self, address: str, target: Path) -> None:
        """Fetch what is at an address below the server's.

        Args:
            address: The path with its query.
            target: Where it is put.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._asked("GET", address) as answer, target.open("wb") as file:
            while chunk := answer.read(1 << 20):
                file.write(chunk)

    def _asked(
        self,
        method: str,
        path: str,
        body: bytes | BinaryIO | None = None,
        kind: str = "",
        size: int | None = None,
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers |= {"Content-Type": kind} if kind else {}
        headers |= {"Content-Length": str(size)} if size is not None else {}
        request = urllib.request.Request(  # noqa: S310 - what begins with http is all that comes here
            self._url + path, body, headers, method=method
        )
        try:
            return urllib.request.urlopen(request, timeout=_SECONDS)  # noqa: S310 - as above
        except urllib.error.HTTPError as error:
            told = _message(error.read())
            kind_of = NotFound if error.code == _NOT_FOUND else InvalidRequest
            raise kind_of(f"{self._url} answered {error.code} to {path[:80]}: {told}") from None
        except urllib.error.URLError as error:
            raise InvalidRequest(f"{self._url} cannot be reached: {error.reason}") from None


class RemoteSource(Source):
    """A server as a place to read from.

    Args:
        url: Its tracking URI; a token is taken from MLFLOW_TRACKING_TOKEN.
    """

    def __init__(self, url: str) -> None:
        self._server = Server(url, os.environ.get(TOKEN_VARIABLE, ""))
        self._temporary = tempfile.TemporaryDirectory(prefix="runyard-import-")

    def experiments(self) -> list[SourceExperiment]:
        """All experiments, deleted ones too."""
        asked = {"view_type": "ALL", "max_results": 1000, "order_by": ["creation_time ASC"]}
        return [
            SourceExperiment(
                one["experiment_id"],
                one["name"],
                _pairs(one.get("tags", [])),
                one["lifecycle_stage"] == "deleted",
            )
            for one in self._pages("experiments/search", "experiments", asked)
        ]

    def runs(self, experiment: str) -> list[str]:
        """The ids of all runs of an experiment, oldest first."""
        asked = {
            "experiment_ids": [experiment],
            "run_view_type": "ALL",
            "max_results": 1000,
            "order_by": ["attributes.start_time ASC"],
        }
        return [one["info"]["run_id"] for one in self._pages("runs/search", "runs", asked)]

    def run(self, run: str) -> SourceRun:
        """A run."""
        found = self._server.get("runs/get", run_id=run)["run"]
        info, data = found["info"], found.get("data", {})
        names = [one["key"] for one in data.get("metrics", [])]
        return SourceRun(
            id=run,
            name=info.get("run_name", ""),
            user=info.get("user_id", ""),
            status=info["status"],
            started_at=int(info.get("start_time", 0)),
            ended_at=int(info["end_time"]) if info.get("end_time") else None,
            deleted=info["lifecycle_stage"] == "deleted",
            artifact_uri=info["artifact_uri"],
            tags=_pairs(data.get("tags", [])),
            params=_pairs(data.get("params", [])),
            metrics={name: self._history(run, name) for name in names},
            inputs=found.get("inputs", {}).get("dataset_inputs", []),
            used=[one["model_id"] for one in found.get("inputs", {}).get("model_inputs", [])],
            made=[
                (one["model_id"], int(one.get("step", 0)))
                for one in found.get("outputs", {}).get("model_outputs", [])
            ],
        )

    def files(self, run: SourceRun) -> Iterator[tuple[str, Path]]:
        """The files of a run, each fetched before it is given."""
        folder = Path(self._temporary.name) / run.id
        for path in self._paths(run.id, ""):
            query = urllib.parse.urlencode({"run_uuid": run.id, "path": path})
            self._server.fetch(f"/get-artifact?{query}", folder / path)
            yield path, folder / path
            (folder / path).unlink()

    def logged(self, experiment: str) -> list[SourceLogged]:
        """The logged models of an experiment, the oldest first; servers of MLflow 2 have none."""
        asked = {
            "experiment_ids": [experiment],
            "max_results": 50,
            "order_by": [{"field_name": "creation_timestamp", "ascending": True}],
        }
        try:
            return [_logged(one) for one in self._pages("logged-models/search", "models", asked)]
        except NotFound:
            return []

    def files_of_logged(self, model: SourceLogged) -> Iterator[tuple[str, Path]]:
        """The files of a logged model, each fetched before it is given."""
        split = urllib.parse.urlsplit(model.artifact_uri)
        if split.scheme != "mlflow-artifacts":
            return
        place, folder = split.path.strip("/"), Path(self._temporary.name) / model.id
        for path in self._paths_of_logged(model.id, ""):
            where = f"{_FILES}/{urllib.parse.quote(f'{place}/{path}')}"
            self._server.fetch(where, folder / path)
            yield path, folder / path
            (folder / path).unlink()

    def models(self) -> list[SourceModel]:
        """All registered models."""
        found = self._pages_got("registered-models/search", "registered_models")
        return [self._model(one) for one in found]

    def close(self) -> None:
        """Remove what was fetched."""
        self._temporary.cleanup()

    def _model(self, one: dict[str, Any]) -> SourceModel:
        text = "name = '{}'".format(one["name"].replace("'", "''"))
        several = self._pages_got("model-versions/search", "model_versions", filter=text)
        versions = [
            SourceVersion(
                int(each["version"]),
                each.get("source", ""),
                each.get("run_id", ""),
                each.get("description", ""),
                each.get("current_stage", "None"),
                _pairs(each.get("tags", [])),
            )
            for each in several
        ]
        aliases = {each["alias"]: int(each["version"]) for each in one.get("aliases", [])}
        return SourceModel(
            one["name"],
            one.get("description", ""),
            _pairs(one.get("tags", [])),
            aliases,
            sorted(versions, key=lambda each: each.version),
        )

    def _history(self, run: str, name: str) -> list[tuple[float, int, int]]:
        found = self._server.get("metrics/get-history", run_id=run, metric_key=name)
        points = [
            (float(one["value"]), int(one["timestamp"]), int(one.get("step", 0)))
            for one in found.get("metrics", [])
        ]
        return sorted(points, key=lambda point: (point[1], point[2]))

    def _paths(self, run: str, folder: str) -> Iterator[str]:
        asked = {"path": folder} if folder else {}
        for one in self._server.get("artifacts/list", run_id=run, **asked).get("files", []):
            if one["is_dir"]:
                yield from self._paths(run, one["path"])
            else:
                yield one["path"]

    def _paths_of_logged(self, model: str, folder: str) -> Iterator[str]:
        asked = {"artifact_directory_path": folder} if folder else {}
        path = f"logged-models/{model}/artifacts/directories"
        for one in self._server.get(path, **asked).get("files", []):
            if one["is_dir"]:
                yield from self._paths_of_logged(model, one["path"])
            else:
                yield one["path"]

    def _pages(self, path: str, name: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        token = None
        while True:
            page = self._server.tell(path, {**asked, **({"page_token": token} if token else {})})
            yield from page.get(name, [])
            token = page.get("next_page_token")
            if not token:
                return

    def _pages_got(self, path: str, name: str, **asked: Any) -> Iterator[dict[str, Any]]:
        token = None
        while True:
            page = self._server.get(path, **asked, **({"page_token": token} if token else {}))
            yield from page.get(name, [])
            token = page.get("next_page_token")
            if not token:
                return


def _logged(told: dict[str, Any]) -> SourceLogged:
    info, data = told["info"], told.get("data", {})
    names = ("key", "run_id", "dataset_name", "dataset_digest")
    metrics = [
        {
            **{name: one[name] for name in names if name in one},
            "value": float(one["value"]),
            "timestamp": int(one["timestamp"]),
            "step": int(one.get("step", 0)),
        }
        for one in data.get("metrics", [])
    ]
    return SourceLogged(
        info["model_id"],
        info["name"],
        info.get("source_run_id", ""),
        info.get("model_type", ""),
        info.get("status", ""),
        info["artifact_uri"],
        _pairs(info.get("tags", [])),
        _pairs(data.get("params", [])),
        metrics,
    )


def _object(answer: Any) -> dict[str, Any]:
    found = json.loads(answer.read() or b"{}")
    return found if isinstance(found, dict) else {}


def _message(body: bytes) -> str:
    """What an answer says of what is wrong."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body[:300].decode("utf-8", "replace")


def _pairs(given: list[dict[str, Any]]) -> dict[str, str]:
    return {one["key"]: str(one.get("value", "")) for one in given}
