"""Tensors with numpy: what flavors take, and what they give.

Imported only for models that take arrays, whose environments have numpy. What is there to know of
an array that a flavor gives is read from the array itself, so this works with every numpy since
1.14, and with what only behaves like one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.runtime.model.protocols import tensors
from runyard.runtime.model.protocols.tensors import BF16, BOOL, BYTES
from runyard.runtime.model.served import Refused

if TYPE_CHECKING:
    from runyard.runtime.model.served import TensorSpec

_NAMES: Dict[str, str] = {
    BOOL: "bool",
    "UINT8": "uint8",
    "UINT16": "uint16",
    "UINT32": "uint32",
    "UINT64": "uint64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
}
_DATATYPES = {name: datatype for datatype, name in _NAMES.items()}
# Which kinds of numpy's dtypes may come from JSON for which kind of datatype.
_KINDS = {"b": "b", "i": "iu", "u": "iu", "f": "iuf"}


def from_nested(name: str, value: Any, datatype: str = "") -> Any:
    """Make an array of JSON: numbers, booleans, texts, `{"b64": text}`, or lists of them.

    Args:
        name: Of the input, for refusals.
        value: The JSON value.
        datatype: What it must be; "" takes what it is.

    Raises:
        Refused: It is of another kind, uneven, or out of range.
    """
    import numpy as np

    if datatype == BYTES:
        return _texts(name, value)
    try:
        raw = np.array(value)
    except (ValueError, OverflowError):
        raise Refused(f"input '{name}': the lists differ in length, or have no one type") from None
    if datatype == BF16:
        # Numpy has none; the flavor of a model that takes it makes it of this.
        datatype = "FP32"
    if raw.dtype.kind not in "biuf":
        if datatype:
            raise _unlike(name, value, datatype)
        return _texts(name, value)
    return _cast(name, raw, value, datatype) if datatype else raw


def _cast(name: str, raw: Any, value: Any, datatype: str) -> Any:
    import numpy as np

    dtype = np.dtype(_NAMES[datatype])
    if raw.size and raw.dtype.kind not in _KINDS[dtype.kind]:
        # Integers above 63 bits among others are floats to numpy.
        if dtype != np.uint64 or not _all_integers(value):
            raise _unlike(name, value, datatype)
        raw = np.array(tensors.checked(name, datatype, tensors.flatten(value)[0]), dtype=dtype)
        return raw.reshape(tensors.flatten(value)[1])
    if raw.size and not _in_range(raw, dtype):
        raise Refused(f"input '{name}': an element is out of the range of {datatype}")
    return raw.astype(dtype)


def _in_range(raw: Any, dtype: Any) -> bool:
    import numpy as np

    if dtype.kind == "b":
        return True
    # Not-a-number and infinity are floats of any size, and in no range.
    finite = raw if raw.dtype.kind != "f" else raw[np.isfinite(raw)]
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    return not finite.size or bool(limits.min <= finite.min() and finite.max() <= limits.max)


def _all_integers(value: Any) -> bool:
    return all(type(each) is int for each in tensors.flatten(value)[0])


def _unlike(name: str, value: Any, datatype: str) -> Refused:
    """The refusal of an input of another type, which names the first element that is."""
    try:
        tensors.checked(name, datatype, tensors.flatten(value)[0])
    except ValueError:
        return Refused(f"input '{name}': the lists differ in length")
    except Refused as refused:
        return refused
    return Refused(f"input '{name}' is no {datatype}")


def _texts(name: str, value: Any) -> Any:
    try:
        flat, shape = tensors.flatten(value)
    except ValueError:
        raise Refused(f"input '{name}': the lists differ in length") from None
    return _objects(tensors.checked(name, BYTES, flat), shape)


def _objects(flat: List[Any], shape: List[int]) -> Any:
    import numpy as np

    made: Any = np.empty(len(flat), dtype=object)
    made[:] = flat
    return made.reshape(shape)


def from_json(name: str, datatype: str, shape: List[int], data: Any) -> Any:
    """Make an array of the `data` of an Open Inference request.

    Args:
        name: Of the input, for refusals.
        datatype: What the request says.
        shape: What the request says.
        data: A list, flat or nested.

    Raises:
        Refused: The elements do not fit the datatype, or their number the shape.
    """
    tensors.check_form(name, datatype)
    made = from_nested(name, data, datatype)
    tensors.check_count(name, shape, made.size)
    return made.reshape(shape)


def from_binary(name: str, datatype: str, shape: List[int], raw: tensors.Buffer) -> Any:
    """Make an array of the binary form of a tensor; it shares the memory of the request.

    Args:
        name: Of the input, for refusals.
        datatype: What the request says.
        shape: What the request says.
        raw: The bytes.

    Raises:
        Refused: They are too few or too many.
    """
    import numpy as np

    if datatype == BYTES:
        texts = tensors.split(name, raw)
        tensors.check_count(name, shape, len(texts))
        return _objects(texts, shape)
    tensors.check_size(name, datatype, shape, raw)
    if datatype == BF16:
        wide = np.frombuffer(raw, dtype="<u2").astype("<u4") << 16
        return wide.view("<f4").reshape(shape)
    if datatype == BOOL:
        # A byte other than 0 and 1 would be a boolean that numpy has no name for.
        return (np.frombuffer(raw, dtype=np.uint8) != 0).reshape(shape)
    dtype = np.dtype(_NAMES[datatype]).newbyteorder("<")
    return np.frombuffer(raw, dtype=dtype).reshape(shape)


def from_rows(flat: List[Any], datatype: str) -> Any:
    """Make an array of a column of a table, where None stands for what is missing.

    Args:
        flat: The column.
        datatype: What it must be; "" takes what it is.
    """
    if None in flat and datatype in ("", "FP32", "FP64") and _numbers(flat):
        return from_nested("", [float("nan") if each is None else each for each in flat], datatype)
    if None in flat:
        return _objects(flat, [len(flat)])
    return from_nested("", flat, datatype)


def _numbers(flat: List[Any]) -> bool:
    return all(each is None or isinstance(each, (int, float)) for each in flat)


def fit(array: Any, spec: TensorSpec) -> Any:
    """The array as the model declares its input.

    Args:
        array: As it was sent.
        spec: The input; a datatype or shape that it does not have is not compared.

    Returns:
        The array, of the declared datatype where no meaning is lost by that.

    Raises:
        Refused: Datatype or shape differ.
    """
    import numpy as np

    wanted = _NAMES.get(spec.datatype)
    if (spec.datatype == BYTES) != (array.dtype.kind == "O") and spec.datatype:
        raise _misfit(spec, datatype_of(array) or "an object", spec.datatype)
    if wanted and array.dtype != np.dtype(wanted):
        # As NumPy does by itself: wider and narrower within a kind, but no float is cut to an
        # integer.
        if not np.can_cast(array.dtype, np.dtype(wanted), "same_kind"):
            raise _misfit(spec, datatype_of(array), spec.datatype)
        array = array.astype(wanted)
    if not _shape_fits(list(array.shape), spec.shape):
        raise _misfit(spec, f"of shape {list(array.shape)}", f"shape {spec.shape}")
    return array


def _misfit(spec: TensorSpec, there: Any, wanted: str) -> Refused:
    return Refused(f"input '{spec.name}' is {there}, the model takes {wanted}")


def _shape_fits(shape: List[int], wanted: Optional[List[int]]) -> bool:
    if wanted is None:
        return True
    return len(shape) == len(wanted) and all(
        expected in (-1, size) for size, expected in zip(shape, wanted)
    )


def is_array(value: Any) -> bool:
    """Whether a value behaves like an array of numpy."""
    return hasattr(value, "dtype") and hasattr(value, "tobytes") and hasattr(value, "tolist")


def datatype_of(array: Any) -> str:
    """The datatype of an array; texts and objects are BYTES.

    Args:
        array: Of numpy.
    """
    if array.dtype.name == "bfloat16":
        return BF16
    return _DATATYPES.get(array.dtype.name, BYTES)


def to_binary(array: Any) -> bytes:
    """The binary form of an array.

    Args:
        array: Of numpy.
    """
    if datatype_of(array) == BYTES:
        return tensors.to_binary(BYTES, array.ravel().tolist())
    little = array if array.dtype.byteorder != ">" else array.astype(array.dtype.newbyteorder("<"))
    return bytes(little.tobytes())
