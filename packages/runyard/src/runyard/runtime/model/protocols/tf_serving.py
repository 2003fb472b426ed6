"""TensorFlow Serving's REST interface: predict, classify and regress.

    {"signature_name": …, "instances": [...]}       → {"predictions": [...]}
    {"signature_name": …, "inputs": …}              → {"outputs": …}
    {"context": {...}, "examples": [{...}, ...]}    → {"results": [...]}

https://www.tensorflow.org/tfx/serving/api_rest is what is followed here. KServe's first protocol
has the same forms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List

from runyard.runtime.model.protocols.binding import (
    Request,
    Target,
    encode,
    fields,
    results,
    row_count,
    target,
)
from runyard.runtime.model.protocols.examples import serialize
from runyard.runtime.model.protocols.rows import (
    column_of,
    columns_of,
    from_inputs,
    from_instances,
    to_instances,
)
from runyard.runtime.model.protocols.tensors import BYTES, to_b64
from runyard.runtime.model.served import Flavor, Refused, Reply

if TYPE_CHECKING:
    from runyard.protocol.frames import Call

PREDICT, CLASSIFY, REGRESS = "predict", "classify", "regress"
_CLASSES, _SCORES = "classes", "scores"
# What the one input of a signature is called that parses serialized examples itself.
_PARSES = ("inputs", "examples", "input")


class RowRequest(Request):
    """Predict in row form."""

    def write(self, outputs: Dict[str, Any]) -> Reply:
        """Write `predictions`, one for each row; a script's that are no rows as they are."""
        given = results(outputs)
        try:
            rows: Any = to_instances(given)
        except ValueError as error:
            if len(given) > 1:
                raise Refused(f"{error}, ask with 'inputs' instead of 'instances'") from None
            rows = next(column_of(name, value) for name, value in given.items())
        return encode({"predictions": rows}, rows=self.rows)


class ColumnRequest(Request):
    """Predict in column form."""

    def write(self, outputs: Dict[str, Any]) -> Reply:
        """Write `outputs`: the value of the only one, or an object of all."""
        given = {name: column_of(name, value) for name, value in results(outputs).items()}
        only = next(iter(given.values())) if len(given) == 1 else given
        return encode({"outputs": only}, rows=self.rows)


class RegressRequest(Request):
    """Regress."""

    def write(self, outputs: Dict[str, Any]) -> Reply:
        """Write `results`: a number for each example."""
        rows = to_instances(_only("regress", results(outputs), ("outputs",)))
        return encode({"results": [_scalar(row) for row in rows]}, rows=self.rows)


class ClassifyRequest(Request):
    """Classify."""

    def write(self, outputs: Dict[str, Any]) -> Reply:
        """Write `results`: for each example the pairs of label and score."""
        given = results(outputs)
        if not set(given) & {_CLASSES, _SCORES}:
            given = {_SCORES: next(iter(_only("classify", given, ()).values()))}
        columns = {name: column_of(name, value) for name, value in given.items()}
        return encode({"results": _pairs(columns)}, rows=self.rows)


def read(call: Call, body: bytes, flavor: Flavor) -> Request:
    """Read a request to `:predict`, `:classify` or `:regress`.

    Args:
        call: What the gateway tells of it.
        body: Its body.
        flavor: That will answer.

    Raises:
        Refused: It is not what the interface says, or does not fit the model.
    """
    asked = fields(body)
    signature = asked.get("signature_name", call.signature)
    if not isinstance(signature, str):
        raise Refused("'signature_name' must be a string")
    aimed = target(flavor, signature)
    if call.verb != PREDICT:
        return _read_examples(call.verb, asked, aimed, signature)
    forms = [key for key in ("instances", "inputs") if key in asked]
    if len(forms) != 1:
        there = "both" if forms else "neither"
        raise Refused(f"the request must have 'instances' or 'inputs', there is {there}")
    if forms == ["instances"]:
        rows = asked["instances"]
        inputs = from_instances(rows, aimed)
        return RowRequest(inputs, signature, rows=len(rows))
    inputs = from_inputs(asked["inputs"], aimed)
    return ColumnRequest(inputs, signature, rows=row_count(list(inputs.values())))


def _read_examples(verb: str, asked: Dict[str, Any], aimed: Target, signature: str) -> Request:
    given, context = asked.get("examples"), asked.get("context", {})
    if not isinstance(given, list) or not given:
        raise Refused("'examples' must be a list of at least one object")
    if not isinstance(context, dict) or any(not isinstance(each, dict) for each in given):
        raise Refused("'context' and each of 'examples' must be an object of features")
    rows: List[Any] = [{**context, **each} for each in given]
    kind = ClassifyRequest if verb == CLASSIFY else RegressRequest
    return kind(_examples(rows, aimed), signature, rows=len(rows))


def _examples(rows: List[Any], aimed: Target) -> Dict[str, Any]:
    """Serialized for a signature that parses them, by feature for one that does not."""
    if not aimed.takes_arrays:
        return from_instances(rows, aimed)
    inputs = aimed.signature.inputs
    parses = len(inputs) == 1 and inputs[0].datatype == BYTES and inputs[0].name in _PARSES
    if not parses:
        return aimed.values(columns_of(rows))
    return aimed.values({inputs[0].name: [to_b64(serialize(row)) for row in rows]})


def _only(verb: str, given: Dict[str, Any], preferred: Any) -> Dict[str, Any]:
    for name in preferred:
        if name in given:
            return {name: given[name]}
    if len(given) != 1:
        raise Refused(f"{verb} needs a signature with one output, there are: {', '.join(given)}")
    return given


def _scalar(row: Any) -> Any:
    while isinstance(row, list) and len(row) == 1:
        row = row[0]
    return row


def _pairs(columns: Dict[str, Any]) -> List[List[List[Any]]]:
    """The pairs of each example: a label without scores has 0, a score without labels its place."""
    classes, scores = columns.get(_CLASSES), columns.get(_SCORES)
    if classes is None:
        classes = [[str(at) for at in range(len(_listed(row)))] for row in scores or []]
    if scores is None:
        scores = [[0.0] * len(_listed(row)) for row in classes]
    return [
        [[str(label), score] for label, score in zip(_listed(labels), _listed(row))]
        for labels, row in zip(classes, scores)
    ]


def _listed(row: Any) -> List[Any]:
    return row if isinstance(row, list) else [row]
