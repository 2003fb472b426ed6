"""TensorFlow's `Example`, written without TensorFlow: what classify and regress signatures parse.

    Example { Features features = 1 }      Features { map<string, Feature> feature = 1 }
    Feature { oneof BytesList bytes_list = 1, FloatList float_list = 2, Int64List int64_list = 3 }

Each list has its values in field 1; those of floats and integers are packed, as TensorFlow packs
them (tensorflow/core/example/feature.proto).
"""

from __future__ import annotations

import struct
from typing import Any, Dict, List

from runyard.runtime.model.protocols.tensors import B64, from_b64
from runyard.runtime.model.served import Refused

_BYTES, _FLOATS, _INTEGERS = 1, 2, 3
_LENGTH_DELIMITED = 2
_SEVEN_BITS, _MORE = 0x7F, 0x80
_64_BITS = (1 << 64) - 1
_INT64 = range(-(1 << 63), 1 << 63)


def serialize(features: Dict[str, Any]) -> bytes:
    """Write an `Example`, its features sorted by name.

    Args:
        features: Numbers, texts, `{"b64": text}`, or lists of one kind of them, by name.

    Raises:
        Refused: A feature is of no kind, or of several.
    """
    entries = b"".join(
        _field(1, _field(1, name.encode("utf-8")) + _field(2, _feature(name, features[name])))
        for name in sorted(features)
    )
    return _field(1, entries)


def _feature(name: str, value: Any) -> bytes:
    values = value if isinstance(value, list) else [value]
    kinds = {_kind(name, each) for each in values}
    if kinds == {_FLOATS, _INTEGERS}:
        kinds = {_FLOATS}
    if len(kinds) > 1:
        raise Refused(f"feature '{name}' has values of several types")
    if not kinds:
        return b""
    kind = kinds.pop()
    return _field(kind, _LISTS[kind](name, values))


def _kind(name: str, value: Any) -> int:
    if isinstance(value, float):
        return _FLOATS
    if isinstance(value, int) and value in _INT64:
        return _INTEGERS
    if isinstance(value, str) or (isinstance(value, dict) and set(value) == {B64}):
        return _BYTES
    raise Refused(f"feature '{name}' must be numbers, texts or {{\"b64\": text}}, or lists of them")


def _texts(name: str, values: List[Any]) -> bytes:
    return b"".join(
        _field(1, each.encode("utf-8") if isinstance(each, str) else from_b64(name, each[B64]))
        for each in values
    )


def _floats(name: str, values: List[Any]) -> bytes:
    try:
        return _field(1, struct.pack(f"<{len(values)}f", *values))
    except OverflowError:
        raise Refused(f"feature '{name}' has a number beyond 32 bits") from None


def _integers(_name: str, values: List[Any]) -> bytes:
    return _field(1, b"".join(_varint(int(each) & _64_BITS) for each in values))


_LISTS = {_BYTES: _texts, _FLOATS: _floats, _INTEGERS: _integers}


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | _LENGTH_DELIMITED]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > _SEVEN_BITS:
        written.append(number & _SEVEN_BITS | _MORE)
        number >>= 7
    written.append(number)
    return bytes(written)
