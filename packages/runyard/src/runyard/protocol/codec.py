"""JSON for the protocol's dataclasses, with the standard library of Python 3.7 alone.

Decoding checks types, fills defaults and ignores unknown fields. The plan for each class is
worked out once. The service does the same work with msgspec; a test compares the two.
"""

import json
from dataclasses import MISSING, fields, is_dataclass
from typing import (
    Any,
    Callable,
    Dict,
    Mapping,
    Optional,
    Set,
    Tuple,
    Type,
    TypeVar,
    Union,
    get_type_hints,
)

from runyard.protocol import escapes
from runyard.protocol.errors import InvalidRequest

Record = TypeVar("Record")
Decoder = Callable[[Any], Any]

# What lists of simple values may hold without a look at each.
_AS_THEY_ARE: Dict[Any, Set[type]] = {
    float: {float},
    Optional[float]: {float, type(None)},
    int: {int},
    str: {str},
}
_plans: Dict[type, Dict[str, Tuple[Decoder, bool]]] = {}


def encode(record: Any) -> bytes:
    """Write a record as JSON; not-a-number and infinities are refused.

    Raises:
        InvalidRequest: A text holds half of a surrogate pair; the message names the field.
    """
    plain = to_plain(record)
    data = json.dumps(plain, separators=(",", ":"), allow_nan=False).encode("ascii")
    # Whole pairs are written so too, and halves only so: all other texts cost no look.
    if b"\\ud" in data:
        refused = escapes.complaint(plain)
        if refused:
            raise InvalidRequest(refused)
    return data


def decode(kind: Type[Record], data: bytes) -> Record:
    """Read a record of `kind` from JSON.

    Raises:
        InvalidRequest: The text is not JSON, a field is missing or has the wrong type.
    """
    try:
        plain = json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise InvalidRequest(f"the body is not JSON: {error}") from None
    return from_plain(kind, plain)


def to_plain(value: Any) -> Any:
    """Turn a record (or a list or dict with records in it) into plain JSON values."""
    if is_dataclass(value):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: Type[Record], plain: Any) -> Record:
    """Make a record of `kind` from plain JSON values."""
    if not isinstance(plain, dict):
        raise InvalidRequest(f"{kind.__name__} must be a JSON object, not {type(plain).__name__}")
    given = {}
    for name, (decoder, required) in _plan(kind).items():
        if name in plain:
            try:
                given[name] = decoder(plain[name])
            except InvalidRequest as error:
                raise InvalidRequest(f"{kind.__name__}.{name}: {error.message}") from None
        elif required:
            raise InvalidRequest(f"{kind.__name__}.{name} is missing")
    return kind(**given)


def _plan(kind: type) -> Dict[str, Tuple[Decoder, bool]]:
    plan = _plans.get(kind)
    if plan is None:
        hints = get_type_hints(kind)
        plan = {}
        for field in fields(kind):
            required = field.default is MISSING and field.default_factory is MISSING
            plan[field.name] = (_decoder(hints[field.name]), required)
        _plans[kind] = plan
    return plan


def _decoder(hint: Any) -> Decoder:
    """Find the function that checks and converts a value of the annotated type."""
    if hint is Any:
        return lambda value: value
    if _is_record(hint):
        return lambda value: from_plain(hint, value)
    origin = getattr(hint, "__origin__", None)
    if origin is Union:
        return _optional(hint.__args__)
    if origin in (list, dict):
        return _container(hint)
    return _scalar(hint)


def _is_record(hint: Any) -> bool:
    return is_dataclass(hint)


def _optional(choices: Tuple[Any, ...]) -> Decoder:
    # Of unions the records have Optional alone.
    inner = [_decoder(choice) for choice in choices if choice is not type(None)]

    def optional(value: Any) -> Any:
        return None if value is None else inner[0](value)

    return optional


def _container(hint: Any) -> Decoder:
    item = hint.__args__[-1]
    inner, plain = _decoder(item), _AS_THEY_ARE.get(item)

    def many(value: Any) -> Any:
        if not isinstance(value, list):
            raise InvalidRequest(f"a list is needed, not {type(value).__name__}")
        # A chart's columns are lists of a thousand floats each, and this takes a tenth of the time.
        if plain is not None and set(map(type, value)) <= plain:
            return value[:]
        return [inner(item) for item in value]

    def mapping(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise InvalidRequest(f"an object is needed, not {type(value).__name__}")
        return {key: inner(item) for key, item in value.items()}

    return many if hint.__origin__ is list else mapping


def _scalar(hint: Any) -> Decoder:
    def scalar(value: Any) -> Any:
        # JSON does not tell 1 from 1.0; and to Python, True is an int.
        if hint is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
            raise InvalidRequest(f"{hint.__name__} is needed, not {type(value).__name__}")
        return value

    return scalar
