"""Tensors without numpy: the datatypes of the Open Inference Protocol, as JSON and as bytes.

Scripts take and give JSON values, and their environments need not have numpy, so whatever becomes
of their inputs and outputs is done here with lists. `arrays` does the same with numpy.

In the binary form a tensor is its elements in row-major order, little endian; of BYTES each
element is its length (u32), then the bytes.
"""

from __future__ import annotations

import json
import struct
from base64 import b64decode, b64encode
from typing import Any, Dict, List, NamedTuple, Tuple, Union

from runyard.runtime.model.served import Refused

BOOL, BYTES, FP16, BF16, FP64, INT64 = "BOOL", "BYTES", "FP16", "BF16", "FP64", "INT64"
B64 = "b64"
# The letter of `struct` and the bytes of one element.
FORMATS: Dict[str, Tuple[str, int]] = {
    BOOL: ("?", 1),
    "UINT8": ("B", 1),
    "UINT16": ("H", 2),
    "UINT32": ("I", 4),
    "UINT64": ("Q", 8),
    "INT8": ("b", 1),
    "INT16": ("h", 2),
    "INT32": ("i", 4),
    INT64: ("q", 8),
    FP16: ("e", 2),
    BF16: ("H", 2),
    "FP32": ("f", 4),
    FP64: ("d", 8),
}
DATATYPES = (*FORMATS, BYTES)
# JSON has no form for them in the protocol.
ONLY_BINARY = (FP16, BF16)
_LENGTH = struct.Struct("<I")
_DEEPEST = 32
Buffer = Union[bytes, memoryview]


class Tensor(NamedTuple):
    """A tensor: `flat` are its elements in row-major order, those of BYTES str or bytes."""

    name: str
    datatype: str
    shape: List[int]
    flat: List[Any]

    def nested(self) -> Any:
        """Lists within lists, by shape; one element alone where the shape is empty."""
        return nest(self.flat, self.shape)


def count(shape: List[int]) -> int:
    """How many elements a shape has."""
    product = 1
    for size in shape:
        product *= size
    return product


def nest(flat: List[Any], shape: List[int]) -> Any:
    """Make lists within lists of elements in row-major order.

    Args:
        flat: The elements, as many as the shape has.
        shape: Sizes from the outermost axis on.
    """
    if not shape:
        return flat[0]
    for size in reversed(shape[1:]):
        many = len(flat) // size if size else 0
        flat = [flat[at * size : (at + 1) * size] for at in range(many)]
    # Below an axis of no elements there is nothing to count by.
    return flat if len(flat) == shape[0] else [[] for _ in range(shape[0])]


def flatten(value: Any) -> Tuple[List[Any], List[int]]:
    """The elements of lists within lists, and their shape.

    Raises:
        ValueError: Lists of one depth differ in length, or are nested deeper than tensors are.
    """
    shape: List[int] = []
    level = [value]
    while level and all(isinstance(each, list) for each in level):
        sizes = {len(each) for each in level}
        if len(sizes) > 1 or len(shape) == _DEEPEST:
            raise ValueError("ragged")
        shape.append(sizes.pop())
        level = [element for each in level for element in each]
    if any(isinstance(each, list) for each in level):
        raise ValueError("ragged")
    return level, shape


def from_json(name: str, datatype: str, shape: List[int], data: Any) -> Tensor:
    """Make a tensor of the `data` of a request.

    Args:
        name: What to call it in a refusal, too.
        datatype: One of DATATYPES.
        shape: What the request says.
        data: A list, flat or nested.

    Raises:
        Refused: The elements do not fit the datatype, or their number the shape.
    """
    check_form(name, datatype)
    try:
        flat, _ = flatten(data)
    except ValueError:
        raise Refused(f"input '{name}': data is nested unevenly") from None
    check_count(name, shape, len(flat))
    return Tensor(name, datatype, shape, checked(name, datatype, flat))


def check_form(name: str, datatype: str) -> None:
    """Refuse a tensor in JSON whose datatype has no form there.

    Args:
        name: Of the input.
        datatype: One of DATATYPES.

    Raises:
        Refused: It has none.
    """
    if datatype in ONLY_BINARY:
        raise Refused(f"input '{name}': {datatype} has no JSON form, send it as a binary tensor")


def check_count(name: str, shape: List[int], elements: int) -> None:
    """Refuse a tensor whose elements are not as many as its shape says.

    Args:
        name: Of the input.
        shape: As the request says.
        elements: How many there are.

    Raises:
        Refused: They are more, or fewer.
    """
    wanted = count(shape)
    if elements != wanted:
        told = f"shape {shape} needs {wanted} elements, there are {elements}"
        raise Refused(f"input '{name}': {told}")


def checked(name: str, datatype: str, flat: List[Any]) -> List[Any]:
    """The elements as Python values of the datatype.

    Args:
        name: Of the input.
        datatype: One of DATATYPES.
        flat: From JSON.

    Raises:
        Refused: One is of another kind, or out of range.
    """
    if datatype == BYTES:
        return [_text(name, each) for each in flat]
    letter, _ = FORMATS[datatype]
    kinds = {"?": (bool,), "e": (int, float), "f": (int, float), "d": (int, float)}
    allowed = kinds.get(letter, (int,))
    for each in flat:
        if not isinstance(each, allowed) or (isinstance(each, bool) and letter != "?"):
            raise Refused(f"input '{name}': {json.dumps(each)} is no {datatype}")
    try:
        # Made and thrown away: nothing else finds in one step what does not fit.
        struct.pack(f"<{len(flat)}{letter}", *flat)
    except (struct.error, OverflowError):
        raise Refused(f"input '{name}': an element is out of the range of {datatype}") from None
    return [float(each) for each in flat] if letter in "efd" else flat


def _text(name: str, element: Any) -> Any:
    if isinstance(element, str):
        return element
    if isinstance(element, dict) and set(element) == {B64}:
        return from_b64(name, element[B64])
    raise Refused(f"input '{name}': {json.dumps(element)[:80]} is no text")


def from_b64(name: str, text: Any) -> bytes:
    """The bytes of `{"b64": text}`.

    Args:
        name: Of the input.
        text: In base64.

    Raises:
        Refused: It is not base64.
    """
    try:
        # Without that, whatever is not of the alphabet is passed over in silence.
        return b64decode(text, validate=True)
    except (TypeError, ValueError):
        raise Refused(f"input '{name}': the text of b64 is not base64") from None


def from_binary(name: str, datatype: str, shape: List[int], raw: Buffer) -> Tensor:
    """Make a tensor of its binary form.

    Args:
        name: What to call it in a refusal, too.
        datatype: One of DATATYPES.
        shape: What the request says.
        raw: The bytes.

    Raises:
        Refused: They are too few or too many.
    """
    if datatype == BYTES:
        texts: List[Any] = split(name, raw)
        check_count(name, shape, len(texts))
        return Tensor(name, datatype, shape, texts)
    letter, size = FORMATS[datatype]
    check_size(name, datatype, shape, raw)
    flat: List[Any] = list(struct.unpack(f"<{len(raw) // size}{letter}", raw))
    if datatype == BF16:
        flat = [struct.unpack("<f", struct.pack("<I", each << 16))[0] for each in flat]
    return Tensor(name, datatype, shape, flat)


def check_size(name: str, datatype: str, shape: List[int], raw: Buffer) -> None:
    """Refuse a binary tensor that has not as many bytes as its shape says.

    Args:
        name: Of the input.
        datatype: One of FORMATS.
        shape: As the request says.
        raw: The bytes.

    Raises:
        Refused: They are more, or fewer.
    """
    wanted = count(shape) * FORMATS[datatype][1]
    if len(raw) != wanted:
        raise Refused(
            f"input '{name}': {datatype} of shape {shape} needs {wanted} bytes, there are "
            f"{len(raw)}"
        )


def split(name: str, raw: Buffer) -> List[bytes]:
    """The elements of a binary BYTES tensor.

    Args:
        name: Of the input.
        raw: The bytes.

    Raises:
        Refused: A length leads beyond the end.
    """
    elements, at = [], 0
    while at < len(raw):
        begin = at + _LENGTH.size
        if begin > len(raw):
            raise Refused(f"input '{name}': the BYTES end within a length")
        at = begin + _LENGTH.unpack_from(raw, at)[0]
        if at > len(raw):
            raise Refused(f"input '{name}': the BYTES end within an element")
        elements.append(bytes(raw[begin:at]))
    return elements


def to_binary(datatype: str, flat: List[Any]) -> bytes:
    """The binary form of elements.

    Args:
        datatype: One of DATATYPES.
        flat: The elements in row-major order.
    """
    if datatype == BYTES:
        encoded = [each if isinstance(each, bytes) else str(each).encode("utf-8") for each in flat]
        return b"".join(_LENGTH.pack(len(each)) + each for each in encoded)
    if datatype == BF16:
        # BF16 is the upper half of such a float.
        wide = struct.pack(f"<{len(flat)}f", *flat)
        return b"".join(wide[at + 2 : at + 4] for at in range(0, len(wide), 4))
    return struct.pack(f"<{len(flat)}{FORMATS[datatype][0]}", *flat)


def from_values(name: str, value: Any) -> Tensor:
    """Make a tensor of what a script has given: by content FP64, INT64, BOOL or BYTES.

    What is no numbers, booleans or texts of one shape becomes BYTES: JSON, row by row.

    Args:
        name: What to call it.
        value: JSON values.
    """
    try:
        flat, shape = flatten(value)
        datatype = _kind(flat)
    except ValueError:
        flat, shape, datatype = [], [], ""
    if not datatype:
        rows = value if isinstance(value, list) else [value]
        return Tensor(name, BYTES, [len(rows)], [json.dumps(each) for each in rows])
    if datatype == FP64:
        flat = [float(each) for each in flat]
    return Tensor(name, datatype, shape or [1], flat)


def _kind(flat: List[Any]) -> str:
    """The datatype that all elements have, "" where there is none; no elements are FP64."""
    kinds = {type(each) for each in flat}
    if kinds == {bool}:
        return BOOL
    if kinds == {str}:
        return BYTES
    if kinds == {int} and all(-(1 << 63) <= each < 1 << 63 for each in flat):
        return INT64
    return FP64 if kinds <= {int, float} else ""


def text_of(element: Any) -> Any:
    """An element of BYTES for JSON: bytes that are no UTF-8 become `{"b64": text}`."""
    if not isinstance(element, bytes):
        return element if isinstance(element, str) else str(element)
    try:
        return element.decode("utf-8")
    except UnicodeDecodeError:
        return to_b64(element)


def to_b64(element: Any) -> Dict[str, str]:
    """An element of BYTES as `{"b64": text}`."""
    raw = element if isinstance(element, bytes) else str(element).encode("utf-8")
    return {B64: b64encode(raw).decode("ascii")}
