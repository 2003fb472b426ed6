"""One request of MLflow's client: its fields, and what its token may change.

Fields come as JSON, or in a query where the method is GET. What is read is what protocol buffers
read of JSON: a whole number may be a text, and so may NaN. The refusals begin as MLflow's do,
which is what programs look for.
"""

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from runyard.protocol.errors import Forbidden, InvalidRequest
from runyard.protocol.route import CONTRIBUTOR, READER
from runyard.protocol.workspaces import DEFAULT_WORKSPACE
from runyard_server.core import rights
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.faces import login
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.mlflow.rows import Row

Fields = Mapping[str, Any]
THOUSAND = 1000
_MISSING = "Missing value for required parameter '{}'."
_LARGEST = 2**63 - 1
# The end of the year 9999, behind which a time has no date to be shown by.
_LAST_MILLISECOND = 253_402_300_799_999
# More than any client sends; databases take some 30,000 values in one statement.
_MOST_ENTRIES = 10_000
_LONGEST_SHOWN = 500
# What a request is about, for the audit log.
_NAMING = ("experiment_id", "run_id", "name", "version", "alias", "key")


class Query(dict[str, Any]):
    """The fields of a query, each a list of what was sent under its name."""


_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Asked:
    """A request whose token is good; used in the thread that answers it.

    Args:
        system: The service's parts.
        caller: Who asks; None where anyone may.
        segments: What the path's braces stand for.
        fields: What was sent.
    """

    def __init__(
        self,
        system: System,
        caller: Caller | None,
        segments: Mapping[str, str],
        fields: Fields,
    ) -> None:
        self.system = system
        self.caller = caller
        self.segments = segments
        self.fields = fields
        self.workspace = segments.get("workspace", DEFAULT_WORKSPACE)

    def text(self, name: str, default: str = "") -> str:
        """A text, the default where none was sent."""
        return text(self.fields, name, default)

    def required(self, name: str) -> str:
        """A text that must be there and not be empty."""
        return required(self.fields, name)

    def integer(self, name: str) -> int | None:
        """A whole number, None where none was sent."""
        return integer(self.fields, name)

    def time(self, name: str) -> int | None:
        """A time in microseconds since 1970, None where none was sent, or 0."""
        return time(self.fields, name) or None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A yes or no, which a query has as a text."""
        value = _one(self.fields, name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        if str(value).lower() not in ("true", "false"):
            raise wrong(name, value, "it must be true or false")
        return str(value).lower() == "true"

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty where none was sent."""
        return texts(self.fields, name)

    def records(self, name: str) -> list[Fields]:
        """A list of objects; empty where none was sent."""
        return records(self.fields, name)

    @property
    def run(self) -> str:
        """The id of the run, by its newer or its older field."""
        return text(self.fields, "run_id") or required(self.fields, "run_uuid", "run_id")

    def own(self, run: str) -> str:
        """The run, if the token may change it.

        Raises:
            Forbidden: It is the token of another run that is neither above it nor its step.
        """
        caller = None if self.caller is None else self.caller.run
        if caller is not None:
            rights.check_open(self.system, self.workspace, caller)
            if not rights.may_change(self.system, self.workspace, run, caller):
                raise Forbidden(
                    f"the token of run {caller} does not change run {run}: a job changes its own "
                    "run, its children and the runs that it submitted, and a step its pipeline"
                )
        return run

    def adding(self) -> str | None:
        """The run whose token asks to add something to the workspace; None for the user's.

        Raises:
            Forbidden: That run has ended.
        """
        caller = None if self.caller is None else self.caller.run
        if caller is not None:
            rights.check_open(self.system, self.workspace, caller)
            rights.check_person(self.system, self.workspace, caller, CONTRIBUTOR)
        return caller

    def only_user(self, what: str) -> None:
        """Refuse a run's token.

        Raises:
            Forbidden: It is one.
        """
        if self.caller is not None and not self.caller.is_user:
            raise Forbidden(f"a run's token does not {what}; the user's token does")


def admitted(exchange: Exchange, fields: Fields) -> Asked:
    """The request of somebody who may ask it; in a thread.

    Args:
        exchange: The request.
        fields: What was sent.

    Raises:
        Unauthenticated: The token counts no more.
        Forbidden: The role of who asks is too small.
    """
    row = exchange.row
    assert isinstance(row, Row)
    workspace = exchange.segments.get("workspace", DEFAULT_WORKSPACE)
    about = "/".join(str(fields[name]) for name in _NAMING if fields.get(name))
    system = login.admit(exchange, row.needs, workspace, audited=row.audited, about=about)
    caller = exchange.caller
    if caller is not None and caller.run is not None and row.needs == READER:
        # What changes something asks when it is known whether that is the run's own.
        rights.check_person(system, workspace, caller.run, READER)
    return Asked(system, caller, exchange.segments, fields)


def read(method: str, pairs: Sequence[tuple[str, str]], body: bytes, *, late: str = "") -> Fields:
    """The fields of a request.

    Args:
        method: The HTTP method.
        pairs: The query.
        body: The body.
        late: A field that stays JSON where that is good, for who can read it in a better way.

    Raises:
        InvalidRequest: The body is no JSON object.
    """
    if method in ("GET", "HEAD") and pairs:
        found = Query()
        for name, value in pairs:
            found.setdefault(name, []).append(value)
        return found
    if late:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raw = _RAW.decode(body)
            return {
                name: value if name == late else msgspec.json.decode(value)
                for name, value in raw.items()
            }
    fields = _decoded(body) if body.strip() else {}
    # Clients of long ago wrote the JSON of the JSON.
    fields = _decoded(fields.encode()) if isinstance(fields, str) else fields
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        raise InvalidRequest("the body must be a JSON object")
    return fields


def text(fields: Fields, name: str, default: str = "") -> str:
    """A text of some fields, the default where there is none.

    Args:
        fields: The fields.
        name: Its name.
        default: What stands in for it.

    Raises:
        InvalidRequest: It is no text.
    """
    value = _one(fields, name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise wrong(name, value, "it must be a text")
    return value


def required(fields: Fields, name: str, called: str = "") -> str:
    """A text of some fields that must be there and not be empty.

    Args:
        fields: The fields.
        name: Its name.
        called: Its name in the message, if that is another.

    Raises:
        InvalidRequest: It is not there, or no text.
    """
    value = text(fields, name)
    if not value:
        raise missing(called or name)
    return value


def integer(fields: Fields, name: str, called: str = "") -> int | None:
    """A whole number of some fields, None where there is none.

    Args:
        fields: The fields.
        name: Its name.
        called: Its name in the message, if that is another.

    Raises:
        InvalidRequest: It is no whole number.
    """
    value = _one(fields, name)
    if value is None:
        return None
    # Exact types: True is a number to isinstance.
    if type(value) is int:
        number: int | None = value
    elif type(value) is float and value.is_integer():
        number = int(value)
    else:
        number = _spelt(value)
    if number is None or abs(number) > _LARGEST:
        raise wrong(called or name, value, "it must be a whole number of 64 bits")
    return number


def time(fields: Fields, name: str, called: str = "") -> int | None:
    """A time of some fields in microseconds since 1970, None where there is none.

    Args:
        fields: The fields.
        name: Its name.
        called: Its name in the message, if that is another.

    Raises:
        InvalidRequest: It is no time that a calendar has.
    """
    found = integer(fields, name, called)
    if found is None:
        return None
    if not 0 <= found <= _LAST_MILLISECOND:
        raise wrong(called or name, found, "it must be milliseconds since 1970, up to year 9999")
    return found * THOUSAND


def number(fields: Fields, name: str, called: str = "") -> float:
    """A number of some fields that must be there; NaN and infinities come as texts.

    Args:
        fields: The fields.
        name: Its name.
        called: Its name in the message, if that is another.

    Raises:
        InvalidRequest: It is not there, or no number.
    """
    value = _one(fields, name)
    if type(value) is float:
        return value
    if value is None or value == "":
        raise missing(called or name)
    if isinstance(value, int | str) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise wrong(called or name, value, "it must be a number of 64 bits")


def texts(fields: Fields, name: str) -> list[str]:
    """A list of texts of some fields; empty where there is none.

    Args:
        fields: The fields.
        name: Its name.

    Raises:
        InvalidRequest: It is something else.
    """
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise wrong(name, value, "it must be a list of texts")
    return _limited(name, value)


def records(fields: Fields, name: str, called: str = "") -> list[Fields]:
    """A list of objects of some fields; empty where there is none.

    Args:
        fields: The fields.
        name: Its name.
        called: Its name in the message, if that is another.

    Raises:
        InvalidRequest: It is something else.
    """
    value = fields.get(name)
    if isinstance(value, msgspec.Raw):
        value = _decoded(value)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise wrong(called or name, value, "it must be a list of objects")
    return _limited(called or name, value)


def missing(name: str) -> InvalidRequest:
    """Make the error for a field that must be there."""
    return InvalidRequest(_MISSING.format(name))


def wrong(name: str, value: object, why: str) -> InvalidRequest:
    """Make the error for a field that has a value it cannot have.

    Args:
        name: The field.
        value: The value.
        why: What would be right.
    """
    shown = json.dumps(value, sort_keys=True, separators=(",", ":"))
    if len(shown) > _LONGEST_SHOWN:
        shown = f"{shown[:_LONGEST_SHOWN]}…"
    return InvalidRequest(f"Invalid value {shown} for parameter '{name}' supplied: {why}")


def _one(fields: Fields, name: str) -> Any:
    """A field that is no list; of a query the first, as MLflow's server reads several."""
    value = fields.get(name)
    return value[0] if isinstance(fields, Query) and isinstance(value, list) else value


def _limited(name: str, found: list[Any]) -> list[Any]:
    if len(found) > _MOST_ENTRIES:
        raise InvalidRequest(
            f"{name} has {len(found)} entries, and one request has up to {_MOST_ENTRIES}; send "
            "them in several"
        )
    return found


def _spelt(value: object) -> int | None:
    """The whole number that a text spells."""
    if not isinstance(value, str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def _decoded(text: bytes | msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _leniently(bytes(text))


def _leniently(body: bytes) -> Any:
    """Read JSON with the NaN of Python's own writer, which some clients send as it is."""
    try:
        found = json.loads(body)
        # Half of a surrogate pair passes through JSON, and is nothing that a database keeps.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON of UTF-8") from None
    return found


def milliseconds(microseconds: int) -> int:
    """A time as MLflow counts it."""
    return microseconds // THOUSAND


def told(value: float) -> float | str:
    """A number as JSON of protocol buffers has it, within what MLflow's databases keep."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return math.copysign(1.7976931348623157e308, value)
    return value
