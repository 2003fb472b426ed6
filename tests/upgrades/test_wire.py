"""Clients and jobs of an earlier version are answered as they were.

`wire_0.1.0.json` was noted by a service of that version: its table of routes, the shapes of its
records, and all that its SDK and an agent said while they logged, trained, registered models and
cleaned up.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runyard.protocol.route import ANYONE, OWNS, USER
from runyard.protocol.routes import ROUTES
from runyard_server.core import tokens
from runyard_server.faces import limits
from runyard_server.faces.application import create_app
from runyard_server.faces.native import openapi
from runyard_server.faces.native.face import NativeFace
from runyard_server.testing.asking import Answer, ask
from runyard_server.testing.yard import W, Yard

WIRE = json.loads((Path(__file__).parent / "wire_0.1.0.json").read_text())
NOW = {row.name: row for row in ROUTES}
RECORDS: Mapping[str, Any] = WIRE["records"]
# What was for people alone and is no more, each with how far it has been opened to jobs.
OPENED = {"models.change": OWNS}


@pytest.mark.parametrize("old", WIRE["routes"], ids=lambda old: old["name"])
def test_each_route_is_where_it_was(old: dict[str, str]) -> None:
    """An old client finds every route, takes the same kinds of bodies, and its jobs may ask it."""
    row = NOW[old["name"]]
    assert (row.method, row.path) == (old["method"], old["path"])
    assert (row.body and row.body.__name__) == old["body"]
    query: Any = row.query
    if old["query"] is not None or query is None:
        assert (query and query.__name__) == old["query"]
    else:
        # An old client sends none, so whatever there is by now can be left out.
        assert not _shape(query).get("required")
    if row.answer.__name__ != old["answer"]:
        # A record of another name has all that it reads.
        told, read = _shape(row.answer)["properties"], RECORDS[old["answer"]]["properties"]
        assert {name: _kinds(told[name]) for name in read} == {n: _kinds(read[n]) for n in read}
    assert {"anyone": row.scope == ANYONE, "user": True, "job": row.for_jobs}[old["who"]]
    if old["who"] == "user":
        assert row.scope == OPENED.get(row.name, USER)


def _shape(kind: type) -> Mapping[str, Any]:
    """The shape of a record as it is now."""
    _, schemas = msgspec.json.schema_components([kind], ref_template="{name}")
    found: Mapping[str, Any] = schemas[kind.__name__]
    return found


def _now(names: list[str]) -> Mapping[str, Any]:
    """The shapes of records as they are now, by name."""
    kinds = {
        kind.__name__: kind
        for row in ROUTES
        for kind in (row.body, row.query, row.answer)
        if kind is not None and kind.__name__ in names and kind.__name__ in RECORDS
    }
    _, schemas = msgspec.json.schema_components(list(kinds.values()), ref_template="{name}")
    return schemas


def _reached(part: str) -> set[str]:
    """The records that travel as or within the `part` of some route."""
    wanted = [old[part] for old in WIRE["routes"] if old[part] in RECORDS]
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.add(name)
            wanted += re.findall(r'"\$ref": "(\w+)"', json.dumps(RECORDS[name]))
    return found


def _kinds(schema: Any) -> set[str]:
    """What a value may be: `string`, `null`, the name of a record, `array of …`."""
    if "anyOf" in schema:
        return set().union(*(_kinds(each) for each in schema["anyOf"]))
    if "$ref" in schema:
        return {schema["$ref"]}
    if schema.get("type") == "array":
        return {f"array of {kind}" for kind in _kinds(schema.get("items", {}))}
    if schema.get("type") == "integer":
        return {"integer", "number"}
    return {schema.get("type", "anything")}


SENT = sorted(_reached("body") | _reached("query"))
TOLD = sorted(_reached("answer"))
SHAPES = _now([old[part] for old in WIRE["routes"] for part in ("body", "query", "answer")])


@pytest.mark.parametrize("name", SENT)
def test_what_an_old_client_sends_is_taken(name: str) -> None:
    """No field that it leaves out has become necessary, none that it sends means something else."""
    old, now = RECORDS[name], SHAPES[name]
    assert set(now.get("required", [])) <= set(old["required"])
    for field, schema in old["properties"].items():
        taken = _kinds(now["properties"][field])
        assert "anything" in taken or _kinds(schema) <= taken, field


@pytest.mark.parametrize("name", TOLD)
def test_what_an_old_client_reads_is_told(name: str) -> None:
    """Every field that it reads is still there, and holds nothing that it does not expect."""
    old, now = RECORDS[name], SHAPES[name]
    for field, schema in old["properties"].items():
        expected = _kinds(schema)
        assert "anything" in expected or _kinds(now["properties"][field]) <= expected, field


def test_the_document_describes_the_old_routes() -> None:
    """A client that was generated from the document can be generated again."""
    paths = json.loads(openapi.document())["paths"].values()
    told = {operation["operationId"] for path in paths for operation in path.values()}
    assert {old["name"] for old in WIRE["routes"]} <= told


class Replay:
    """Repeats recorded requests to a service of today.

    Args:
        yard: The service, whose agents do nothing by themselves: the noted one speaks for them.
    """

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.system = yard.system
        bounds = limits.of(self.system.settings, 1024)
        self.app, self.feed = create_app(self.system, bounds, [NativeFace()])
        self._names: dict[str, str] = {}

    def say(self, noted: dict[str, Any]) -> Answer:
        """Send what was noted, with today's names for what today's service has made."""
        raw = noted.get("text", "").encode() or base64.b64decode(noted.get("base64", ""))
        body = self._renamed(raw.decode("latin-1")).encode("latin-1")
        target = self._renamed(noted["path"])
        if noted["route"] == "jobs.report":
            self.yard.handle(self._run(target))
        headers = {**noted["headers"], "authorization": f"Bearer {self._token(noted)}"}
        answer = ask(self.app, noted["method"], target, body, headers)
        if "answer" in noted and answer.status == noted["status"]:
            told = json.loads(answer.body)
            if noted["answer"].get("id") and noted["answer"]["id"] != told.get("id"):
                self._names[noted["answer"]["id"]] = told["id"]
        return answer

    def _renamed(self, text: str) -> str:
        for old, new in self._names.items():
            text = text.replace(old, new)
        return text

    def _run(self, target: str) -> str:
        found = re.search(r"/runs/([^/?]+)", target)
        assert found is not None
        return found[1]

    def _token(self, noted: dict[str, Any]) -> str:
        if noted["who"] == "user":
            return tokens.user_token(self.system.secret)
        submitted = next(
            e["answer"]["id"] for e in WIRE["exchanges"] if e["route"] == "runs.submit"
        )
        return tokens.run_token(self.system.secret, W, self._renamed(submitted))


@pytest.fixture(name="replay")
def _replay(tmp_path: Path) -> Iterator[Replay]:
    """A service of today."""
    yard = Yard(tmp_path / "home")
    yard.scheduler.start()
    yield Replay(yard)
    yard.close()


def _same_shape(old: Any, now: Any, place: str) -> None:
    """Check that a value has what an old client found in it."""
    if isinstance(old, dict):
        assert old.keys() <= now.keys(), place
        for name in old:
            _same_shape(old[name], now[name], f"{place}.{name}")
    elif isinstance(old, list):
        assert isinstance(now, list), place
        for first, second in zip(old[:1], now[:1], strict=False):
            _same_shape(first, second, f"{place}[0]")
    elif old is not None and now is not None:
        numbers = isinstance(old, float | int) and isinstance(now, float | int)
        assert numbers or type(now) is type(old), place


def test_an_old_conversation_goes_as_it_went(replay: Replay) -> None:
    """An SDK and a job of the earlier version do all they did, and can read what they are told."""
    for noted in WIRE["exchanges"]:
        answer = replay.say(noted)
        what = f"{noted['route']}: {answer.body[:300]!r}"
        assert answer.status == noted["status"], what
        assert answer.headers.get("content-type", "") == noted["type"], what
        if "answer" in noted:
            _same_shape(noted["answer"], json.loads(answer.body), noted["route"])
