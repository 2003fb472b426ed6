"""The service's JSON (msgspec) and the clients' (protocol.codec) are the same language."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard import protocol
from runyard.protocol import codec
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.runs import FailRun, RunQuery, SubmitRun
from runyard_server.faces import messages


def _records() -> Iterator[type]:
    for module in pkgutil.iter_modules(protocol.__path__):
        if module.name not in ("codec", "errors", "route", "routes", "sizes"):
            found = importlib.import_module(f"runyard.protocol.{module.name}")
            for value in vars(found).values():
                if dataclasses.is_dataclass(value) and value.__module__ == found.__name__:
                    yield value


RECORDS = sorted(_records(), key=lambda kind: kind.__qualname__)
_text = st.text(st.characters(codec="utf-8"), max_size=8)
_numbers = st.integers(-(2**53), 2**53)
_scalars: dict[Any, st.SearchStrategy[Any]] = {
    str: _text,
    int: _numbers,
    float: st.floats(allow_nan=False, allow_infinity=False, width=32),
    bool: st.booleans(),
    type(None): st.none(),
    Any: st.none() | st.booleans() | _numbers | _text | st.lists(_numbers, max_size=2),
}
_light = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotated type."""
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{name: _values(hints[name]) for name in hints})
    arguments = get_args(hint)
    if get_origin(hint) is list:
        return st.lists(_values(arguments[0]), max_size=2)
    if get_origin(hint) is dict:
        return st.dictionaries(_text, _values(arguments[1]), max_size=2)
    return st.one_of(*map(_values, arguments)) if arguments else _scalars[hint]


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__qualname__)
def test_both_sides_read_what_the_other_writes(kind):
    """A record arrives as it was sent, either way, also from a newer side with more fields."""

    @_light
    @given(_values(kind))
    def check(record) -> None:
        assert messages.decode(kind, codec.encode(record)) == record
        assert codec.decode(kind, messages.encode(record)) == record
        plain = {**codec.to_plain(record), "from-the-future": {"a": [1]}}
        assert messages.decode(kind, msgspec.json.encode(plain)) == record
        assert codec.from_plain(kind, plain) == record

    check()


WRONG = [
    (SubmitRun, {}, "spec"),
    (SubmitRun, {"spec": {"experiment": "a", "snapshot": "b"}}, "script"),
    (SubmitRun, {"spec": {"experiment": 1, "snapshot": "b", "script": "c"}}, "experiment"),
    (
        SubmitRun,
        {"spec": {"experiment": "a", "snapshot": "b", "script": "c", "arguments": [1]}},
        "arguments",
    ),
    (FailRun, {"message": None}, "message"),
    (FailRun, [], "FailRun"),
]


@pytest.mark.parametrize(("kind", "plain", "named"), WRONG)
def test_both_sides_refuse_the_same_and_name_the_field(kind, plain, named):
    """Whoever sends a wrong field is told which one."""
    body = msgspec.json.encode(plain)
    for decode in (messages.decode, codec.decode):
        with pytest.raises(InvalidRequest, match=named):
            decode(kind, body)


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"message":"\xff"}', b"[" * 100_000, b"1 2"])
def test_what_is_not_json_is_refused(body):
    """Broken bodies are the sender's fault and say so."""
    with pytest.raises(InvalidRequest):
        messages.decode(FailRun, body)


def test_an_empty_body_is_an_empty_record():
    """A request whose fields all have defaults may come without a body."""
    assert messages.decode(FailRun, b"") == FailRun()


def test_a_query_is_read_from_text():
    """Numbers, booleans and texts of a query arrive as their types; unknown names are ignored."""
    pairs = [("page_size", "7"), ("active", "true"), ("status", "null"), ("x", "1")]
    assert messages.decode_query(RunQuery, pairs) == RunQuery(
        page_size=7, active=True, status="null"
    )


@pytest.mark.parametrize("value", ["", "ten", "1.5", "9" * 30, "-" + "9" * 30])
def test_a_wrong_number_in_a_query_is_refused(value):
    """A number that is none, or beyond what the store holds, is refused by name."""
    with pytest.raises(InvalidRequest, match="page_size"):
        messages.decode_query(RunQuery, [("page_size", value)])
