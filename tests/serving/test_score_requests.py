"""/score answers as the reference server does, but where `DIFFERENCES` says why not."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.serving.live import Live
from tests.serving.peers import python_of
from tests.serving.score_requests import (
    DIFFERENCES,
    PLAIN,
    RAW,
    RECORDED,
    REQUESTS,
    SCHEMA,
    SCRIPTS,
    Asked,
    ask,
)

ANSWERS: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """An endpoint for each script, with an interpreter that has inference_schema."""
    found = Live(tmp_path_factory.mktemp("live"))
    for script in (PLAIN, SCHEMA, RAW):
        text = (SCRIPTS / f"{script}.py").read_text(encoding="utf-8")
        found.serve(script, text, python_of("schema"))
    found.wait()
    yield found
    found.close()


@pytest.mark.parametrize("asked", REQUESTS, ids=[each.key for each in REQUESTS])
def test_an_answer_is_the_reference_servers(live: Live, asked: Asked) -> None:
    """A client of an Azure endpoint cannot tell the difference, except where it gains by it."""
    ours = ask(live.ports[asked.script], asked)
    if asked.key in DIFFERENCES:
        assert ours != ANSWERS[asked.key], "no difference any more: take it off the list"
    else:
        assert ours == ANSWERS[asked.key]


def test_every_request_is_recorded() -> None:
    """Nothing is compared with an old list of requests."""
    assert sorted(ANSWERS) == sorted(each.key for each in REQUESTS)
    assert set(DIFFERENCES) <= set(ANSWERS)
