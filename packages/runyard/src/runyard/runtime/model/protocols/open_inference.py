"""The Open Inference Protocol, version 2, with its extension for binary tensors.

    Inference-Header-Content-Length: n
    n bytes: {"id", "parameters", "inputs": [{"name", "shape", "datatype", "parameters", "data"}],
              "outputs": [{"name", "parameters"}]}
    then the bytes of each input that has `"parameters": {"binary_data_size": m}` and no `data`

Answers are written the same way: an output is binary where `binary_data` says so, or
`binary_data_output` for all. https://github.com/kserve/open-inference-protocol and Triton's
`extension_binary_data.md` are what is followed here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from runyard.runtime.model.protocols import arrays, tensors
from runyard.runtime.model.protocols.binding import (
    JSON_TYPE,
    Request,
    Target,
    fields,
    plain,
    results,
    row_count,
    target,
    unframed,
)
from runyard.runtime.model.protocols.tensors import BYTES, DATATYPES, ONLY_BINARY, Tensor
from runyard.runtime.model.served import Flavor, Refused, Reply

if TYPE_CHECKING:
    from runyard.protocol.frames import Call

HEADER_LENGTH = "inference-header-content-length"
BINARY_TYPE = "application/octet-stream"
_SIZE = "binary_data_size"
_BINARY = "binary_data"
_ALL_BINARY = "binary_data_output"
_SHARED = "shared_memory_region"
_NOT_HERE = 501
# Tensors without elements cost nothing to send, but their lists would cost memory to make.
_EMPTY_SIZES = 1 << 16
_LARGEST_SIZE = 1 << 40
# NumPy had no more before its version 2.
_MOST_AXES = 32


class InferRequest(Request):
    """A request to `/infer`.

    Args:
        inputs: See `Request`.
        signature: See `Request`.
        document: The JSON of the request.
        call: What the gateway tells of it.
    """

    def __init__(
        self, inputs: Dict[str, Any], signature: str, document: Dict[str, Any], call: Call
    ) -> None:
        parameters = document.get("parameters") or {}
        super().__init__(inputs, signature, parameters, row_count(list(inputs.values())))
        self.document = document
        self.call = call

    def write(self, outputs: Dict[str, Any]) -> Reply:
        """Write the outputs that were asked for, all where none are named."""
        given = unframed(results(outputs))
        written = [
            _write(name, given[name], binary) for name, binary in self._asked(list(given)).items()
        ]
        told: Dict[str, Any] = {"model_name": self.call.model}
        if self.call.version:
            told["model_version"] = self.call.version
        if self.document.get("id"):
            told["id"] = self.document["id"]
        told["outputs"] = [head for head, _ in written]
        text = json.dumps(told, separators=(",", ":")).encode("ascii")
        raw = [data for _, data in written if data is not None]
        if not raw:
            return Reply(text, headers={"content-type": JSON_TYPE}, rows=self.rows)
        headers = {"content-type": BINARY_TYPE, HEADER_LENGTH: str(len(text))}
        return Reply(b"".join([text, *raw]), headers=headers, rows=self.rows)

    def _asked(self, names: List[str]) -> Dict[str, bool]:
        """Which outputs are asked for, and whether in binary form."""
        always = bool(self.parameters.get(_ALL_BINARY, False))
        asked: Dict[str, bool] = {}
        for each in self.document.get("outputs") or []:
            if each["name"] not in names:
                raise Refused(
                    f"the model has no output '{each['name']}'; it has: {', '.join(names)}"
                )
            asked[each["name"]] = bool((each.get("parameters") or {}).get(_BINARY, always))
        return asked or dict.fromkeys(names, always)


def read(call: Call, body: bytes, flavor: Flavor) -> Request:
    """Read a request to `/infer`.

    Args:
        call: What the gateway tells of it.
        body: Its body.
        flavor: That will answer.

    Raises:
        Refused: It is not what the protocol says, or does not fit the model.
    """
    length = _header_length(call, len(body))
    if length == 0:
        return _read_raw(call, body, flavor)
    asked = fields(body[:length])
    _check(asked)
    signature = call.signature or asked["parameters"].get("signature_name", "")
    if not isinstance(signature, str):
        raise Refused("'signature_name' must be a string")
    aimed = target(flavor, signature)
    inputs = _inputs(asked["inputs"], memoryview(body)[length:], aimed)
    return InferRequest(inputs, signature, asked, call)


def _header_length(call: Call, size: int) -> int:
    text = call.headers.get(HEADER_LENGTH)
    if text is None:
        return size or -1
    if not text.isdigit() or int(text) > size:
        raise Refused(f"Inference-Header-Content-Length is {text!r}, of a body of {size} bytes")
    return int(text)


def _read_raw(call: Call, body: bytes, flavor: Flavor) -> Request:
    """A body without JSON: the bytes of the only input, of one row or of as many as there are."""
    aimed = target(flavor, call.signature)
    spec = aimed.spec(aimed.only_name())
    shape = list(spec.shape or [-1])
    if spec.datatype not in DATATYPES or shape.count(-1) > 1:
        raise Refused("the body has no JSON, and the model's input has no shape to tell its own")
    if spec.datatype == BYTES:
        body = tensors.to_binary(BYTES, [body])
        size = 1
    else:
        size = len(body) // tensors.FORMATS[spec.datatype][1]
    known = tensors.count([each for each in shape if each != -1])
    shape = [size // known if each == -1 and known else each for each in shape]
    said = {
        "name": spec.name,
        "shape": shape,
        "datatype": spec.datatype,
        "parameters": {_SIZE: len(body)},
    }
    inputs = _inputs([said], memoryview(body), aimed)
    return InferRequest(inputs, "", {"parameters": {_ALL_BINARY: True}}, call)


def _check(asked: Dict[str, Any]) -> None:
    """Refuse what is not of the protocol's types, so that all that follows may rely on them."""
    if asked.get("id") is not None and not isinstance(asked["id"], str):
        raise Refused("'id' must be a string")
    asked["parameters"] = _object(asked, "the request")
    given = asked.get("inputs")
    if not isinstance(given, list) or not given:
        raise Refused("'inputs' must be a list of at least one tensor")
    outputs = asked.get("outputs")
    if outputs is not None and not isinstance(outputs, list):
        raise Refused("'outputs' must be a list")
    for kind, each in [("input", each) for each in given] + [
        ("output", each) for each in outputs or []
    ]:
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise Refused(f"each {kind} must be an object with a 'name'")
        parameters = _object(each, f"{kind} '{each['name']}'")
        if _SHARED in parameters:
            raise Refused("shared memory is not supported, send tensors in the request", _NOT_HERE)
        if parameters.get("classification"):
            raise Refused("the classification extension is not supported")
    names = [each["name"] for each in given]
    if len(set(names)) < len(names):
        raise Refused(f"two inputs have one name: {', '.join(names)}")


def _object(holder: Dict[str, Any], whose: str) -> Dict[str, Any]:
    parameters = holder.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        raise Refused(f"'parameters' of {whose} must be an object")
    return parameters or {}


def _inputs(given: List[Dict[str, Any]], rest: memoryview, aimed: Target) -> Dict[str, Any]:
    made: Dict[str, Any] = {}
    at = 0
    for each in given:
        raw, at = _binary_part(each, rest, at)
        made[each["name"]] = _input(each, raw, takes_arrays=aimed.takes_arrays)
    if at != len(rest):
        raise Refused(f"{len(rest) - at} bytes after the last binary tensor belong to no input")
    named = aimed.named(made)
    if aimed.takes_arrays:
        return {name: arrays.fit(array, aimed.spec(name)) for name, array in named.items()}
    return named


def _binary_part(
    given: Dict[str, Any], rest: memoryview, at: int
) -> Tuple[Optional[memoryview], int]:
    size = (given.get("parameters") or {}).get(_SIZE)
    if size is None:
        return None, at
    if type(size) is not int or size < 0 or at + size > len(rest):
        raise Refused(
            f"input '{given['name']}' has {_SIZE} {size!r}, {len(rest) - at} bytes are left"
        )
    return rest[at : at + size], at + size


def _input(given: Dict[str, Any], raw: Optional[memoryview], *, takes_arrays: bool) -> Any:
    name, datatype = given["name"], given.get("datatype")
    if datatype not in DATATYPES:
        raise Refused(f"input '{name}': no datatype {datatype!r}; there are {', '.join(DATATYPES)}")
    shape = _shape(name, given.get("shape"))
    if raw is not None:
        if takes_arrays:
            return arrays.from_binary(name, datatype, shape, raw)
        return _values(tensors.from_binary(name, datatype, shape, raw))
    if not isinstance(given.get("data"), list):
        raise Refused(f"input '{name}' has neither a list 'data' nor '{_SIZE}'")
    if takes_arrays:
        return arrays.from_json(name, datatype, shape, given["data"])
    return _values(tensors.from_json(name, datatype, shape, given["data"]))


def _values(tensor: Tensor) -> Any:
    if tensor.datatype != BYTES:
        return tensor.nested()
    return tensor._replace(flat=[tensors.text_of(each) for each in tensor.flat]).nested()


def _shape(name: str, shape: Any) -> List[int]:
    fine = isinstance(shape, list) and len(shape) <= _MOST_AXES
    if not fine or any(type(size) is not int or size < 0 for size in shape):
        raise Refused(f"input '{name}': 'shape' must be a list of at most {_MOST_AXES} sizes")
    elements = tensors.count([size for size in shape if size])
    if elements > (_EMPTY_SIZES if 0 in shape else _LARGEST_SIZE):
        raise Refused(f"input '{name}': shape {shape} is too large")
    return list(shape)


def _write(name: str, value: Any, binary: bool) -> Tuple[Dict[str, Any], Optional[bytes]]:
    """One output: what JSON says of it, and its bytes where it is binary."""
    if arrays.is_array(value):
        datatype, shape = arrays.datatype_of(value), list(value.shape)
        raw = arrays.to_binary(value) if binary else None
        flat = [] if binary else value.ravel().tolist()
    else:
        made = tensors.from_values(name, plain(value))
        datatype, shape, flat = made.datatype, made.shape, made.flat
        raw = tensors.to_binary(datatype, flat) if binary else None
    head: Dict[str, Any] = {"name": name, "shape": shape, "datatype": datatype}
    if raw is not None:
        head["parameters"] = {_SIZE: len(raw)}
    elif datatype in ONLY_BINARY:
        raise Refused(
            f"output '{name}' is {datatype}, which has no JSON form: ask for it as binary"
        )
    else:
        head["data"] = [_element(each) for each in flat] if datatype == BYTES else flat
    return head, raw


def _element(element: Any) -> Any:
    """Text for JSON; the protocol has no form for bytes there, so base64 stands for them."""
    text = tensors.text_of(element)
    return text[tensors.B64] if isinstance(text, dict) else text
