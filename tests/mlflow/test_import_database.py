"""`runyard import mlflow` reads a server's database, and goes on wherever it was interrupted."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.mlflow.clients import HERE
from tests.mlflow.plain import Plain

from runyard.protocol.mlflow import TOKEN_VARIABLE, tracking_uri
from runyard_server.cli.importing.bringing import DONE_TAG, Brought, Import
from runyard_server.cli.importing.opening import opened
from runyard_server.cli.importing.server import RemoteSource, Server
from runyard_server.cli.importing.sources import Source, SourceLogged
from runyard_server.testing.services import RunningService


class Killed(BaseException):
    """The importer's process ends."""


class Mortal(Server):
    """A server that is told so much, and then the teller dies, before it hears the answer."""

    left = 0

    def tell(self, path: str, fields: Mapping[str, Any], method: str = "POST") -> dict[str, Any]:
        """Send a message."""
        answer = super().tell(path, fields, method)
        self._live()
        return answer

    def send(self, place: str, file: Path) -> None:
        """Send a file."""
        super().send(place, file)
        self._live()

    def _live(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise Killed


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a server of MLflow's kept: its database, and the files of its runs."""
    # A sign that an address would end at.
    folder = tmp_path_factory.mktemp("kept") / "of # server"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection:
        connection.executescript((HERE / "kept.sql").read_text("utf-8"))
        places = connection.execute(
            "SELECT artifact_uri || '/model' FROM runs WHERE name != 'gone' UNION ALL "
            "SELECT artifact_location FROM logged_models WHERE name != 'gone'"
        ).fetchall()
    for (uri,) in places:
        file = folder / "mlartifacts" / uri.removeprefix("mlflow-artifacts:/") / "MLmodel"
        file.parent.mkdir(parents=True)
        file.write_text("flavors: {}")
    return folder


@pytest.fixture
def new_place(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """The tracking URI of a new workspace."""
    monkeypatch.setenv(TOKEN_VARIABLE, service.token)

    def made(name: str) -> str:
        there = Plain(service).good("POST", "/api/v1/workspaces", {"name": name})
        return tracking_uri(service.url, there["id"])

    return made


def test_a_database_comes_whole(
    kept: Path, service: RunningService, new_place: Callable[[str], str]
) -> None:
    """What MLflow's server had is here, by its protocol, to the last point and file."""
    url = new_place("from-database")
    found = _brought(kept, Server(url, service.token))
    assert (found.runs, found.files, found.models, found.versions) == (3, 3, 2, 4)
    assert found.logged == 1
    assert found.missing == []
    there, here = _read(opened(str(kept), None)), _read(RemoteSource(url))
    assert here == there
    assert sorted(there["experiments"]) == ["Default", "emptied", "kept: first"]
    again = _brought(kept, Server(url, service.token))
    assert (again.runs, again.known, again.files, again.versions) == (0, 3, 0, 0)
    assert again.logged == 0
    assert _read(RemoteSource(url)) == there


def test_an_import_goes_on_where_it_was_killed(
    kept: Path, service: RunningService, new_place: Callable[[str], str]
) -> None:
    """However often it dies, in the end nothing is missing and nothing came twice."""
    url, deaths = new_place("killed-often"), 0
    server = Mortal(url, service.token)
    while True:
        server.left = deaths + 1
        try:
            _brought(kept, server)
            break
        except Killed:
            deaths += 1
    assert deaths > 5
    assert _read(RemoteSource(url)) == _read(opened(str(kept), None))


def _brought(kept: Path, server: Server) -> Brought:
    with closing(opened(str(kept / "mlflow.db"), None)) as source:
        return Import(source, server, lambda _done, _total: None).bring()


def _read(source: Source) -> dict[str, Any]:
    """All that a place has, without what each place calls by names of its own."""
    experiments = {}
    with closing(source):
        for one in source.experiments():
            runs = {run: _run(source, run) for run in source.runs(one.id)}
            logged = [_logged(source, model) for model in source.logged(one.id)]
            experiments[one.name] = (one.tags, one.deleted, runs, logged)
        models = [
            replace(model, versions=[_plain(one) for one in model.versions])
            for model in source.models()
        ]
    return {"experiments": experiments, "models": models}


def _run(source: Source, run: str) -> tuple[Any, ...]:
    one = source.run(run)
    files = [(path, file.read_text("utf-8")) for path, file in source.files(one)]
    inputs = [(each["dataset"], each["tags"]) for each in one.inputs]
    # NaN equals nothing, but by its text.
    plain = replace(one, tags=_own(one.tags), artifact_uri="", inputs=(), metrics={})
    return plain, sorted(map(repr, one.metrics.items())), files, inputs


def _logged(source: Source, one: SourceLogged) -> tuple[Any, ...]:
    files = [(path, file.read_text("utf-8")) for path, file in source.files_of_logged(one)]
    return replace(one, tags=_own(one.tags), artifact_uri=""), files


def _plain(version: Any) -> Any:
    below = version.source.partition("/artifacts")[2]
    return replace(version, source=below, tags=_own(version.tags))


def _own(tags: Mapping[str, str]) -> dict[str, str]:
    # The user's is shown for every run that has one, whoever set it.
    return {name: value for name, value in tags.items() if name not in (DONE_TAG, "mlflow.user")}
