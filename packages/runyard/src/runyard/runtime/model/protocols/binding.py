"""From the inputs that a protocol names to those of a flavor, and from its outputs back.

A script that takes JSON text has one input, `data`: the rows of any protocol come to it as
`{"data": rows}`, and several named inputs as `{"<name>": rows}`. What it gives becomes the outputs:
an object of lists of one length is several, everything else one.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple, Optional

from runyard.runtime.model.protocols import arrays
from runyard.runtime.model.protocols.tensors import text_of
from runyard.runtime.model.served import (
    ARRAYS,
    ONLY_OUTPUT,
    VALUES,
    Flavor,
    Refused,
    Reply,
    Signature,
    TensorSpec,
)

ROWS = "data"
JSON_TYPE = "application/json"


class Request:
    """What a protocol has made of a request: inputs of the flavor, and how to write its outputs.

    Args:
        inputs: By name, as the flavor takes them.
        signature: Which one; "" for the default.
        parameters: What was said beside the inputs.
        rows: How many rows the inputs have; 0 where nobody counts.
    """

    def __init__(
        self,
        inputs: Dict[str, Any],
        signature: str = "",
        parameters: Optional[Dict[str, Any]] = None,
        rows: int = 0,
    ) -> None:
        self.inputs = inputs
        self.signature = signature
        self.parameters = parameters or {}
        self.rows = rows

    def write(self, outputs: Dict[str, Any]) -> Reply:
        """Write the flavor's outputs as the protocol has them.

        Args:
            outputs: By name.

        Raises:
            Refused: The request asks for what they do not have.
        """
        raise NotImplementedError


class Target(NamedTuple):
    """A flavor, and the one of its signatures that a request is for."""

    flavor: Flavor
    signature: Signature

    @property
    def takes_arrays(self) -> bool:
        """Whether inputs must be arrays; else they stay JSON values."""
        return self.flavor.takes == ARRAYS

    def only_name(self) -> str:
        """The name of an input that a request has left unnamed: of a script its first.

        Raises:
            Refused: The signature has several.
        """
        names = self.names()
        if self.takes_arrays and len(names) > 1:
            raise Refused(f"the model has several inputs, name them: {', '.join(names)}")
        return names[0] if names else ROWS

    def names(self) -> List[str]:
        """The names of all inputs."""
        return [each.name for each in self.signature.inputs]

    def spec(self, name: str) -> TensorSpec:
        """The input of a name; of one that the signature does not list nothing is known.

        Args:
            name: Of the input.
        """
        for each in self.signature.inputs:
            if each.name == name:
                return each
        return TensorSpec(name, "", None)

    def named(self, given: Dict[str, Any]) -> Dict[str, Any]:
        """The inputs by the flavor's names.

        Args:
            given: By the names of the request.

        Raises:
            Refused: The model has no input of a name, or one is missing.
        """
        known = self.names()
        if not self.takes_arrays:
            if len(given) == 1 and not set(given) & set(known):
                return {self.only_name(): next(iter(given.values()))}
            return given
        for name in given:
            if known and name not in known:
                raise Refused(f"the model has no input '{name}'; it has: {', '.join(known)}")
        missing = [name for name in known if name not in given]
        if missing:
            raise Refused(f"input '{missing[0]}' is missing")
        return given

    def values(self, given: Dict[str, Any]) -> Dict[str, Any]:
        """Make inputs of JSON.

        Args:
            given: JSON values by the names of the request.

        Raises:
            Refused: They do not fit the signature.
        """
        named = self.named(given)
        if not self.takes_arrays:
            return named
        return {name: self.array(name, value) for name, value in named.items()}

    def array(self, name: str, value: Any) -> Any:
        """Make one input of a JSON value.

        Args:
            name: Of the input.
            value: Lists within lists.

        Raises:
            Refused: It does not fit the signature.
        """
        spec = self.spec(name)
        return arrays.fit(arrays.from_nested(name, value, spec.datatype), spec)


def target(flavor: Flavor, signature: str = "") -> Target:
    """The flavor with the signature that a request names.

    Args:
        flavor: That serves.
        signature: "" for the default.

    Raises:
        Refused: There is none of that name.
    """
    if not flavor.signatures and not signature:
        return Target(flavor, Signature([], []))
    # A script has one function, whatever the signatures were called that a client was made for.
    return Target(flavor, flavor.find("" if flavor.takes == VALUES else signature))


def document(body: bytes) -> Any:
    """The JSON of a body; NaN and Infinity are numbers, as in TensorFlow Serving.

    Raises:
        Refused: It is none.
    """
    if not body:
        raise Refused("the request has no body, send a JSON object")
    try:
        return json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise Refused("the body is no UTF-8") from None
    except ValueError as error:
        raise Refused(f"the body is no JSON: {error}") from None
    except RecursionError:
        raise Refused("the body is nested too deeply") from None


def fields(body: bytes) -> Dict[str, Any]:
    """The JSON object of a body.

    Raises:
        Refused: It is none.
    """
    found = document(body)
    if not isinstance(found, dict):
        raise Refused("the body is JSON, but no object")
    return found


def encode(value: Any, status: int = 200, rows: int = 0) -> Reply:
    """A response of JSON.

    Args:
        value: JSON values.
        status: Of the response.
        rows: How many rows it is about.
    """
    text = json.dumps(value, separators=(",", ":"))
    return Reply(text.encode("ascii"), status, {"content-type": JSON_TYPE}, rows=rows)


def results(outputs: Dict[str, Any]) -> Dict[str, Any]:
    """The outputs by name; what a script has given in one is taken apart.

    Args:
        outputs: As the flavor gave them.
    """
    only = outputs.get(ONLY_OUTPUT)
    if set(outputs) != {ONLY_OUTPUT} or arrays.is_array(only) or is_frame(only):
        return outputs
    value = _unquoted(plain(only))
    if isinstance(value, dict) and all(isinstance(each, list) for each in value.values()):
        lengths = {len(each) for each in value.values()}
        return value if len(lengths) == 1 else {ONLY_OUTPUT: value}
    return {ONLY_OUTPUT: value}


def unframed(outputs: Dict[str, Any]) -> Dict[str, Any]:
    """The outputs by name, with the columns in the place of an only data frame.

    Args:
        outputs: As `results` gives them.
    """
    frame: Any = outputs.get(ONLY_OUTPUT)
    if not is_frame(frame):
        return outputs
    return {str(name): frame[name].to_numpy() for name in frame.columns}


def is_frame(value: Any) -> bool:
    """Whether a value is a data frame of pandas."""
    return hasattr(value, "columns") and hasattr(value, "to_dict")


def _unquoted(value: Any) -> Any:
    """What a script has made JSON text of itself, as the scripts of 2019 do."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def plain(value: Any) -> Any:
    """JSON values of what a model has given: arrays, data frames, and what holds them.

    Args:
        value: Of any type.
    """
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return text_of(value)
    if is_frame(value):
        return plain(value.to_dict(orient="records"))
    if hasattr(value, "tolist"):
        listed = value.tolist()
        dtype = getattr(value, "dtype", None)
        return listed if getattr(dtype, "kind", "O") in "biuf" else plain(listed)
    return value


def row_count(inputs: List[Any]) -> int:
    """The length that all inputs have along their first axis, else 0.

    Args:
        inputs: Arrays or lists.
    """
    lengths = {_length(each) for each in inputs}
    return lengths.pop() if len(lengths) == 1 else 0


def _length(value: Any) -> int:
    if hasattr(value, "shape"):
        return int(value.shape[0]) if value.shape else 0
    return len(value) if isinstance(value, list) else 0
