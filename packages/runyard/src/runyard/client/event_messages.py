"""What the records of event files tell, in the few fields of TensorFlow's messages that count here.

    Event        1 wall_time (double)   2 step   3 file_version   5 summary
    Summary      1 value, several
    Value        1 tag   2 simple_value (float)   4 image   8 tensor   9 metadata
    Image        4 encoded_image_string
    TensorProto  1 dtype   4 tensor_content   5 float_val … 13 half_val   8 string_val
    metadata     1 plugin_data: 1 plugin_name   2 content

Everything else is passed over. TensorFlow 1, PyTorch and tensorboardX write `simple_value` and
`image`, TensorFlow 2 tensors whose plugin says what they are.
"""

from __future__ import annotations

import struct
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

SCALAR = "scalar"
IMAGE = "image"
PARAMETERS = "parameters"
VERSION = b"brain.Event:2"
_SCALARS, _IMAGES, _HPARAMS = "scalars", "images", "hparams"

# Field numbers, as above.
_WALL_TIME, _STEP, _FILE_VERSION, _SUMMARY = 1, 2, 3, 5
_VALUE, _TAG, _SIMPLE, _IMAGE, _TENSOR, _METADATA = 1, 1, 2, 4, 8, 9
_ENCODED = 4
_DTYPE, _CONTENT, _STRINGS = 1, 4, 8
_PLUGIN, _PLUGIN_NAME, _PLUGIN_CONTENT = 1, 1, 2
_SESSION, _HPARAM, _KEY, _MEANS = 3, 1, 1, 2
_NUMBER, _TEXT, _BOOL = 2, 3, 4

# How a field is written: protobuf's wire types.
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SEVEN, _MORE, _LONGEST_SHIFT = 0x7F, 0x80, 63
_WORD64, _SIGN64 = 1 << 64, 1 << 63
# Up to here every whole number has a double of its own.
_EXACT = 2.0**53

# A tensor's numbers: dtype -> how its content packs one, the field of single ones.
_FLOAT, _DOUBLE, _INT32, _INT64, _HALF = 1, 2, 3, 9, 19
_TYPES = {
    _FLOAT: ("<f", 5),
    _DOUBLE: ("<d", 6),
    _INT32: ("<i", 7),
    _INT64: ("<q", 10),
    _HALF: ("<e", 13),
}
# Before the pictures of a tensor stand width and height.
_FIRST_PICTURE = 2


class Point(NamedTuple):
    """What a record tells.

    Attributes:
        kind: SCALAR, IMAGE or PARAMETERS.
        tag: The name that the writer gave it; "" for parameters.
        step: The step.
        time: When it was written, in seconds since 1970.
        value: A float, the bytes of an image file, or a dict of texts.
    """

    kind: str
    tag: str
    step: int
    time: float
    value: Any


def points(event: bytes, plugins: Dict[str, str]) -> Iterator[Point]:
    """What an Event tells.

    Args:
        event: The message.
        plugins: What each tag is: writers say it with the first value alone. It is added to.

    Raises:
        ValueError: It is no such message.
    """
    wall, step = 0.0, 0
    values: List[bytes] = []
    try:
        for number, value in _fields(event):
            if number == _WALL_TIME:
                wall = _unpacked("<d", value)
            elif number == _STEP:
                step = _signed(value)
            elif number == _SUMMARY:
                values += [each for field, each in _fields(value) if field == _VALUE]
        for each in values:
            found = _value(each, plugins)
            if found is not None:
                kind, tag, what = found
                yield Point(kind, tag, step, wall, what)
    except (IndexError, TypeError, struct.error) as error:
        raise ValueError(f"a field has another form ({error})") from None


def version_event(now: float) -> bytes:
    """The Event that stands first in each file.

    Args:
        now: Seconds since 1970.
    """
    return _wall(now) + _delimited(_FILE_VERSION, VERSION)


def scalar_event(tag: str, value: float, step: int, when: float) -> bytes:
    """An Event with a number; one that is too large for its 32 bits is infinite.

    Args:
        tag: Its name.
        value: The number.
        step: The step.
        when: Seconds since 1970.
    """
    try:
        number = struct.pack("<f", value)
    except OverflowError:
        number = struct.pack("<f", float("inf") if value > 0 else float("-inf"))
    return _event(tag, _encoded(_SIMPLE << 3 | _FIXED32) + number, step, when)


def image_event(tag: str, data: bytes, step: int, when: float) -> bytes:
    """An Event with a picture.

    Args:
        tag: Its name.
        data: A PNG, JPEG or GIF file.
        step: The step.
        when: Seconds since 1970.
    """
    return _event(tag, _delimited(_IMAGE, _delimited(_ENCODED, data)), step, when)


def _value(data: bytes, plugins: Dict[str, str]) -> Optional[Tuple[str, str, Any]]:
    """What a Summary.Value tells: kind, tag, value; None for what is not known here."""
    fields: Dict[int, Any] = dict(_fields(data))
    tag = bytes(fields.get(_TAG, b"")).decode("utf-8", "replace")
    plugin, content = _plugin(fields.get(_METADATA, b""))
    plugin = plugins.setdefault(tag, plugin)
    if _SIMPLE in fields:
        return SCALAR, tag, _unpacked("<f", fields[_SIMPLE])
    if _IMAGE in fields:
        image = dict(_fields(fields[_IMAGE])).get(_ENCODED, b"")
        return (IMAGE, tag, image) if image else None
    if plugin == _HPARAMS:
        texts = _parameters(content)
        return (PARAMETERS, "", texts) if texts else None
    if plugin == _SCALARS and _TENSOR in fields:
        number = _tensor_number(fields[_TENSOR])
        return None if number is None else (SCALAR, tag, number)
    if plugin == _IMAGES and _TENSOR in fields:
        strings = [each for number, each in _fields(fields[_TENSOR]) if number == _STRINGS]
        # Of several pictures of one step the first stands for all.
        found = strings[_FIRST_PICTURE : _FIRST_PICTURE + 1]
        return (IMAGE, tag, found[0]) if found else None
    return None


def _plugin(metadata: bytes) -> Tuple[str, bytes]:
    """Whose a value is, and what is for that plugin alone."""
    fields = dict(_fields(dict(_fields(metadata)).get(_PLUGIN, b"")))
    name = bytes(fields.get(_PLUGIN_NAME, b"")).decode("utf-8", "replace")
    return name, bytes(fields.get(_PLUGIN_CONTENT, b""))


def _tensor_number(tensor: bytes) -> Optional[float]:
    """The number that a tensor of one number holds; None for other types."""
    fields: Dict[int, Any] = dict(_fields(tensor))
    kind = fields.get(_DTYPE)
    if kind not in _TYPES:
        return None
    packed, place = _TYPES[kind]
    if fields.get(_CONTENT):
        return float(struct.unpack_from(packed, fields[_CONTENT])[0])
    # Protobuf leaves out what is zero.
    value = fields.get(place, bytes(8))
    if kind in (_FLOAT, _DOUBLE):
        return float(struct.unpack_from(packed, value)[0])
    whole = value if isinstance(value, int) else _varint(value, 0)[0]
    if kind == _HALF:
        return _unpacked("<e", struct.pack("<H", whole))
    return float(_signed(whole))


def _parameters(content: bytes) -> Dict[str, str]:
    """The hyperparameters of a HParamsPluginData, as texts."""
    found = {}
    for number, entry in _fields(dict(_fields(content)).get(_SESSION, b"")):
        if number == _HPARAM:
            pair = dict(_fields(entry))
            text = _told(pair.get(_MEANS, b""))
            if text is not None:
                found[bytes(pair.get(_KEY, b"")).decode("utf-8", "replace")] = text
    return found


def _told(value: bytes) -> Optional[str]:
    """A google.protobuf.Value as a text; None for lists and objects."""
    for number, each in _fields(value):
        if number == _NUMBER:
            told = _unpacked("<d", each)
            # It knows no whole numbers: 32 was written as 32.0.
            whole = told.is_integer() and abs(told) < _EXACT
            return str(int(told)) if whole else repr(told)
        if number == _TEXT:
            return bytes(each).decode("utf-8", "replace")
        if number == _BOOL:
            return str(bool(each))
    return None


def _fields(data: bytes) -> Iterator[Tuple[int, Any]]:
    """The fields of a message: number and value, an int or bytes."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            number, at = _varint(data, at)
            yield key >> 3, number
            continue
        if kind == _BYTES:
            length, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"a field is of kind {kind}")
        if at + length > end:
            raise ValueError("a field goes beyond its message")
        yield key >> 3, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> Tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & _SEVEN) << shift
        if byte < _MORE:
            return result, at
        shift += 7
        if shift > _LONGEST_SHIFT:
            raise ValueError("a number is too long")


def _unpacked(form: str, value: bytes) -> float:
    return float(struct.unpack(form, value)[0])


def _signed(value: int) -> int:
    return value - _WORD64 if value >= _SIGN64 else value


def _event(tag: str, value: bytes, step: int, when: float) -> bytes:
    told = _delimited(_TAG, tag.encode("utf-8", "backslashreplace")) + value
    head = _wall(when) + _encoded(_STEP << 3) + _encoded(step)
    return head + _delimited(_SUMMARY, _delimited(_VALUE, told))


def _wall(when: float) -> bytes:
    return struct.pack("<Bd", _WALL_TIME << 3 | _FIXED64, when)


def _delimited(number: int, data: bytes) -> bytes:
    return _encoded(number << 3 | _BYTES) + _encoded(len(data)) + data


def _encoded(number: int) -> bytes:
    number &= _WORD64 - 1
    found = bytearray()
    while number > _SEVEN:
        found.append(number & _SEVEN | _MORE)
        number >>= 7
    found.append(number)
    return bytes(found)
